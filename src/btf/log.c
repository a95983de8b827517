/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of BTF validation: one line per type, member and variable as it is checked, and the
 * sentence that rejects. The text is interface (kernel/bpf/btf.c); loaders print it.
 *
 * The kernel cuts each single message at 1023 bytes; that is the sink's business.
 */
#include <stdio.h>

#include "btf/env.h"

static const char *const kind_names[NR_BTF_KINDS] = {
	[BTF_KIND_UNKN] = "UNKNOWN",	  [BTF_KIND_INT] = "INT",
	[BTF_KIND_PTR] = "PTR",		  [BTF_KIND_ARRAY] = "ARRAY",
	[BTF_KIND_STRUCT] = "STRUCT",	  [BTF_KIND_UNION] = "UNION",
	[BTF_KIND_ENUM] = "ENUM",	  [BTF_KIND_FWD] = "FWD",
	[BTF_KIND_TYPEDEF] = "TYPEDEF",	  [BTF_KIND_VOLATILE] = "VOLATILE",
	[BTF_KIND_CONST] = "CONST",	  [BTF_KIND_RESTRICT] = "RESTRICT",
	[BTF_KIND_FUNC] = "FUNC",	  [BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	[BTF_KIND_VAR] = "VAR",		  [BTF_KIND_DATASEC] = "DATASEC",
	[BTF_KIND_FLOAT] = "FLOAT",	  [BTF_KIND_DECL_TAG] = "DECL_TAG",
	[BTF_KIND_TYPE_TAG] = "TYPE_TAG", [BTF_KIND_ENUM64] = "ENUM64",
};

const char *btf_kind_str(const struct btf_type *t)
{
	return btf_kind(t) < NR_BTF_KINDS ? kind_names[btf_kind(t)] : "UNKNOWN";
}

bool btf_log_on(const struct btf_env *env)
{
	return env->log && env->log->level && env->log->vlog;
}

static void vsay(struct btf_env *env, const char *fmt, va_list args)
{
	if (btf_log_on(env))
		env->log->vlog(env->log->cookie, fmt, args);
}

void btf_say(struct btf_env *env, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(env, fmt, args);
	va_end(args);
}

int btf_reject(struct btf_env *env, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(env, fmt, args);
	va_end(args);
	return err;
}

/* The sentence after a dump line, if any, and the end of the line. */
static void vsay_tail(struct btf_env *env, const char *fmt, va_list args)
{
	if (fmt && *fmt) {
		btf_say(env, " ");
		vsay(env, fmt, args);
	}
	btf_say(env, "\n");
}

static const char *encoding_str(uint32_t encoding)
{
	switch (encoding) {
	case 0:
		return "(none)";
	case BTF_INT_SIGNED:
		return "SIGNED";
	case BTF_INT_CHAR:
		return "CHAR";
	case BTF_INT_BOOL:
		return "BOOL";
	default:
		return "UNKN";
	}
}

static void say_int(struct btf_env *env, const struct btf_type *t)
{
	uint32_t v = btf_int_data(t);

	btf_say(env, "size=%u bits_offset=%u nr_bits=%u encoding=%s", t->size, BTF_INT_OFFSET(v),
		BTF_INT_BITS(v), encoding_str(BTF_INT_ENCODING(v)));
}

static void say_param(struct btf_env *env, const struct btf_param *p, const char *sep)
{
	btf_say(env, "%s%u %s", sep, p->type, btf_name_or_anon(env->btf, p->name_off));
}

static void say_proto(struct btf_env *env, const struct btf_type *t)
{
	const struct btf_param *args = btf_params(t);
	uint32_t i, n = btf_vlen(t);

	btf_say(env, "return=%u args=(", t->type);
	if (n == 0)
		btf_say(env, "void");
	else if (n == 1 && !args[0].type)
		btf_say(env, "vararg");
	else
		say_param(env, &args[0], "");
	for (i = 1; i < n; i++) {
		if (i == n - 1 && !args[i].type)
			btf_say(env, ", vararg");
		else
			say_param(env, &args[i], ", ");
	}
	btf_say(env, ")");
}

/* What is particular to t's kind; the record and what follows it are in bounds. */
static void say_details(struct btf_env *env, const struct btf_type *t)
{
	switch ((int)btf_kind(t)) {
	case BTF_KIND_INT:
		say_int(env, t);
		break;
	case BTF_KIND_ARRAY:
		btf_say(env, "type_id=%u index_type_id=%u nr_elems=%u", btf_array(t)->type,
			btf_array(t)->index_type, btf_array(t)->nelems);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_DATASEC:
		btf_say(env, "size=%u vlen=%u", t->size, btf_vlen(t));
		break;
	case BTF_KIND_FWD:
		btf_say(env, "%s", btf_kflag(t) ? "union" : "struct");
		break;
	case BTF_KIND_FUNC_PROTO:
		say_proto(env, t);
		break;
	case BTF_KIND_VAR:
		btf_say(env, "type_id=%u linkage=%u", t->type, btf_var(t)->linkage);
		break;
	case BTF_KIND_FLOAT:
		btf_say(env, "size=%u", t->size);
		break;
	case BTF_KIND_DECL_TAG:
		btf_say(env, "type=%u component_idx=%d", t->type, btf_component_idx(t));
		break;
	default:
		btf_say(env, "type_id=%u", t->type);
		break;
	}
}

static void say_type(struct btf_env *env, const struct btf_type *t, bool details)
{
	btf_say(env, "[%u] %s %s%s", env->log_type_id, btf_kind_str(t),
		btf_name_or_anon(env->btf, t->name_off), details ? " " : "");
	if (details)
		say_details(env, t);
}

void btf_dump_type(struct btf_env *env, const struct btf_type *t)
{
	if (!btf_log_on(env))
		return;
	say_type(env, t, true);
	btf_say(env, "\n");
}

int btf_reject_type(struct btf_env *env, const struct btf_type *t, int err, const char *fmt, ...)
{
	va_list args;

	if (!btf_log_on(env))
		return err;
	say_type(env, t, true);
	va_start(args, fmt);
	vsay_tail(env, fmt, args);
	va_end(args);
	return err;
}

int btf_reject_basic(struct btf_env *env, const struct btf_type *t, int err, const char *fmt, ...)
{
	va_list args;

	if (!btf_log_on(env))
		return err;
	say_type(env, t, false);
	va_start(args, fmt);
	vsay_tail(env, fmt, args);
	va_end(args);
	return err;
}

static void say_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m)
{
	const char *name = btf_name_or_anon(env->btf, m->name_off);

	if (env->phase != BTF_CHECK_META)
		btf_dump_type(env, s);
	if (btf_kflag(s))
		btf_say(env, "\t%s type_id=%u bitfield_size=%u bits_offset=%u", name, m->type,
			btf_member_bitfield_size(s, m), btf_member_bit_offset(s, m));
	else
		btf_say(env, "\t%s type_id=%u bits_offset=%u", name, m->type, m->offset);
}

