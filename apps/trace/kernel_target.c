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
	kernel_modules_free(&t->modules);
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

	f->btf = btf;
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
		    t->functions[i].module == f->module &&
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

/* What one operand asks for. */
struct wanted {
	char module[KERNEL_MODULE_BYTES]; /* "": the kernel, else any */
	char pattern[NAME_BYTES];
	bool tracepoints, returning;
};

static const char *prefix_of(const struct wanted *w)
{
	return w->tracepoints ? "btf_trace_" : "";
}

/* The name of a function (or tracepoint) this type is of, NULL when it is of none. */
static const char *name_of(const struct btf *btf, uint32_t id, const struct wanted *w)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name = btf__name_by_offset(btf, type->name_off), *prefix = prefix_of(w);

	if (!(w->tracepoints ? btf_is_typedef(type) : btf_is_func(type)) || !name ||
	    strncmp(name, prefix, strlen(prefix)) != 0)
		return NULL;
	return name + strlen(prefix);
}

/* Adds all whose name matches, of the kernel (@module NULL) or of one of its modules. */
static int add_matching(struct kernel_targets *t, struct kernel_module *module,
			const struct wanted *w, struct error *err)
{
	const struct btf *btf = module ? module->btf : t->btf;
	uint32_t first = module ? btf__type_cnt(t->btf) : 1, n = btf__type_cnt(btf);
	int rc = 0;

	for (uint32_t id = first; id < n && !rc; id++) {
		struct kernel_function f = { .returning = w->returning, .module = module };
		const char *name = name_of(btf, id, w);

		if (!name || fnmatch(w->pattern, name, 0) != 0 ||
		    !(w->tracepoints ? take_tracepoint(btf, name, &f)
				     : take_function(btf, id, &f)))
			continue;
		f.name = xstrdup(name);
		f.symbol = f.name;
		rc = add(t, &f, err);
	}
	return rc;
}

static int add_of_modules(struct kernel_targets *t, const struct wanted *w, struct error *err)
{
	int rc = 0;

	kernel_modules_read(&t->modules, t->btf);
	for (uint32_t i = 0; i < t->modules.n && !rc; i++)
		if (!*w->module || strcmp(w->module, t->modules.all[i].name) == 0)
			rc = add_matching(t, &t->modules.all[i], w, err);
	return rc;
}

static int module_not_found(const struct kernel_targets *t, const struct wanted *w,
			    struct error *err)
{
	for (uint32_t i = 0; i < t->modules.n; i++)
		if (strcmp(t->modules.all[i].name, w->module) == 0)
			return error_set(err, -ENOENT,
					 "'%s' is not among the types of module %s (inlined, or no "
					 "such name)",
					 w->pattern, w->module);
	return error_set(err, -ENOENT,
			 "'%s:%s': the kernel has no types of a module '%s': it is not loaded, or "
			 "was built without (CONFIG_DEBUG_INFO_BTF_MODULES)",
			 w->module, w->pattern, w->module);
}

static int not_found(const struct kernel_targets *t, const struct wanted *w, struct error *err)
{
	char module[KERNEL_MODULE_BYTES];
	struct kernel_function tracepoint = { 0 };
	struct nearest best;

	if (*w->module)
		return module_not_found(t, w, err);
	if (!w->tracepoints && take_tracepoint(t->btf, w->pattern, &tracepoint))
		return error_set(err, -ENOENT,
				 "'%s' is no function among the kernel's types, but a tracepoint: "
				 "tp:%s",
				 w->pattern, w->pattern);
	if (!w->tracepoints && kernel_module_of(w->pattern, module))
		return error_set(err, -ENOENT,
				 "function '%s' is of module %s, which was built without types "
				 "(CONFIG_DEBUG_INFO_BTF_MODULES)",
				 w->pattern, module);
	nearest_begin(&best, w->pattern);
	for (uint32_t id = 1; id < btf__type_cnt(t->btf); id++) {
		const char *other = name_of(t->btf, id, w);

		if (other)
			nearest_add(&best, other);
	}
	return error_set(err, -ENOENT,
			 "%s '%s' is not among the kernel's types (inlined, or no such name)%s%s%s",
			 w->tracepoints ? "tracepoint" : "function", w->pattern,
			 best.name ? "; did you mean '" : "", best.name ? best.name : "",
			 best.name ? "'?" : "");
}

