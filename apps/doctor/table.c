/* SPDX-License-Identifier: BSD-2-Clause */
/* The doctor's report for people. */
#include "table.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "tools.h"

#define INDENT	   "  "
#define LIST_WIDTH 96

static const char *yes_or_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void put_head(const struct doctor *d, struct buffer *out)
{
	struct utsname name;

	if (d->user_engine) {
		buffer_text(out, "skep's own engine, in this process\n");
		return;
	}
	if (!uname(&name))
		buffer_format(out, "%s %s %s, user %u\n", name.sysname, name.release, name.machine,
			      (unsigned)geteuid());
	if (!ability_has(ABILITY_BPF_SYSCALL) && ability_ask(ABILITY_BPF_SYSCALL)->err == -EPERM)
		buffer_text(out,
			    "This user may not use bpf(2): what follows is what is refused to it, "
			    "which may be less than the kernel has.\n");
}

/* --- abilities ---------------------------------------------------------------------------------- */

static void put_answer(const struct doctor *d, struct table *t, enum ability a)
{
	const struct ability_answer *answer = doctor_ask(d, a);
	bool ran = answer->has && !d->quick && ability_has_trial(a);

	table_row(t);
	table_cell(t, "%s", ran ? "ran" : yes_or_no(answer->has));
	table_cell(t, "%s", ability_key(a));
	table_cell(t, "%s%s%s", ability_title(a), *answer->why ? "; " : "", answer->why);
}

static void put_group(const struct doctor *d, enum ability_group group, struct buffer *out)
{
	struct table t = { 0 };

	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	for (enum ability a = ABILITY_NONE + 1; a < ABILITY_MAX; a++)
		if (ability_group_of(a) == group && doctor_shows(d, a))
			put_answer(d, &t, a);
	if (t.n_rows) {
		buffer_format(out, "\n%s\n", ability_group_title(group));
		table_print(&t, out, INDENT);
	}
	table_deinit(&t);
}

/* --- types and helpers ---------------------------------------------------------------------------- */

/* Words with commas between, broken into lines. */
struct list {
	struct buffer *out;
	size_t line; /* characters on this line */
};

static void list_word(struct list *l, const char *word)
{
	size_t n = strlen(word) + 2;

	if (l->line && l->line + n > LIST_WIDTH) {
		buffer_text(l->out, ",\n" INDENT INDENT);
		l->line = 4;
	} else if (l->line) {
		buffer_text(l->out, ", ");
	}
	buffer_text(l->out, word);
	l->line += n;
}

typedef const struct ability_answer *ask_type_fn(uint32_t type);
typedef const char *name_type_fn(uint32_t type);

static void put_types(const char *what, uint32_t n, ask_type_fn *ask, name_type_fn *name, bool all,
		      struct buffer *out)
{
	struct list l = { out, 0 };
	uint32_t there = 0;

	for (uint32_t type = 1; type < n; type++)
		there += ask(type)->has;
	buffer_format(out, INDENT "%s: %u of %u", what, there, n - 1);
	if (there && there < n - 1) {
		buffer_text(out, "; not ");
		for (uint32_t type = 1; type < n; type++)
			if (!ask(type)->has)
				list_word(&l, name(type));
	}
	buffer_text(out, "\n");
	for (uint32_t type = 1; all && type < n; type++)
		buffer_format(out, INDENT INDENT "%-3s  %s%s%s\n", yes_or_no(ask(type)->has),
			      name(type), *ask(type)->why ? ": " : "", ask(type)->why);
}

static void put_helpers(struct buffer *out)
{
	for (uint32_t type = 1; type < ability_n_prog_types(); type++) {
		struct list l = { out, 0 };
		uint32_t n = 0;

		if (!ability_prog_type(type)->has)
			continue;
		buffer_format(out, "\nhelpers of %s\n" INDENT INDENT, ability_prog_type_name(type));
		for (uint32_t id = 1; id < ability_n_helpers(); id++)
			if (ability_helper(type, id)) {
				list_word(&l, ability_helper_name(id));
				n++;
			}
		buffer_text(out, n ? "\n" : "none\n");
	}
}

/* --- tools ------------------------------------------------------------------------------------------ */

