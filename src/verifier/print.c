/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/print.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/disasm.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"

#define LOG_ALIGNMENT 40u
#define LOG_MIN_ALIGNMENT 8u

void verbose(struct verifier_env *env, const char *fmt, ...)
{
	va_list args;

	if (!env->log.level)
		return;
	va_start(args, fmt);
	vlog_vprintf(&env->log, fmt, args);
	va_end(args);
}

int reject(struct verifier_env *env, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog_vprintf(&env->log, fmt, args);
	va_end(args);
	return err;
}

bool verbose2(const struct verifier_env *env)
{
	return env->log.level & BPF_LOG_LEVEL2;
}

static const struct bpf_line_info *find_linfo(const struct verifier_env *env, uint32_t pc)
{
	const struct bpf_line_info *lines = env->btf_info.lines;
	uint32_t l = 0, r = env->btf_info.n_lines;

	if (!r || pc >= env->n_insns)
		return NULL;
	while (r - l > 1) {
		uint32_t m = l + (r - l) / 2;

		if (lines[m].insn_off <= pc)
			l = m;
		else
			r = m;
	}
	return &lines[l];
}

void print_linfo(struct verifier_env *env, uint32_t pc, const char *prefix, ...)
{
	const struct bpf_line_info *prev = env->prev_linfo, *linfo;
	const char *s, *file;
	const struct btf *btf;
	va_list args;

	if (!env->log.level)
		return;
	linfo = find_linfo(env, pc);
	if (!linfo || linfo == prev)
		return;
	if (prev && linfo->file_name_off == prev->file_name_off &&
	    linfo->line_col >> 10 == prev->line_col >> 10)
		return;
	va_start(args, prefix);
	vlog_vprintf(&env->log, prefix, args);
	va_end(args);
	btf = env->prog->btf->btf;
	s = btf_name_by_offset(btf, linfo->line_off);
	for (s = s ? s : ""; isspace((unsigned char)*s);)
		s++;
	verbose(env, "%s", s);
	s = btf_name_by_offset(btf, linfo->file_name_off);
	s = s ? s : "";
	file = strrchr(s, '/');
	verbose(env, " @ %s:%u\n", file ? file + 1 : s, linfo->line_col >> 10);
	env->prev_linfo = linfo;
}

void print_insn(struct verifier_env *env, const struct bpf_insn *insn)
{
	struct strbuf *sb = &env->text;

	if (!env->log.level)
		return;
	strbuf_reset(sb);
	isa_disasm(sb, insn, NULL, env->allow_ptr_leaks);
	env->log.failed |= strbuf_err(sb) != 0;
	verbose(env, "%s\n", strbuf_str(sb));
}

static const char *const type_names[__BPF_REG_TYPE_MAX] = {
	[NOT_INIT] = "?",
	[SCALAR_VALUE] = "scalar",
	[PTR_TO_CTX] = "ctx",
	[CONST_PTR_TO_MAP] = "map_ptr",
	[PTR_TO_MAP_VALUE] = "map_value",
	[PTR_TO_MAP_KEY] = "map_key",
	[PTR_TO_STACK] = "fp",
	[PTR_TO_PACKET_META] = "pkt_meta",
	[PTR_TO_PACKET] = "pkt",
	[PTR_TO_PACKET_END] = "pkt_end",
	[PTR_TO_FLOW_KEYS] = "flow_keys",
	[PTR_TO_SOCKET] = "sock",
	[PTR_TO_SOCK_COMMON] = "sock_common",
	[PTR_TO_TCP_SOCK] = "tcp_sock",
	[PTR_TO_TP_BUFFER] = "tp_buffer",
	[PTR_TO_XDP_SOCK] = "xdp_sock",
	[PTR_TO_BTF_ID] = "ptr_",
	[PTR_TO_MEM] = "mem",
	[PTR_TO_BUF] = "buf",
	[PTR_TO_FUNC] = "func",
	[CONST_PTR_TO_DYNPTR] = "dynptr_ptr",
	[PTR_TO_ARENA] = "arena",
};

