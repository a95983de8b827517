/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcpdump's expressions (pcap-filter(7), compiled by libpcap) and the terms it has not: `pid N`,
 * `comm NAME`, `container NAME`, `pod NAME` and `cgroup PATH`, which are anded with it: "pid 1234 and
 * tcp port 443", "not comm sshd and port 22". A term may be negated; it may not stand beneath `or`
 * or in parentheses, since the packet is judged first and its owner after.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct bpf_insn;

enum owner_kind {
	OWNER_PID,
	OWNER_COMM,
	OWNER_CONTAINER,
	OWNER_POD,
	OWNER_CGROUP
};

enum {
	OWNER_TERMS_MAX = 16
};

struct owner_term {
	enum owner_kind kind;
	bool negated;
	char *text;
	uint32_t pid; /* OWNER_PID */
};

struct expression {
	char *packet; /* what libpcap gets; "": every packet */
	struct owner_term owner[OWNER_TERMS_MAX];
	uint32_t n_owner;
};

/* Takes the words apart. 0, or -EINVAL with a sentence. */
int expression_parse(const char *text, struct expression *e, struct error *err);
void expression_deinit(struct expression *e);

struct sock_filter;

/* What libpcap makes of the packet part: classic BPF, the caller's to free(). */
struct classic {
	struct sock_filter *insns;
	uint32_t n;
};

struct classic_setup {
	int link_type; /* DLT_* */
	uint32_t snap;
	bool unoptimized; /* -O */
	uint32_t netmask; /* of the network, for `ip broadcast`; UINT32_MAX: unknown */
};

/* 0, or -EINVAL with libpcap's sentence. */
int expression_compile(const char *packet, const struct classic_setup *setup,
		       struct classic *classic, struct error *err);
