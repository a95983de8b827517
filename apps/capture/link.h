/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's link types (DLT_*) that lines can be printed of. */
#pragma once

#include "capture/line.h"

/* 0, or -ENOTSUP. */
int link_of_type(int link_type, enum line_link *link);