const char *reg_type_str(struct verifier_env *env, uint32_t type)
{
	uint32_t base = type_base(type);
	const char *postfix = "";

	if (type & PTR_MAYBE_NULL)
		postfix = base == PTR_TO_BTF_ID ? "or_null_" : "_or_null";
	snprintf(env->type_str, sizeof(env->type_str), "%s%s%s%s%s%s%s%s%s",
		 type & MEM_RDONLY ? "rdonly_" : "", type & MEM_RINGBUF ? "ringbuf_" : "",
		 type & MEM_USER ? "user_" : "", type & MEM_PERCPU ? "percpu_" : "",
		 type & MEM_RCU ? "rcu_" : "", type & PTR_UNTRUSTED ? "untrusted_" : "",
		 type & PTR_TRUSTED ? "trusted_" : "",
		 base < __BPF_REG_TYPE_MAX ? type_names[base] : "?", postfix);
	return env->type_str;
}

static void print_unum(struct verifier_env *env, uint64_t num)
{
	if (num <= UINT16_MAX)
		verbose(env, "%" PRIu64, num);
	else
		verbose(env, "%#" PRIx64, num);
}

static bool snum_is_decimal(int64_t num)
{
	return num >= INT16_MIN && num <= INT16_MAX;
}

static void print_snum(struct verifier_env *env, int64_t num)
{
	if (snum_is_decimal(num))
		verbose(env, "%" PRId64, num);
	else
		verbose(env, "%#" PRIx64, (uint64_t)num);
}

void format_tnum(char *buf, uint32_t bytes, uint64_t value, uint64_t mask)
{
	if (mask)
		snprintf(buf, bytes, "(0x%" PRIx64 "; 0x%" PRIx64 ")", value, mask);
	else if (value <= UINT16_MAX)
		snprintf(buf, bytes, "%" PRIu64, value);
	else
		snprintf(buf, bytes, "%#" PRIx64, value);
}

struct bound {
	const char *name;
	uint64_t val;
	bool omit;
};

static uint64_t s32_shown(int32_t x)
{
	return snum_is_decimal(x) ? (uint64_t)(int64_t)x : (uint32_t)x;
}

/* Equal bounds share one number: "smin=smin32=0". Negative and positive ones are not mixed. */
static void print_scalar_ranges(struct verifier_env *env, const struct scalar *s, const char **sep)
{
	struct bound b[] = {
		{ "smin", s->smin, s->smin == INT64_MIN },
		{ "smax", s->smax, s->smax == INT64_MAX },
		{ "umin", s->umin, s->umin == 0 },
		{ "umax", s->umax, s->umax == UINT64_MAX },
		{ "smin32", s32_shown(s->s32_min), s->s32_min == INT32_MIN },
		{ "smax32", s32_shown(s->s32_max), s->s32_max == INT32_MAX },
		{ "umin32", s->u32_min, s->u32_min == 0 },
		{ "umax32", s->u32_max, s->u32_max == UINT32_MAX },
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(b); i++) {
		bool neg = b[i].name[0] == 's' && (int64_t)b[i].val < 0;

		if (b[i].omit)
			continue;
		verbose(env, "%s%s=", *sep, b[i].name);
		*sep = ",";
		for (j = i + 2; j < ARRAY_SIZE(b); j += 2) {
			bool neg2 = b[j].name[0] == 's' && (int64_t)b[j].val < 0;

			if (b[j].omit || b[j].val != b[i].val || neg2 != neg)
				continue;
			b[j].omit = true;
			verbose(env, "%s=", b[j].name);
		}
		if (b[i].name[0] == 's')
			print_snum(env, b[i].val);
		else
			print_unum(env, b[i].val);
	}
}

static void print_attr(struct verifier_env *env, const char **sep, const char *fmt, ...)
	__printf_like(3, 4);

static void print_attr(struct verifier_env *env, const char **sep, const char *fmt, ...)
{
	va_list args;

	verbose(env, "%s", *sep);
	*sep = ",";
	va_start(args, fmt);
	vlog_vprintf(&env->log, fmt, args);
	va_end(args);
}

static void print_map_attrs(struct verifier_env *env, const struct map *map, const char **sep)
{
	if (map->name[0])
		print_attr(env, sep, "map=%s", map->name);
	print_attr(env, sep, "ks=%u,vs=%u", map->key_size, map->value_size);
}

