/* SPDX-License-Identifier: BSD-2-Clause */
/* See expression.h. */
#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

/* libpcap's own struct of the same layout as sock_fprog's (pcap/bpf.h). */
struct bpf_program {
	unsigned int bf_len;
	struct sock_filter *bf_insns;
};

#define PCAP_DONT_INCLUDE_PCAP_BPF_H
#include <pcap/dlt.h>
#include <pcap/pcap.h>

#include "buffer.h"
#include "capture/expression.h"

static const struct {
	const char *name;
	enum owner_kind kind;
} owners[] = {
	{ "pid", OWNER_PID }, { "comm", OWNER_COMM },	  { "container", OWNER_CONTAINER },
	{ "pod", OWNER_POD }, { "cgroup", OWNER_CGROUP },
};

/* A word of the text: up to white space or a parenthesis; "quoted" words lose their quotes. */
struct word {
	const char *begin;
	size_t bytes;
	bool is_quoted;
};

struct reader {
	const char *text;
	const char *at;
	struct word word; /* the current one; 0 bytes and not quoted: the end */
};

static bool is_single(char c)
{
	return c == '(' || c == ')' || c == '!';
}

static void next_word(struct reader *r)
{
	const char *p = r->at;

	while (isspace((unsigned char)*p))
		p++;
	r->word = (struct word){ .begin = p };
	if (*p == '"' || *p == '\'') {
		const char *end = strchr(p + 1, *p);

		r->word.is_quoted = true;
		r->word.begin = p + 1;
		r->word.bytes = end ? (size_t)(end - p - 1) : strlen(p + 1);
		r->at = end ? end + 1 : p + strlen(p);
		return;
	}
	/* "!=" is one of libpcap's relations. */
	if (is_single(*p) && !(p[0] == '!' && p[1] == '='))
		p++;
	else
		while (*p && !isspace((unsigned char)*p) && *p != '(' && *p != ')')
			p++;
	r->word.bytes = (size_t)(p - r->word.begin);
	r->at = p;
}

static bool at_end(const struct reader *r)
{
	return !r->word.bytes && !r->word.is_quoted;
}

static bool is_word(const struct reader *r, const char *text)
{
	return !r->word.is_quoted && r->word.bytes == strlen(text) &&
	       memcmp(r->word.begin, text, r->word.bytes) == 0;
}

static bool is_and(const struct reader *r)
{
	return is_word(r, "and") || is_word(r, "&&");
}

static bool is_or(const struct reader *r)
{
	return is_word(r, "or") || is_word(r, "||");
}

static bool is_not(const struct reader *r)
{
	return is_word(r, "not") || is_word(r, "!");
}

static int owner_of(const struct reader *r)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (is_word(r, owners[i].name))
			return (int)i;
	return -1;
}

/* The term whose keyword is the current word; leaves the word behind it current. */
static int read_owner(struct reader *r, struct expression *e, bool negated, struct error *err)
{
	const int which = owner_of(r);
	const char *name = owners[which].name;
	struct owner_term *term;
	unsigned long long pid;
	char *end;

	if (e->n_owner == OWNER_TERMS_MAX)
		return error_set(err, -EINVAL, "more than %d terms about processes",
				 OWNER_TERMS_MAX);
	next_word(r);
	if (at_end(r) || !r->word.bytes || is_and(r) || is_or(r))
		return error_set(err, -EINVAL, "'%s' wants a value: %s %s", name, name,
				 owners[which].kind == OWNER_PID      ? "1234"
				 : owners[which].kind == OWNER_CGROUP ? "/system.slice"
								      : "NAME");
	term = &e->owner[e->n_owner++];
	term->kind = owners[which].kind;
	term->negated = negated;
	term->text = xstrndup(r->word.begin, r->word.bytes);
	if (term->kind == OWNER_PID) {
		errno = 0;
		pid = strtoull(term->text, &end, 10);
		if (errno || *end || !isdigit((unsigned char)*term->text) || !pid ||
		    pid > INT32_MAX)
			return error_set(err, -EINVAL, "'pid %s' names no process", term->text);
		term->pid = (uint32_t)pid;
	}
	next_word(r);
	return 0;
}

