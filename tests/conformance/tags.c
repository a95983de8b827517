/* SPDX-License-Identifier: BSD-2-Clause */
#include "tags.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#define TAG "comment:test_"

enum {
	FLAGS_DEFAULT = 1 << 2 | 1 << 7, /* BPF_F_TEST_RND_HI32, BPF_F_TEST_REG_INVARIANTS */
	PATTERN_BYTES = 512,
};

static const struct flag {
	const char *name;
	uint32_t bit;
} flags[] = {
	{ "BPF_F_STRICT_ALIGNMENT", 1 << 0 }, { "BPF_F_ANY_ALIGNMENT", 1 << 1 },
	{ "BPF_F_TEST_RND_HI32", 1 << 2 },    { "BPF_F_TEST_STATE_FREQ", 1 << 3 },
	{ "BPF_F_SLEEPABLE", 1 << 4 },        { "BPF_F_XDP_HAS_FRAGS", 1 << 5 },
	{ "BPF_F_TEST_REG_INVARIANTS", 1 << 7 },
};

/* What follows prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t bytes = strlen(prefix);

	return strncmp(text, prefix, bytes) ? NULL : text + bytes;
}

static void read_flag(const char *text, struct tags *tags)
{
	bool clear = text[0] == '!';
	uint32_t bits = 0;

	text += clear;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!strcmp(text, flags[i].name))
			bits = flags[i].bit;
	}
	if (!bits)
		bits = (uint32_t)strtoul(text, NULL, 0);
	tags->flags = clear ? tags->flags & ~bits : tags->flags | bits;
}

/* "7=text": the number only keeps equal tags apart. */
static void read_message(const char *text, struct tags *tags)
{
	const char *message = strchr(text, '=');

	if (message && tags->n_messages < TAGS_MESSAGES_MAX)
		tags->messages[tags->n_messages++] = strdup(message + 1);
}

struct seen {
	bool arch, own_arch, priv, unpriv;
};

static void read_tag(const char *text, struct tags *tags, struct seen *seen)
{
	const char *value;

	if (strstr(text, "_unpriv")) {
		seen->unpriv = true;
		return;
	}
	if ((value = after(text, "expect_msg="))) {
		read_message(value, tags);
	} else if ((value = after(text, "prog_flags="))) {
		read_flag(value, tags);
		return;
	} else if ((value = after(text, "log_level="))) {
		tags->log_level = (uint32_t)strtoul(value, NULL, 0);
		return;
	} else if ((value = after(text, "arch="))) {
		seen->arch = true;
		seen->own_arch |= !strcmp(value, "X86_64");
		return;
	} else if (after(text, "description=")) {
		return;
	}
	seen->priv = true;
	tags->expect_failure |= !strcmp(text, "expect_failure");
	tags->auxiliary |= !strcmp(text, "auxiliary");
	tags->execute |= after(text, "retval=") != NULL;
	tags->returns_pointer |= !strcmp(text, "retval=POINTER_VALUE");
}

void tags_read(const struct btf *btf, const char *func, struct tags *tags)
{
	struct seen seen = { false };
	int id = btf ? btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) : -1;

	*tags = (struct tags){ .flags = FLAGS_DEFAULT };
	for (uint32_t i = 1; id > 0 && i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *text;

		if (!btf_is_decl_tag(t) || (int)t->type != id || btf_decl_tag(t)->component_idx != -1)
			continue;
		text = after(btf__str_by_offset(btf, t->name_off), TAG);
		if (text)
			read_tag(text, tags, &seen);
	}
	tags->other_arch = seen.arch && !seen.own_arch;
	tags->unpriv_only = seen.unpriv && !seen.priv;
}

void tags_free(struct tags *tags)
{
	for (uint32_t i = 0; i < tags->n_messages; i++)
		free(tags->messages[i]);
	tags->n_messages = 0;
}

/* --- messages ------------------------------------------------------------------------------------------ */

/* As an extended regular expression: what stands outside {{ and }} means itself. */
static void to_regex(const char *message, char pattern[PATTERN_BYTES])
{
	bool inside = false;
	size_t n = 0;

	while (*message && n < PATTERN_BYTES - 3) {
		if (after(message, inside ? "}}" : "{{")) {
			inside = !inside;
			message += 2;
			continue;
		}
		if (!inside && strchr(".[]\\()*+?{}|^$", *message))
			pattern[n++] = '\\';
		pattern[n++] = *message++;
	}
	pattern[n] = '\0';
}

/* Where the first match ends, or NULL. */
static const char *match_regex(const char *log, const char *message)
{
	char pattern[PATTERN_BYTES];
	regmatch_t match;
	regex_t regex;
	int err;

	to_regex(message, pattern);
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE))
		return NULL;
	err = regexec(&regex, log, 1, &match, 0);
	regfree(&regex);
	return err ? NULL : log + match.rm_eo;
}

bool tags_messages_found(const struct tags *tags, const char *log)
{
	for (uint32_t i = 0; i < tags->n_messages; i++) {
		const char *message = tags->messages[i];

		if (strstr(message, "{{")) {
			log = match_regex(log, message);
		} else {
			log = strstr(log, message);
			if (log)
				log += strlen(message);
		}
		if (!log)
			return false;
	}
	return true;
}
