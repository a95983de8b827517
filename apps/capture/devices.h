/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices packets can be captured on, numbered as tcpdump -D numbers them. */
#pragma once

#include "error.h"

/* Lines of tcpdump -D to standard output, without libpcap's devices that are none of the kernel's. */
int devices_list(struct error *err);
/* The name -D has at the number @text, to be freed; NULL: it is none of a device. */
char *devices_numbered(const char *text);