static void print_reg_ids(struct verifier_env *env, const struct reg_state *reg, const char **sep)
{
	if (reg->id)
		print_attr(env, sep, "id=%d", (int)(reg->id & ~ID_ADD_CONST));
	if (reg->id & ID_ADD_CONST)
		verbose(env, "%+d", reg->off);
	if (reg->ref_obj_id)
		print_attr(env, sep, "ref_obj_id=%d", (int)reg->ref_obj_id);
}

static void print_reg_value(struct verifier_env *env, const struct reg_state *reg, const char **sep)
{
	char tn[64];

	if (scalar_is_const(&reg->s)) {
		if (reg->s.var_off.value) {
			print_attr(env, sep, "imm=");
			print_snum(env, reg->s.var_off.value);
		}
		return;
	}
	print_scalar_ranges(env, &reg->s, sep);
	if (!tnum_is_unknown(reg->s.var_off)) {
		format_tnum(tn, sizeof(tn), reg->s.var_off.value, reg->s.var_off.mask);
		print_attr(env, sep, "var_off=%s", tn);
	}
}

static bool type_is_map(uint32_t base)
{
	return base == CONST_PTR_TO_MAP || base == PTR_TO_MAP_KEY || base == PTR_TO_MAP_VALUE;
}

static void print_reg_attrs(struct verifier_env *env, const struct reg_state *reg)
{
	uint32_t t = reg->type, base = type_base(t);
	const char *sep = "";

	verbose(env, "(");
	print_reg_ids(env, reg, &sep);
	if (type_is_map(base))
		print_map_attrs(env, reg->map, &sep);
	if (t != SCALAR_VALUE && reg->off) {
		print_attr(env, &sep, "off=");
		print_snum(env, reg->off);
	}
	if (base == PTR_TO_PACKET || base == PTR_TO_PACKET_META) {
		print_attr(env, &sep, "r=");
		print_unum(env, (uint64_t)(int64_t)reg->range);
	}
	if (base == PTR_TO_MEM) {
		print_attr(env, &sep, "sz=");
		print_unum(env, reg->mem_size);
	}
	if (t == CONST_PTR_TO_DYNPTR)
		print_attr(env, &sep, "type=%s", dynptr_type_name(reg->dynptr.type));
	print_reg_value(env, reg, &sep);
	verbose(env, ")");
}

static void print_reg(struct verifier_env *env, const struct func_state *func,
		      const struct reg_state *reg)
{
	uint32_t t = reg->type;

	if (t == SCALAR_VALUE && reg->precise)
		verbose(env, "P");
	if (t == SCALAR_VALUE && scalar_is_const(&reg->s)) {
		print_snum(env, reg->s.var_off.value);
		return;
	}
	verbose(env, "%s", reg_type_str(env, t));
	if (t == PTR_TO_STACK) {
		if (func->frameno != reg->frameno)
			verbose(env, "[%u]", reg->frameno);
		if (scalar_is_const(&reg->s)) {
			print_snum(env, (int64_t)reg->s.var_off.value + reg->off);
			return;
		}
	}
	print_reg_attrs(env, reg);
}

/* Once, by its first slot. */
static void print_dynptr(struct verifier_env *env, const struct reg_state *reg, uint32_t i)
{
	const char *sep = "";

	if (!reg->dynptr.first_slot)
		return;
	verbose(env, " fp%d=dynptr_%s(", -(int)(i + 1) * REG_SLOT_BYTES,
		dynptr_type_name(reg->dynptr.type));
	if (reg->id)
		print_attr(env, &sep, "id=%d", (int)reg->id);
	if (reg->ref_obj_id)
		print_attr(env, &sep, "ref_id=%d", (int)reg->ref_obj_id);
	/* what the kernel shows is the mark of the first slot, by another name */
	print_attr(env, &sep, "dynptr_id=1");
	verbose(env, ")");
}

static void print_slot(struct verifier_env *env, const struct func_state *func, uint32_t i)
{
	static const char chars[] = { [STACK_INVALID] = '?', [STACK_SPILL] = 'r',
				      [STACK_MISC] = 'm', [STACK_ZERO] = '0',
				      [STACK_DYNPTR] = 'd' };
	const struct stack_slot *slot = &func->stack[i];
	char types[REG_SLOT_BYTES + 1] = { 0 };
	bool valid = false;
	int j;

	for (j = 0; j < REG_SLOT_BYTES; j++) {
		valid |= slot->type[j] != STACK_INVALID;
		types[j] = chars[slot->type[j]];
	}
	if (!valid)
		return;
	if (slot->type[0] == STACK_DYNPTR) {
		print_dynptr(env, &slot->spilled, i);
		return;
	}
	verbose(env, " fp%d=", -(int)(i + 1) * REG_SLOT_BYTES);
	if (!slot_is_spill(slot)) {
		verbose(env, "%s", types);
		return;
	}
	/* a spill of part of a register: what lies in the bytes beside it */
	for (j = 0; slot->type[j] != STACK_SPILL;)
		j++;
	types[j] = '\0';
	verbose(env, "%s", types);
	print_reg(env, func, &slot->spilled);
}

