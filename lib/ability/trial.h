/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trials: a program attached for real, its event caused, and its run seen, in a forked child that
 * takes everything with it when it ends. The child has a name of its own, by which programs that deny
 * something know whom; a network namespace of its own where the hook is one of the network; and a
 * cgroup of its own where the hook is one of a cgroup. Private to this room.
 */
#pragma once

#include "probe.h"

/* What a trial stands on: flags of a row. */
enum trial_place {
	TRIAL_NETNS = 1u << 0,	/* a network namespace with its loopback up */
	TRIAL_CGROUP = 1u << 1, /* a cgroup this child is in */
};

struct trial {
	int counter;	 /* map whose element 0 counts runs */
	int cgroup;	 /* fd of the directory, -1 without TRIAL_CGROUP */
	uint64_t secret; /* the second half of the child's name */
	char why[ABILITY_WHY_BYTES];
};

/* Runs the row's trial and makes @answer a no, with the reason, where it fails. */
void trial_run(const struct ability_row *row, struct ability_answer *answer);

/* --- for the trials: each 0 or more, or -errno with a sentence in t->why ------------------------- */

int trial_fail(struct trial *t, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The fd of a program that counts and returns @result; @btf_id 0: without a typed target. */
int trial_load(struct trial *t, uint32_t type, uint32_t attach, int btf_id, int result);
/* The same, but that counts and returns -EPERM only in this child, and 0 elsewhere. */
int trial_load_denying(struct trial *t, uint32_t type, uint32_t attach, int btf_id);
/* The fd of a link; the rest of @attr.link_create (where, options) is the caller's. */
int trial_link(struct trial *t, int prog, uint32_t attach, union bpf_attr *attr);
/* 0 when the program has run. */
int trial_ran(struct trial *t);
/* A datagram to itself through loopback. */
void trial_send_datagram(void);
/* Both ends of a TCP connection through loopback, or -errno. */
int trial_connect(int ends[2]);

/* --- the trials --------------------------------------------------------------------------------- */

int trial_raw_tp(struct trial *t, uint32_t unused);
int trial_tracepoint(struct trial *t, uint32_t unused);
int trial_kprobe(struct trial *t, uint32_t unused);
int trial_kprobe_multi(struct trial *t, uint32_t unused);
int trial_uprobe(struct trial *t, uint32_t unused);
int trial_uprobe_multi(struct trial *t, uint32_t unused);
/* By attach type of TRACING. */
int trial_tracing(struct trial *t, uint32_t attach);
int trial_lsm(struct trial *t, uint32_t attach);
int trial_perf(struct trial *t, uint32_t perf_type);
int trial_socket_filter(struct trial *t, uint32_t unused);
int trial_device_link(struct trial *t, uint32_t prog_for);
int trial_tc(struct trial *t, uint32_t unused);
int trial_netfilter(struct trial *t, uint32_t unused);
int trial_sk_lookup(struct trial *t, uint32_t unused);
int trial_sk_msg(struct trial *t, uint32_t unused);
int trial_cgroup(struct trial *t, uint32_t prog_for);
