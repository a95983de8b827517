/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper_proto objects there are: one per done row of tbl/helpers.h, the variants that some
 * program types get instead, and the calls that only rewriting emits. Defined in helpers/; named
 * here so that progs/, which hands them out, need not include that room.
 */
#pragma once

#include "object/helper.h"

#define HELPER_PROTO_done(name) extern const struct helper_proto helper_proto_##name;
#define HELPER_PROTO_refused(name)
#define HELPER_PROTO_later(name)
#define HELPER(id, name, status, note) HELPER_PROTO_##status(name)
#include "tbl/helpers.h"
#undef HELPER_PROTO_done
#undef HELPER_PROTO_refused
#undef HELPER_PROTO_later

/* Variants: the same id, other arguments or another context. */
extern const struct helper_proto helper_proto_get_cgroup_classid_skb;
extern const struct helper_proto helper_proto_perf_event_output_skb;
extern const struct helper_proto helper_proto_perf_event_output_xdp;
extern const struct helper_proto helper_proto_get_stackid_pe;
extern const struct helper_proto helper_proto_redirect_xdp;
extern const struct helper_proto helper_proto_check_mtu_xdp;

/*
 * Calls that gen_ld_abs() emits: R1 skb, R2 offset -> the bytes in host order, or -EFAULT. Programs
 * cannot name them (the verifier takes ids below __BPF_FUNC_MAX_ID only); get_func_proto() of the
 * types that have LD_ABS resolves them.
 */
enum {
	HELPER_SKB_LOAD_8 = 0x10000,
	HELPER_SKB_LOAD_16,
	HELPER_SKB_LOAD_32,
};
extern const struct helper_proto helper_proto_internal_skb_load_8;
extern const struct helper_proto helper_proto_internal_skb_load_16;
extern const struct helper_proto helper_proto_internal_skb_load_32;
