/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors the kernel returns to user space though <errno.h> does not name them (include/linux/errno.h). */
#pragma once

#include <errno.h>

#define ENOTSUPP 524
