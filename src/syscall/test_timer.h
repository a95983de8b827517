/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of timers: maps whose values hold a struct bpf_timer, and programs in assembler on them, on
 * both sides of test_twin.h.
 *
 * In a text M0 … stand for maps: M0 array, M1 hash, M2 LRU hash of 4 struct value { int pad; struct bpf_timer
 * timer (at 8); int n (at 24); }, M3 the same array without BTF, M4 an array of 8 u64 without special
 * fields but with BTF, M5 array of maps like M1, which is at 0 and, another one, at 1. A function begins
 * where a subprog[] load or a call refers to.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "syscall/test_text.h"
#include "syscall/test_twin.h"

#define TIMER_MAPS 6
#define TIMER_ENTRIES 4
#define TIMER_VALUE_BYTES 32
#define TIMER_FUNCS_MAX 8

#define TYPE_INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
#define BTF_WORDS 59
#define BTF_STRING_BYTES 80

enum {
	TYPE_INT = 1,
	TYPE_PROTO,
	TYPE_FUNC, /* linkage static, as callbacks must be */
	TYPE_TIMER,
	TYPE_VALUE,
	TYPE_U64,
	TYPE_TWO, /* of them: no record */
	TYPE_ODD, /* at 4: not aligned, no record */
	TYPE_LOCK,
	TYPE_LOCKED, /* like TYPE_VALUE, with a lock for pad */
};

static const struct {
	struct btf_header header;
	uint32_t types[BTF_WORDS];
	char strings[BTF_STRING_BYTES];
} timer_btf = {
	.header = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(struct btf_header),
		    .type_len = BTF_WORDS * 4, .str_off = BTF_WORDS * 4, .str_len = BTF_STRING_BYTES },
	/* clang-format off */
	.types = { 1, TYPE_INFO(BTF_KIND_INT, 0), 4, 0x01000020,
		   0, TYPE_INFO(BTF_KIND_FUNC_PROTO, 0), TYPE_INT,
		   5, TYPE_INFO(BTF_KIND_FUNC, 0), TYPE_PROTO,
		   10, TYPE_INFO(BTF_KIND_STRUCT, 0), 16,
		   20, TYPE_INFO(BTF_KIND_STRUCT, 3), TIMER_VALUE_BYTES,
		   26, TYPE_INT, 0,  30, TYPE_TIMER, 64,  36, TYPE_INT, 192,
		   38, TYPE_INFO(BTF_KIND_INT, 0), 8, 0x00000040,
		   42, TYPE_INFO(BTF_KIND_STRUCT, 2), TIMER_VALUE_BYTES,
		   26, TYPE_TIMER, 0,  30, TYPE_TIMER, 128,
		   46, TYPE_INFO(BTF_KIND_STRUCT, 1), TIMER_VALUE_BYTES,
		   30, TYPE_TIMER, 32,
		   50, TYPE_INFO(BTF_KIND_STRUCT, 0), 4,
		   64, TYPE_INFO(BTF_KIND_STRUCT, 3), TIMER_VALUE_BYTES,
		   26, TYPE_LOCK, 0,  30, TYPE_TIMER, 64,  36, TYPE_INT, 192 },
	/* clang-format on */
	.strings = "\0int\0func\0bpf_timer\0value\0pad\0timer\0n\0u64\0two\0odd\0bpf_spin_lock\0locked",
};

static int timer_maps[SIDES][TIMER_MAPS];

static inline int timer_load_btf(enum side side)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&timer_btf;
	attr.btf_size = sizeof(timer_btf);
	return twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
}

/* A map of @entries values of BTF type @value; 0: no BTF. Its fd or -errno. */
static inline int timer_map(enum side side, uint32_t type, uint32_t value, uint32_t bytes,
			    uint32_t entries, uint32_t flags)
{
	int btf = value ? timer_load_btf(side) : -1, fd;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = bytes;
	attr.max_entries = entries;
	attr.map_flags = flags;
	if (value) {
		attr.btf_fd = (uint32_t)btf;
		attr.btf_key_type_id = TYPE_INT;
		attr.btf_value_type_id = value;
	}
	fd = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (btf >= 0)
		close(btf);
	return fd;
}

