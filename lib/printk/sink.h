/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled sink (sink.bpf.c), an ELF object, as tools/embed wrote it into this binary. */
#pragma once

#include <stddef.h>

extern const unsigned char printk_sink[];
extern const size_t printk_sink_bytes;