void btf_dump_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m)
{
	if (!btf_log_on(env))
		return;
	say_member(env, s, m);
	btf_say(env, "\n");
}

int btf_reject_member(struct btf_env *env, const struct btf_type *s, const struct btf_member *m,
		      int err, const char *fmt, ...)
{
	va_list args;

	if (!btf_log_on(env))
		return err;
	say_member(env, s, m);
	va_start(args, fmt);
	vsay_tail(env, fmt, args);
	va_end(args);
	return err;
}

static void say_vsi(struct btf_env *env, const struct btf_type *sec,
		    const struct btf_var_secinfo *vsi)
{
	if (env->phase != BTF_CHECK_META)
		btf_dump_type(env, sec);
	btf_say(env, "\t type_id=%u offset=%u size=%u", vsi->type, vsi->offset, vsi->size);
}

void btf_dump_vsi(struct btf_env *env, const struct btf_type *sec,
		  const struct btf_var_secinfo *vsi)
{
	if (!btf_log_on(env))
		return;
	say_vsi(env, sec, vsi);
	btf_say(env, "\n");
}

int btf_reject_vsi(struct btf_env *env, const struct btf_type *sec,
		   const struct btf_var_secinfo *vsi, int err, const char *fmt, ...)
{
	va_list args;

	if (!btf_log_on(env))
		return err;
	say_vsi(env, sec, vsi);
	va_start(args, fmt);
	vsay_tail(env, fmt, args);
	va_end(args);
	return err;
}