/* Skips libpcap's words up to the next `and`, `or` or end on this level. */
static int skip_packet_words(struct reader *r, struct error *err)
{
	uint32_t depth = 0;

	while (!at_end(r)) {
		if (!depth && (is_and(r) || is_or(r)))
			return 0;
		if (is_word(r, "("))
			depth++;
		else if (is_word(r, ")"))
			depth -= depth > 0;
		else if (depth && owner_of(r) >= 0)
			return error_set(err, -EINVAL,
					 "'%.*s' may not stand in parentheses: terms about "
					 "processes are anded with the rest",
					 (int)r->word.bytes, r->word.begin);
		next_word(r);
	}
	return 0;
}

/* Appends the words from @from to the reader's current one. */
static void keep(const struct reader *r, const char *from, struct buffer *packet)
{
	const char *end = at_end(r) ? r->at : r->word.begin - r->word.is_quoted;

	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	buffer_add(packet, from, (size_t)(end - from));
}

int expression_parse(const char *text, struct expression *e, struct error *err)
{
	struct reader r = { .text = text, .at = text };
	struct buffer packet = { 0 };
	bool has_or = false, or_before = false;
	int rc = 0;

	*e = (struct expression){ 0 };
	next_word(&r);
	while (!at_end(&r) && !rc) {
		const char *from = r.word.begin - r.word.is_quoted;
		struct reader ahead = r;
		bool negated = false;

		while (is_not(&ahead)) {
			negated = !negated;
			next_word(&ahead);
		}
		if (owner_of(&ahead) >= 0) {
			r = ahead;
			rc = or_before ? error_set(err, -EINVAL,
						   "a term about processes may not follow 'or': it "
						   "is anded with the rest")
				       : read_owner(&r, e, negated, err);
			if (!rc && !at_end(&r) && !is_and(&r))
				rc = error_set(err, -EINVAL,
					       "after '%s' comes 'and' or the end, not '%.*s'",
					       e->owner[e->n_owner - 1].text, (int)r.word.bytes,
					       r.word.begin);
		} else {
			if (packet.bytes)
				buffer_text(&packet, or_before ? " or " : " and ");
			rc = skip_packet_words(&r, err);
			keep(&r, from, &packet);
		}
		or_before = is_or(&r);
		has_or |= or_before;
		if (!rc && !at_end(&r))
			next_word(&r);
	}
	if (!rc && has_or && e->n_owner)
		rc = error_set(err, -EINVAL,
			       "put the part with 'or' in parentheses: terms about processes are "
			       "anded with all of it");
	if (rc) {
		buffer_deinit(&packet);
		expression_deinit(e);
		return rc;
	}
	/* Without terms of ours libpcap gets the text as it was given, for its messages. */
	if (e->n_owner) {
		e->packet = buffer_take(&packet);
	} else {
		e->packet = xstrdup(text);
		buffer_deinit(&packet);
	}
	return 0;
}

void expression_deinit(struct expression *e)
{
	for (uint32_t i = 0; i < e->n_owner; i++)
		free(e->owner[i].text);
	free(e->packet);
	*e = (struct expression){ 0 };
}

int expression_compile(const char *packet, const struct classic_setup *setup,
		       struct classic *classic, struct error *err)
{
	pcap_t *dead = pcap_open_dead(setup->link_type, (int)setup->snap);
	struct bpf_program program = { 0 };
	int rc = 0;

	if (!dead)
		return error_set(err, -ENOMEM, "libpcap has no memory left");
	if (pcap_compile(dead, &program, packet, !setup->unoptimized, setup->netmask)) {
		rc = error_set(err, -EINVAL, "'%s': %s", packet, pcap_geterr(dead));
	} else {
		classic->n = program.bf_len;
		classic->insns = xcalloc(program.bf_len, sizeof(*classic->insns));
		memcpy(classic->insns, program.bf_insns,
		       program.bf_len * sizeof(*classic->insns));
		pcap_freecode(&program);
	}
	pcap_close(dead);
	return rc;
}
