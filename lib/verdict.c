/* SPDX-License-Identifier: BSD-2-Clause */
#include "verdict.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>

static const char *const xdp_names[] = {
	[XDP_ABORTED] = "XDP_ABORTED", [XDP_DROP] = "XDP_DROP",		[XDP_PASS] = "XDP_PASS",
	[XDP_TX] = "XDP_TX",	       [XDP_REDIRECT] = "XDP_REDIRECT",
};

/* From TC_ACT_UNSPEC, which is -1. */
static const char *const tc_names[] = {
	"TC_ACT_UNSPEC", "TC_ACT_OK",	  "TC_ACT_RECLASSIFY", "TC_ACT_SHOT",	  "TC_ACT_PIPE",
	"TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_REPEAT",     "TC_ACT_REDIRECT", "TC_ACT_TRAP",
};

static const char *const cgroup_names[] = { "DROP", "PASS", "DROP, congested", "PASS, congested" };

static const char *in_table(const char *const *names, uint32_t n, uint32_t value)
{
	return value < n ? names[value] : NULL;
}

#define IN_TABLE(names, value) in_table(names, sizeof(names) / sizeof((names)[0]), value)

bool verdict_is_of_packet(uint32_t prog_type)
{
	switch (prog_type) {
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
		return true;
	}
	return false;
}

const char *verdict_name(uint32_t prog_type, uint32_t retval, char buf[VERDICT_NAME_BYTES])
{
	const char *name = NULL;

	switch (prog_type) {
	case BPF_PROG_TYPE_XDP:
		name = IN_TABLE(xdp_names, retval);
		break;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		name = IN_TABLE(tc_names, retval + 1);
		break;
	case BPF_PROG_TYPE_CGROUP_SKB:
		name = IN_TABLE(cgroup_names, retval);
		break;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		if (retval == 0)
			name = "drop";
		else if (retval >= 0xffff)
			name = "keep all";
		else
			snprintf(buf, VERDICT_NAME_BYTES, "keep %u bytes", retval);
		break;
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
		name = retval ? "allowed" : "not allowed";
		break;
	default:
		snprintf(buf, VERDICT_NAME_BYTES, "returned %d", (int)retval);
		return buf;
	}
	if (name)
		snprintf(buf, VERDICT_NAME_BYTES, "%s", name);
	else if (prog_type != BPF_PROG_TYPE_SOCKET_FILTER)
		snprintf(buf, VERDICT_NAME_BYTES, "invalid verdict %d", (int)retval);
	return buf;
}

bool verdict_passes(uint32_t prog_type, uint32_t retval, uint32_t *keep)
{
	*keep = UINT32_MAX;
	switch (prog_type) {
	case BPF_PROG_TYPE_XDP:
		return retval == XDP_PASS;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return (int)retval == TC_ACT_UNSPEC || retval == TC_ACT_OK ||
		       retval == TC_ACT_RECLASSIFY || retval == TC_ACT_PIPE;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		*keep = retval;
		return retval != 0;
	case BPF_PROG_TYPE_CGROUP_SKB:
		return retval & 1;
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
		return retval == BPF_OK;
	}
	return false;
}
