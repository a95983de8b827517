/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the probes are made of: bpf(2) by number with 6.18's layouts, programs from text, ids of
 * kernel types, and answers. All of it is private to this room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ability/ability.h"
#include "tbl/uapi.h"

#define PROBE_LOG_BYTES 4096

struct trial;

/* One ability: how it is asked for, and tried. @arg is the probe's own, told apart in its file. */
struct ability_row {
	void (*probe)(struct ability_answer *answer, uint32_t arg);
	uint32_t arg;
	int (*trial)(struct trial *t, uint32_t arg); /* NULL: none; trial.h */
	uint32_t places;			     /* what the trial stands on: trial.h */
	const char *remedy;			     /* when the answer is no and says no other */
};

extern const struct ability_row ability_rows[ABILITY_MAX];

/* A program to load: its text in skep_asm()'s syntax (asm.h), "" for "return 0". */
struct probe_prog {
	uint32_t type;
	uint32_t attach; /* expected_attach_type */
	const char *text;
	uint32_t flags;
	uint32_t btf_id; /* attach_btf_id, of the kernel's types */
	char *log;	 /* PROBE_LOG_BYTES, or NULL */
};

/* bpf(2): what it returns, or -errno. */
int probe_bpf(int cmd, union bpf_attr *attr);
/* A program's fd, or -errno. */
int probe_load(const struct probe_prog *prog);
/* A map's fd, or -errno. */
int probe_map(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t entries);
/* Whether @fd is one; closes it. */
bool probe_close(int fd);

/* Id of the kernel's type of this name and kind (BTF_KIND_*), or -ENOENT, or why not. */
int probe_btf_id(const char *name, uint32_t kind);
/* Bytes of the kernel's struct of this name, or -errno. */
int probe_btf_bytes(const char *name);
/* Index of a struct's member, or -ENOENT. */
int probe_btf_member(const char *name, const char *member);

/* The answer, with a sentence. */
void answer_yes(struct ability_answer *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* @err is -errno, or 0 where none said no. */
void answer_no(struct ability_answer *a, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* No, unless @rc is a descriptor (which is closed): "@what: Operation not permitted". */
void answer_fd(struct ability_answer *a, int rc, const char *what);
