/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of Linux 6.18's bpf(2), whole, at the kernel's names, numbers and layouts.
 *
 * src/ includes this and never <linux/bpf.h>: the distribution's header is older than the kernel we
 * answer for. Every number is tested against <linux/bpf.h> where that has it, and against the
 * running kernel's BTF (tests/tbl). 64-bit little-endian hosts only: a 64-bit field is a plain
 * uint64_t, which is 8-aligned there.
 *
 * Not here: struct perf_event_attr and perf_event_mmap_page (<linux/perf_event.h> has them and may
 * be included), macros that build instructions (isa/). A file that also needs <pcap/pcap.h> defines
 * PCAP_DONT_INCLUDE_PCAP_BPF_H before it: libpcap has a struct bpf_insn of its own.
 */
#pragma once

/* clang-format off */

#include "tbl/uapi_insn.h"
#include "tbl/uapi_types.h"
#include "tbl/uapi_func.h"
#include "tbl/uapi_flags.h"
#include "tbl/uapi_attr.h"
#include "tbl/uapi_info.h"
#include "tbl/uapi_ctx.h"
#include "tbl/uapi_arg.h"
#include "tbl/uapi_btf.h"
