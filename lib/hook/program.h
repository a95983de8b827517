/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of an object at the hook its section names, on the target the user named: which program
 * goes where. Sections are those libbpf knows and the newer ones of 6.18 (tcx/ingress, uprobe.multi/...,
 * netfilter, cgroup/connect_unix, ...), which libbpf 1.1 does not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "hook/link.h"

struct bpf_object;
struct bpf_program;
struct hook;

enum hook_direction {
	HOOK_DIRECTION_NONE,
	HOOK_INGRESS,
	HOOK_EGRESS
};

struct hook_target {
	struct bpf_object *bpf;
	const char *device; /* NULL: not given */
	const char *cgroup; /* path of a folder of cgroup v2 */
	const char *at;	    /* instead of what the section says behind its first '/' */
	const char *map;    /* of sockets, for sk_skb and sk_msg */
	pid_t pid;	    /* 0: every process */
	uint32_t hz;	    /* of a timer */
	enum hook_direction direction;
	enum hook_xdp_mode xdp;
	bool classic_tc; /* a tc filter, also where the kernel has tcx */
};

/* Gives programs in sections newer than libbpf their types. Before loading. */
void hook_prepare_object(struct bpf_object *bpf);

/* Gives a program the target that the user named, where that is settled at load (tp_btf, fentry, fexit,
 * lsm). Before loading. 0 or -errno with a sentence. */
int hook_retarget_program(struct bpf_program *prog, const struct hook_target *target,
			  struct error *err);

/* After a load that failed: whether this program's target is not in the kernel's BTF, with the nearest
 * name as the sentence. Reads all of that BTF. */
bool hook_target_is_missing(const struct bpf_program *prog, const struct hook_target *target,
			    struct error *err);

/* What is missing to attach the program (an option, a name), as a sentence; NULL: nothing. Before
 * loading, so that a user learns it first. */
int hook_check_program(const struct bpf_program *prog, const struct hook_target *target,
		       struct error *err);

/* Whether hook_target's pid says anything to it. */
bool hook_is_for_processes(const struct bpf_program *prog);

/* 0 or -errno with a sentence. The program is loaded. */
int hook_attach_program(struct bpf_program *prog, const struct hook_target *target,
			struct hook **out, struct error *err);