static void put_tool(const struct ability_tool *tool, struct table *t)
{
	struct error err;
	int hook = ability_choose(tool, NULL, &err);

	table_row(t);
	table_cell(t, "%s", yes_or_no(hook >= 0));
	table_cell(t, "%s", tool->name);
	if (hook >= 0 && tool->hooks[hook].name)
		table_cell(t, "by %s%s%s", tool->hooks[hook].name,
			   tool->hooks[hook].loses ? ", without " : "",
			   tool->hooks[hook].loses ? tool->hooks[hook].loses : "");
	else
		table_cell(t, "%s", hook >= 0 ? "" : err.text);
}

static void put_tools(struct buffer *out)
{
	struct table t = { 0 };

	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	table_column(&t, "", TABLE_LEFT);
	for (uint32_t i = 0; tools[i]; i++)
		put_tool(tools[i], &t);
	buffer_text(out, "\ntools\n");
	table_print(&t, out, INDENT);
	table_deinit(&t);
}

/* What to do, once for each thing that can be done. */
static void put_remedies(const struct doctor *d, struct buffer *out)
{
	const char *said[ABILITY_MAX];
	uint32_t n = 0;

	for (enum ability a = ABILITY_NONE + 1; a < ABILITY_MAX; a++) {
		const char *remedy = doctor_ask(d, a)->remedy;
		struct list l = { out, 4 };
		bool known = !*remedy || !doctor_shows(d, a);

		for (uint32_t i = 0; i < n && !known; i++)
			known = strcmp(said[i], remedy) == 0;
		if (known)
			continue;
		buffer_text(out, n ? "" : "\nhow to get what is missing\n");
		said[n++] = remedy;
		buffer_text(out, INDENT);
		l.line = 0;
		for (enum ability b = a; b < ABILITY_MAX; b++)
			if (doctor_shows(d, b) && strcmp(doctor_ask(d, b)->remedy, remedy) == 0)
				list_word(&l, ability_key(b));
		buffer_format(out, ": %s\n", remedy);
	}
}

void doctor_table(const struct doctor *d, struct buffer *out)
{
	put_head(d, out);
	for (enum ability_group g = 0; g < ABILITY_GROUP_MAX; g++)
		put_group(d, g, out);
	buffer_text(out, "\ntypes\n");
	put_types("programs", ability_n_prog_types(), ability_prog_type, ability_prog_type_name,
		  d->verbose, out);
	put_types("maps", ability_n_map_types(), ability_map_type, ability_map_type_name,
		  d->verbose, out);
	if (d->verbose)
		put_helpers(out);
	if (!d->user_engine) {
		put_tools(out);
		put_remedies(d, out);
	}
	if (!d->quick && !d->user_engine)
		buffer_text(out, "\nran: a program was attached, and ran when its event came.\n");
}

/* --- one tool --------------------------------------------------------------------------------------- */

static void explain_need(const struct doctor *d, enum ability a, const char *indent,
			 struct buffer *out)
{
	const struct ability_answer *answer = doctor_ask(d, a);

	buffer_format(out, "%s%-3s  %s: %s%s%s\n", indent, yes_or_no(answer->has), ability_key(a),
		      ability_title(a), *answer->why ? "; " : "", answer->why);
	if (!answer->has && *answer->remedy)
		buffer_format(out, "%s     way out: %s\n", indent, answer->remedy);
}

void doctor_explain(const struct doctor *d, const struct ability_tool *tool, struct buffer *out)
{
	struct error err;
	int taken = ability_choose(tool, NULL, &err);

	buffer_format(out, "%sskep %s: %s\n", out->bytes ? "\n" : "", tool->name, tool->does);
	for (uint32_t i = 0; i < ABILITY_NEEDS_MAX && tool->needs[i]; i++)
		explain_need(d, tool->needs[i], INDENT, out);
	for (int i = 0; i < ABILITY_HOOKS_MAX && tool->hooks[i].name; i++) {
		const struct ability_hook *hook = &tool->hooks[i];

		buffer_format(out, INDENT "%d. %s%s%s%s\n", i + 1, hook->name,
			      i == taken ? " (taken)" : "", hook->loses ? ", without " : "",
			      hook->loses ? hook->loses : "");
		for (uint32_t j = 0; j < ABILITY_NEEDS_MAX && hook->needs[j]; j++)
			explain_need(d, hook->needs[j], INDENT INDENT, out);
	}
	if (taken < 0)
		buffer_format(out, INDENT "%s\n", err.text);
}
