/* SPDX-License-Identifier: BSD-2-Clause */
/* Preprocessed by the build, so that list_uapi.py knows which fields the system's headers have. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/btf.h>
#include <linux/pkt_cls.h>