static inline int timer_update(enum side side, int fd, uint32_t key, const void *value,
			       uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return twin_bpf(side, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static inline int timer_array_of_maps(enum side side, int inner)
{
	union bpf_attr attr;
	int fd, other;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 2;
	attr.inner_map_fd = (uint32_t)inner;
	fd = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	other = timer_map(side, BPF_MAP_TYPE_HASH, TYPE_VALUE, TIMER_VALUE_BYTES, TIMER_ENTRIES, 0);
	assert_int_equal(timer_update(side, fd, 0, &inner, 0), 0);
	assert_int_equal(timer_update(side, fd, 1, &other, 0), 0);
	close(other);
	return fd;
}

static inline void timer_maps_make(enum side side)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
					  BPF_MAP_TYPE_LRU_HASH };
	int *maps = timer_maps[side];

	for (uint32_t i = 0; i < ARRAY_SIZE(types); i++)
		maps[i] = timer_map(side, types[i], TYPE_VALUE, TIMER_VALUE_BYTES, TIMER_ENTRIES, 0);
	maps[3] = timer_map(side, BPF_MAP_TYPE_ARRAY, 0, TIMER_VALUE_BYTES, TIMER_ENTRIES, 0);
	maps[4] = timer_map(side, BPF_MAP_TYPE_ARRAY, TYPE_U64, 8, 8, 0);
	maps[5] = timer_array_of_maps(side, maps[1]);
	for (uint32_t i = 0; i < TIMER_MAPS; i++)
		assert_true(maps[i] >= 0);
}

static inline void timer_maps_close(enum side side)
{
	for (uint32_t i = 0; i < TIMER_MAPS; i++)
		close(timer_maps[side][i]);
}

/* Replaces Mn by map[fd:N]. */
static inline char *timer_text(enum side side, const char *text)
{
	char *out = malloc(strlen(text) * 8 + 1), *to = out;

	while (*text) {
		if (text[0] == 'M' && text[1] >= '0' && text[1] < '0' + TIMER_MAPS) {
			to += sprintf(to, "map[fd:%d]", timer_maps[side][text[1] - '0']);
			text += 2;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return out;
}

/* Where functions start, ascending; how many. */
static inline uint32_t timer_funcs(const struct bpf_insn *insns, size_t n,
				   struct bpf_func_info funcs[TIMER_FUNCS_MAX])
{
	uint32_t n_funcs = 0;

	for (uint32_t at = 0; at < n; at++) {
		bool starts = at == 0;

		for (uint32_t pc = 0; pc < n; pc++)
			starts |= ((insns[pc].code == (BPF_LD | BPF_IMM | BPF_DW) &&
				    insns[pc].src_reg == BPF_PSEUDO_FUNC) ||
				   (insns[pc].code == (BPF_JMP | BPF_CALL) &&
				    insns[pc].src_reg == BPF_PSEUDO_CALL)) &&
				  pc + 1 + (uint32_t)insns[pc].imm == at;
		if (!starts)
			continue;
		assert_true(n_funcs < TIMER_FUNCS_MAX);
		funcs[n_funcs++] = (struct bpf_func_info){ at, TYPE_FUNC };
	}
	return n_funcs;
}

/* Parts of programs: with the value in r6, r1 = its timer; and what is done with that. */
#define TIMER                                                                                      \
	"r1 = r6\n"                                                                                \
	"r1 += 8\n"
#define SET(cb) TIMER "r2 = subprog[" cb "]\ncall bpf_timer_set_callback\n"
#define CANCEL TIMER "call bpf_timer_cancel\n"
#define ZERO "r0 = 0\nexit\n"

struct timer_prog {
	const char *name;
	const char *text;
	uint32_t type;  /* 0: SCHED_CLS */
	uint32_t flags; /* BPF_F_* of PROG_LOAD */
	const char *license; /* NULL: GPL */
	bool own_log; /* not the kernel's, for a reason in docs/differences.md: callbacks of loops */
};

/* Loads it: fd or -errno, with the level 2 log. */
static inline int timer_load(enum side side, const struct timer_prog *p, char *log,
			     uint32_t log_bytes)
{
	struct bpf_func_info funcs[TIMER_FUNCS_MAX];
	char *text = timer_text(side, p->text);
	union bpf_attr attr;
	int fd;

	text_attr(&attr, p->type ? p->type : BPF_PROG_TYPE_SCHED_CLS, text, log, log_bytes);
	attr.prog_flags = p->flags;
	if (p->license)
		attr.license = (uintptr_t)p->license;
	attr.log_level = log ? 2 : 0;
	attr.prog_btf_fd = (uint32_t)timer_load_btf(side);
	attr.func_info = (uintptr_t)funcs;
	attr.func_info_cnt = timer_funcs(text_attr_insns(&attr), attr.insn_cnt, funcs);
	attr.func_info_rec_size = sizeof(funcs[0]);
	fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	close((int)attr.prog_btf_fd);
	text_attr_free(&attr);
	free(text);
	return fd;
}

/* One run of a program on a packet: 0 with what it returned in *@ret, or -errno. */
static inline int timer_run(enum side side, int fd, uint32_t *ret)
{
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	err = twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	*ret = attr.test.retval;
	return err;
}
