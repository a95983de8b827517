/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/kernel_target.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "value.h"
#include "vmlinux.h"

#define RET_SUFFIX "+ret"
#define TP_PREFIX  "tp:"
#define NAME_BYTES 128

/* Functions with a tracepoint of another name that has what they do; the same name needs no row. */
static const struct {
	const char *function, *tracepoint;
} stand_ins[] = {
	{ "do_exit", "sched_process_exit" },
	{ "kernel_clone", "sched_process_fork" },
	{ "begin_new_exec", "sched_process_exec" },
	{ "wake_up_new_task", "sched_wakeup_new" },
	{ "try_to_wake_up", "sched_waking" },
	{ "kfree_skb_reason", "kfree_skb" },
	{ "sk_skb_reason_drop", "kfree_skb" },
	{ "tcp_set_state", "inet_sock_set_state" },
	{ "__set_task_comm", "task_rename" },
	{ "__handle_irq_event_percpu", "irq_handler_entry" },
	{ "submit_bio_noacct", "block_bio_queue" },
};

int kernel_targets_open(struct kernel_targets *t, struct error *err)
{
	t->btf = btf__load_vmlinux_btf();
	if (!t->btf)
		return vmlinux_missing("knowing a function's arguments", err);
	return 0;
}

void kernel_targets_close(struct kernel_targets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->functions[i].name);
	free(t->functions);
	btf__free(t->btf);
	*t = (struct kernel_targets){ 0 };
}

/* --- prototypes ------------------------------------------------------------------------------- */

static const struct btf_type *type_of(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, value_strip(btf, id));
}

static bool is_string(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = type_of(btf, id);
	const struct btf_type *to = t && btf_is_ptr(t) ? type_of(btf, t->type) : NULL;

	return to && btf_is_int(to) && to->size == 1 &&
	       strstr(btf__name_by_offset(btf, to->name_off), "char") &&
	       !(btf_int_encoding(to) & BTF_INT_BOOL);
}

/* Words of 8 bytes a parameter takes: a struct may take two. */
static uint32_t words_of(const struct btf *btf, uint32_t type)
{
	__s64 bytes = btf__resolve_size(btf, type);

	return bytes > 8 && bytes <= 16 ? 2 : 1;
}

/* @first: parameters that are not the function's own. */
static void take_prototype(const struct btf *btf, uint32_t proto, uint32_t first,
			   struct kernel_function *f)
{
	const struct btf_type *t = btf__type_by_id(btf, proto);
	const struct btf_param *params = btf_params(t);

	f->proto = proto;
	f->first = first;
	f->has_result = !f->is_tracepoint && t->type != 0;
	f->n_words = f->strings = 0;
	for (uint32_t i = first; i < btf_vlen(t); i++) {
		/* The last of a variadic function has no type. */
		if (!params[i].type)
			break;
		if (f->n_words < KERNEL_STRINGS && is_string(btf, params[i].type))
			f->strings |= 1u << f->n_words;
		f->n_words += words_of(btf, params[i].type);
	}
}

static bool take_function(const struct btf *btf, uint32_t id, struct kernel_function *f)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_type *proto = t ? btf__type_by_id(btf, t->type) : NULL;

	if (!proto || !btf_is_func_proto(proto))
		return false;
	f->btf_id = id;
	take_prototype(btf, t->type, 0, f);
	return true;
}

/*
 * btf_trace_NAME says there is one, but has no names of its parameters; the function behind it has
 * them. The first parameter is not the event's.
 */
