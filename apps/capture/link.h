/* SPDX-License-Identifier: BSD-2-Clause */
/* libpcap's link types (DLT_*) that lines can be printed of. */
#pragma once

#include "capture/line.h"

/* 0, or -ENOTSUP. */
int link_of_type(int link_type, enum line_link *link);
/* The number it has in a file, where raw IP has another than in this process. */
uint16_t link_of_file(int link_type);
