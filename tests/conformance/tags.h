/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct tags: what a test of Linux's selftests says of itself in BTF declaration tags on its function:
 * "comment:test_expect_failure" and so on (the names are those of its bpf_misc.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct btf;

enum { TAGS_MESSAGES_MAX = 64 };

struct tags {
	bool expect_failure;
	bool auxiliary;   /* not a test: loaded with each other program of its file */
	bool execute;     /* a result is expected of a run */
	bool returns_pointer; /* the result differs from machine to machine */
	bool other_arch;  /* not for x86-64 */
	bool unpriv_only; /* only meant to be loaded without capabilities */
	uint32_t flags, log_level;
	char *messages[TAGS_MESSAGES_MAX]; /* parts of the log, in order; {{…}} is a regular expression */
	uint32_t n_messages;
};

/* btf is libbpf's, of the object. */
void tags_read(const struct btf *btf, const char *func, struct tags *tags);
void tags_free(struct tags *tags);

/* log holds the messages in their order. */
bool tags_messages_found(const struct tags *tags, const char *log);