static bool take_tracepoint(const struct btf *btf, const char *name, struct kernel_function *f)
{
	static const char *const forms[] = { "__bpf_trace_%s", "__traceiter_%s" };
	char full[NAME_BYTES];
	const struct btf_type *t;
	int id;

	if (snprintf(full, sizeof(full), "btf_trace_%s", name) >= (int)sizeof(full))
		return false;
	id = btf__find_by_name_kind(btf, full, BTF_KIND_TYPEDEF);
	t = id > 0 ? type_of(btf, (uint32_t)id) : NULL;
	if (!t || !btf_is_ptr(t))
		return false;
	id = (int)t->type;
	for (uint32_t i = 0; i < 2; i++) {
		snprintf(full, sizeof(full), forms[i], name);
		if (btf__find_by_name_kind(btf, full, BTF_KIND_FUNC) > 0) {
			id = btf__find_by_name_kind(btf, full, BTF_KIND_FUNC);
			id = (int)btf__type_by_id(btf, (uint32_t)id)->type;
			break;
		}
	}
	t = btf__type_by_id(btf, (uint32_t)id);
	if (!t || !btf_is_func_proto(t))
		return false;
	f->is_tracepoint = true;
	f->btf_id = 0;
	take_prototype(btf, (uint32_t)id, 1, f);
	return true;
}

/* --- operands ----------------------------------------------------------------------------------- */

static int add(struct kernel_targets *t, const struct kernel_function *f, struct error *err)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(t->functions[i].name, f->name) == 0 &&
		    t->functions[i].is_tracepoint == f->is_tracepoint) {
			t->functions[i].returning |= f->returning;
			free(f->name);
			return 0;
		}
	if (t->n == KERNEL_FUNCTIONS_MAX) {
		free(f->name);
		return error_set(err, -E2BIG, "more than %u functions are named: choose fewer",
				 KERNEL_FUNCTIONS_MAX);
	}
	array_grow(t->functions, t->n);
	t->functions[t->n++] = *f;
	return 0;
}