static void print_refs(struct verifier_env *env, const struct verifier_state *st)
{
	uint32_t i;

	if (!st->ref_cnt || !st->refs[0].id)
		return;
	verbose(env, " refs=%u", st->refs[0].id);
	for (i = 1; i < st->ref_cnt; i++)
		if (st->refs[i].id)
			verbose(env, ",%u", st->refs[i].id);
}

void print_verifier_state(struct verifier_env *env, const struct verifier_state *st,
			  uint32_t frameno, bool all)
{
	const struct func_state *func = st->frame[frameno];
	uint32_t i;

	if (!env->log.level)
		return;
	if (func->frameno)
		verbose(env, " frame%u:", func->frameno);
	for (i = 0; i < MAX_BPF_REG; i++) {
		if (func->regs[i].type == NOT_INIT)
			continue;
		if (!all && !(env->scratched_regs >> i & 1))
			continue;
		verbose(env, " R%u=", i);
		print_reg(env, func, &func->regs[i]);
	}
	for (i = 0; i < func->stack_bytes / REG_SLOT_BYTES; i++)
		if (all || env->scratched_slots >> i & 1)
			print_slot(env, func, i);
	print_refs(env, st);
	if (func->in_callback_fn)
		verbose(env, " cb");
	if (func->in_async_callback_fn)
		verbose(env, " async_cb");
	verbose(env, "\n");
	if (!all) {
		env->scratched_regs = 0;
		env->scratched_slots = 0;
	}
}

static uint32_t log_alignment(uint32_t pos)
{
	uint32_t want = MAX(pos + LOG_MIN_ALIGNMENT / 2, LOG_ALIGNMENT);

	want = (want + LOG_MIN_ALIGNMENT - 1) / LOG_MIN_ALIGNMENT * LOG_MIN_ALIGNMENT;
	return want - pos - 1;
}

void print_insn_state(struct verifier_env *env, const struct verifier_state *st, uint32_t frameno)
{
	if (env->prev_log_pos && env->prev_log_pos == env->log.end_pos) {
		/* go on behind the instruction: take its newline back */
		vlog_reset(&env->log, env->prev_log_pos - 1);
		verbose(env, "%*c;", (int)log_alignment(env->prev_insn_print_pos), ' ');
	} else {
		verbose(env, "%u:", env->insn_idx);
	}
	print_verifier_state(env, st, frameno, false);
}

void scratch_reg(struct verifier_env *env, uint32_t regno)
{
	env->scratched_regs |= 1u << regno;
}

void scratch_slot(struct verifier_env *env, uint32_t spi)
{
	env->scratched_slots |= UINT64_C(1) << spi;
}

void scratch_all(struct verifier_env *env)
{
	env->scratched_regs = UINT32_MAX;
	env->scratched_slots = UINT64_MAX;
}

bool is_scratched(const struct verifier_env *env)
{
	return env->scratched_regs || env->scratched_slots;
}

static void format_mask(char *buf, uint32_t bytes, uint64_t mask, const char *prefix, int scale,
			int bias)
{
	uint32_t at = 0;
	const char *sep = "";

	buf[0] = '\0';
	for (; mask && at < bytes; mask &= mask - 1) {
		int n = snprintf(buf + at, bytes - at, "%s%s%d", sep, prefix,
				 (__builtin_ctzll(mask) + bias) * scale);

		at += n;
		sep = ",";
	}
}

void format_reg_mask(char *buf, uint32_t bytes, uint32_t mask)
{
	format_mask(buf, bytes, mask, "r", 1, 0);
}

void format_stack_mask(char *buf, uint32_t bytes, uint64_t mask)
{
	format_mask(buf, bytes, mask, "", -8, 1);
}