/* "[tp:][MODULE:]NAME[+ret]" */
static int parse(const char *operand, struct wanted *w, struct error *err)
{
	const char *name = operand, *colon;
	size_t n, suffix = strlen(RET_SUFFIX);

	*w = (struct wanted){ .tracepoints = strncmp(name, TP_PREFIX, strlen(TP_PREFIX)) == 0 };
	name += w->tracepoints ? strlen(TP_PREFIX) : 0;
	colon = strchr(name, ':');
	if (colon && ((size_t)(colon - name) >= sizeof(w->module) || colon == name))
		return error_set(err, -EINVAL, "'%s' names no function", operand);
	if (colon) {
		memcpy(w->module, name, (size_t)(colon - name));
		name = colon + 1;
	}
	n = strlen(name);
	w->returning = n > suffix && strcmp(name + n - suffix, RET_SUFFIX) == 0;
	n -= w->returning ? suffix : 0;
	if (!n || n >= sizeof(w->pattern))
		return error_set(err, -EINVAL, "'%s' names no function", operand);
	if (w->tracepoints && w->returning)
		return error_set(err, -EINVAL, "'%s': a tracepoint returns nothing", operand);
	memcpy(w->pattern, name, n);
	return 0;
}

int kernel_targets_add(struct kernel_targets *t, const char *operand, struct error *err)
{
	uint32_t before = t->n;
	struct wanted w;
	int rc = parse(operand, &w, err);

	if (!rc && !*w.module)
		rc = add_matching(t, NULL, &w, err);
	for (uint32_t i = 0; !rc && before == t->n && i < t->n; i++)
		if (strcmp(t->functions[i].name, w.pattern) == 0)
			return 0; /* named twice */
	if (!rc && before == t->n)
		rc = add_of_modules(t, &w, err);
	if (!rc && before == t->n)
		return not_found(t, &w, err);
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
	if (f->returning || !take_tracepoint(f->btf, name, f))
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

static void print_argument(const struct btf *btf, const struct kernel_call *call,
			   const struct btf_param *p, uint32_t word, struct buffer *out)
{
	const char *name = btf__name_by_offset(btf, p->name_off);

	buffer_format(out, "%s%s", name ? name : "", name && *name ? "=" : "");
	if (word < KERNEL_STRINGS && call->flags >> word & 1)
		print_string(call->strings[word], KERNEL_STRING_BYTES, out);
	else
		print_value(btf, p->type, &call->arguments[word], words_of(btf, p->type), out);
}

void kernel_call_print(const struct kernel_targets *t, const struct kernel_call *call,
		       struct buffer *out)
{
	const struct kernel_function *f = &t->functions[call->index];
	const struct btf_type *proto = btf__type_by_id(f->btf, f->proto);
	const struct btf_param *params = btf_params(proto);
	uint32_t word = 0;

	buffer_format(out, "%s(", f->symbol);
	for (uint32_t i = f->first; i < btf_vlen(proto); i++) {
		uint32_t words = params[i].type ? words_of(f->btf, params[i].type) : UINT32_MAX;

		buffer_text(out, i > f->first ? ", " : "");
		/* Variadic, or more than is recorded. */
		if (words > t->words_max - word) {
			buffer_text(out, "...");
			break;
		}
		print_argument(f->btf, call, &params[i], word, out);
		word += words;
	}
	buffer_text(out, ")");
}

void kernel_result_print(const struct kernel_targets *t, const struct kernel_call *call,
			 struct buffer *out)
{
	const struct kernel_function *f = &t->functions[call->index];
	const struct btf_type *proto = btf__type_by_id(f->btf, f->proto);

	if (f->has_result && call->flags & KERNEL_HAS_RESULT)
		print_value(f->btf, proto->type, &call->result, 1, out);
}