/* Adds all functions (or tracepoints) whose name matches. */
static int add_matching(struct kernel_targets *t, const char *pattern, bool tracepoints,
			bool returning, struct error *err)
{
	const char *prefix = tracepoints ? "btf_trace_" : "";
	uint32_t n = btf__type_cnt(t->btf);
	int rc = 0;

	for (uint32_t id = 1; id < n && !rc; id++) {
		const struct btf_type *type = btf__type_by_id(t->btf, id);
		const char *name = btf__name_by_offset(t->btf, type->name_off);
		struct kernel_function f = { .returning = returning };

		if (!(tracepoints ? btf_is_typedef(type) : btf_is_func(type)) || !name ||
		    strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		name += strlen(prefix);
		if (fnmatch(pattern, name, 0) != 0 ||
		    !(tracepoints ? take_tracepoint(t->btf, name, &f)
				  : take_function(t->btf, id, &f)))
			continue;
		f.name = xstrdup(name);
		f.symbol = f.name;
		rc = add(t, &f, err);
	}
	return rc;
}

static int not_found(const struct kernel_targets *t, const char *name, bool tracepoint,
		     struct error *err)
{
	const char *prefix = tracepoint ? "btf_trace_" : "";
	struct nearest best;

	nearest_begin(&best, name);
	for (uint32_t id = 1; id < btf__type_cnt(t->btf); id++) {
		const struct btf_type *type = btf__type_by_id(t->btf, id);
		const char *other = btf__name_by_offset(t->btf, type->name_off);

		if ((tracepoint ? btf_is_typedef(type) : btf_is_func(type)) && other &&
		    strncmp(other, prefix, strlen(prefix)) == 0)
			nearest_add(&best, other + strlen(prefix));
	}
	return error_set(
		err, -ENOENT,
		"%s '%s' is not among the kernel's types (inlined, of a module, or no such "
		"name)%s%s%s",
		tracepoint ? "tracepoint" : "function", name, best.name ? "; did you mean '" : "",
		best.name ? best.name : "", best.name ? "'?" : "");
}

int kernel_targets_add(struct kernel_targets *t, const char *operand, struct error *err)
{
	bool tracepoint = strncmp(operand, TP_PREFIX, strlen(TP_PREFIX)) == 0, returning;
	const char *name = operand + (tracepoint ? strlen(TP_PREFIX) : 0);
	size_t n = strlen(name), suffix = strlen(RET_SUFFIX);
	uint32_t before = t->n;
	char pattern[NAME_BYTES];
	int rc;

	returning = n > suffix && strcmp(name + n - suffix, RET_SUFFIX) == 0;
	n -= returning ? suffix : 0;
	if (!n || n >= sizeof(pattern))
		return error_set(err, -EINVAL, "'%s' names no function", operand);
	if (tracepoint && returning)
		return error_set(err, -EINVAL, "'%s': a tracepoint returns nothing", operand);
	memcpy(pattern, name, n);
	pattern[n] = '\0';
	rc = add_matching(t, pattern, tracepoint, returning, err);
	for (uint32_t i = 0; !rc && before == t->n && i < t->n; i++)
		if (strcmp(t->functions[i].name, pattern) == 0)
			return 0; /* named twice */
	if (!rc && before == t->n)
		return not_found(t, pattern, tracepoint, err);
	return rc;
}

bool kernel_function_to_tracepoint(struct kernel_targets *t, struct kernel_function *f)
{
	const char *name = f->name;

	if (f->is_tracepoint)
		return true;
	for (uint32_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (strcmp(stand_ins[i].function, f->name) == 0)
			name = stand_ins[i].tracepoint;
	if (f->returning || !take_tracepoint(t->btf, name, f))
		return false;
	f->symbol = name;
	return true;
}

/* --- values --------------------------------------------------------------------------------------- */

static void print_string(const char *text, uint32_t room, struct buffer *out)
{
	uint32_t i;

	buffer_text(out, "\"");
	for (i = 0; i < room && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buffer_format(out, "\\%c", c);
		else if (isprint(c))
			buffer_format(out, "%c", c);
		else
			buffer_format(out, "\\x%02x", c);
	}
	/* The last byte is its NUL, also of a string that was cut. */
	buffer_text(out, i == room - 1 ? "\"..." : "\"");
}

/* A value of some registers, as its type says; only its own bytes count. */
static void print_value(const struct btf *btf, uint32_t type, const __u64 *value, uint32_t words,
			struct buffer *out)
{
	const struct btf_type *t = type_of(btf, type);
	__s64 bytes = t ? btf__resolve_size(btf, type) : -1;

	if (!t || bytes < 0)
		buffer_format(out, "0x%llx", (unsigned long long)*value);
	else if (btf_is_ptr(t))
		buffer_format(out, *value ? "0x%llx" : "NULL", (unsigned long long)*value);
	else if ((uint64_t)bytes > words * sizeof(*value))
		buffer_text(out, "{...}");
	else
		value_text(btf, type, value, (size_t)bytes, out);
}

static void print_argument(const struct kernel_targets *t, const struct kernel_call *call,
			   const struct btf_param *p, uint32_t word, struct buffer *out)
{
	const char *name = btf__name_by_offset(t->btf, p->name_off);

	buffer_format(out, "%s%s", name ? name : "", name && *name ? "=" : "");
	if (word < KERNEL_STRINGS && call->flags >> word & 1)
		print_string(call->strings[word], KERNEL_STRING_BYTES, out);
	else
		print_value(t->btf, p->type, &call->arguments[word], words_of(t->btf, p->type),
			    out);
}

void kernel_call_print(const struct kernel_targets *t, const struct kernel_call *call,
		       struct buffer *out)
{
	const struct kernel_function *f = &t->functions[call->index];
	const struct btf_type *proto = btf__type_by_id(t->btf, f->proto);
	const struct btf_param *params = btf_params(proto);
	uint32_t word = 0;

	buffer_format(out, "%s(", f->symbol);
	for (uint32_t i = f->first; i < btf_vlen(proto); i++) {
		uint32_t words = params[i].type ? words_of(t->btf, params[i].type) : UINT32_MAX;

		buffer_text(out, i > f->first ? ", " : "");
		/* Variadic, or more than is recorded. */
		if (words > t->words_max - word) {
			buffer_text(out, "...");
			break;
		}
		print_argument(t, call, &params[i], word, out);
		word += words;
	}
	buffer_text(out, ")");
}

void kernel_result_print(const struct kernel_targets *t, const struct kernel_call *call,
			 struct buffer *out)
{
	const struct kernel_function *f = &t->functions[call->index];
	const struct btf_type *proto = btf__type_by_id(t->btf, f->proto);

	if (f->has_result && call->flags & KERNEL_HAS_RESULT)
		print_value(t->btf, proto->type, &call->result, 1, out);
}
