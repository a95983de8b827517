/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/macros.h"

typedef int base_not_empty;
