/* SPDX-License-Identifier: BSD-2-Clause */
/* See sink.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "capture/signals.h"
#include "capture/sink.h"
#include "json.h"
#include "tool/output.h"

#define NS_PER_S 1000000000ull

enum {
	TEXT_BYTES = 64 * 1024, /* gathered for standard output */
	PATH_BYTES = 4096,
	INTERFACES = 1024, /* as many as live.c has devices */
};

struct sink {
	const struct capture_options *options;
	uint16_t link_type;
	uint32_t snap;
	bool lines;
	struct line *line;
	struct buffer text;
	struct savefile *file;
	char path[PATH_BYTES]; /* of the file */
	uint64_t n_files;
	uint64_t began_s; /* of -G's period, by its packets' time */
	uint64_t number;  /* of the file within the period */
	uint64_t last_ns;
	char *interfaces[INTERFACES]; /* known to the file, by number */
	uint32_t n_interfaces;
	uint64_t n_packets;
	struct savefile_counts counts;
	/* The last owner's comment: packets come in runs. */
	struct {
		uint32_t pid;
		char comm[32];
		char cgroup[512]; /* "" : too long to be kept */
		struct fate fate;
		struct buffer text;
	} said;
};

/* The path of the next file: strftime's of -w with -G, a number behind it with -C. */
static void next_path(struct sink *s)
{
	const struct capture_options *o = s->options;
	time_t seconds = (time_t)s->began_s;
	uint64_t number = s->number;
	struct tm tm = { 0 };
	int digits = 0;
	size_t n;

	snprintf(s->path, sizeof(s->path), "%s", o->write);
	if (o->file_seconds && localtime_r(&seconds, &tm) &&
	    !strftime(s->path, sizeof(s->path), o->write, &tm))
		snprintf(s->path, sizeof(s->path), "%s", o->write);
	if (!o->file_bytes)
		return;
	n = strlen(s->path);
	if (o->file_count) {
		number %= o->file_count;
		for (uint64_t most = o->file_count - 1; most; most /= 10)
			digits++;
	}
	/* Without -W the first file has no number. */
	if (o->file_count || number)
		snprintf(s->path + n, sizeof(s->path) - n, "%0*llu", digits,
			 (unsigned long long)number);
}

static void forget_interfaces(struct sink *s)
{
	for (uint32_t i = 0; i < s->n_interfaces; i++)
		free(s->interfaces[i]);
	s->n_interfaces = 0;
}

static int open_file(struct sink *s, struct error *err)
{
	const struct savefile_setup setup = {
		.format = s->options->format,
		.link_type = s->link_type,
		.snap = s->snap,
		.micro = s->options->micro,
		.filter = s->options->expression,
		.flush_each = s->options->flush_each,
	};
	int rc;

	next_path(s);
	rc = savefile_open(s->path, &setup, &s->file, err);
	if (rc)
		return rc;
	s->n_files++;
	s->number++;
	forget_interfaces(s);
	return 0;
}

/* -z: COMMAND FILE, not waited for. */
static void run_done_command(const struct sink *s)
{
	pid_t child;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	child = fork();
	if (child == 0) {
		signals_restore();
		execlp(s->options->file_done, s->options->file_done, s->path, (char *)NULL);
		_exit(127);
	}
}

static int close_file(struct sink *s, struct error *err)
{
	int rc;

	if (!s->file)
		return 0;
	for (uint32_t i = 0; i < s->n_interfaces; i++)
		savefile_counts(s->file, i, s->last_ns, &s->counts);
	rc = savefile_close(s->file, err);
	s->file = NULL;
	if (!rc && s->options->file_done)
		run_done_command(s);
	return rc;
}

int sink_open(const struct capture_options *options, uint16_t link_type, uint32_t snap,
	      struct sink **out, struct error *err)
{
	struct sink *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	s->options = options;
	s->link_type = link_type;
	s->snap = snap;
	s->lines = !options->count_only && (!options->write || options->print);
	s->line = line_create(&options->line);
	/* Files of -G are named by the time of their first packet. */
	if (options->write && !options->file_seconds)
		rc = open_file(s, err);
	if (rc) {
		line_destroy(s->line);
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

static uint32_t interface_number(struct sink *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_interfaces; i++)
		if (strcmp(s->interfaces[i], name) == 0)
			return i;
	if (s->n_interfaces == INTERFACES)
		return INTERFACES - 1;
	s->interfaces[s->n_interfaces++] = xstrdup(name);
	return savefile_interface(s->file, name);
}

static const char *const fate_words[] = {
	[FATE_PASSED] = "passed",
	[FATE_DROPPED] = "dropped",
	[FATE_UNKNOWN] = "unknown",
};

static void add_reason(const struct fate *fate, struct buffer *out)
{
	if (fate->reason)
		buffer_text(out, fate->reason);
	else
		buffer_format(out, "reason %u", fate->code);
}

static void add_verdict(const struct captured *c, struct buffer *out)
{
	if (c->fate.kind == FATE_NONE)
		return;
	buffer_format(out, "%sverdict=%s", out->bytes ? " " : "", fate_words[c->fate.kind]);
	if (c->fate.kind != FATE_DROPPED)
		return;
	buffer_text(out, " (");
	add_reason(&c->fate, out);
	buffer_text(out, ")");
}

/* What became of it, or what a file says: -v shows that much. */
static void short_comment(const struct captured *c, struct buffer *out)
{
	add_verdict(c, out);
	if (c->comment)
		buffer_text(out, c->comment);
}

/* "pid=12 comm=nginx container=web verdict=passed": what a packet's comment says. */
static void comment(const struct captured *c, struct buffer *out)
{
	const struct {
		const char *key, *text;
	} parts[] = { { "comm", c->comm },
		      { "container", c->container },
		      { "pod", c->pod },
		      { "cgroup", c->cgroup } };

	if (c->pid)
		buffer_format(out, "pid=%u", c->pid);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].text && *parts[i].text)
			buffer_format(out, "%s%s=%s", out->bytes ? " " : "", parts[i].key,
				      parts[i].text);
	short_comment(c, out);
}

static bool is_as_said(const struct sink *s, const struct captured *c)
{
	return s->said.text.bytes && c->pid == s->said.pid && !c->comment &&
	       c->fate.kind == s->said.fate.kind && c->fate.code == s->said.fate.code &&
	       (!c->pid || (c->comm && c->cgroup && strcmp(c->comm, s->said.comm) == 0 &&
			    strcmp(c->cgroup, s->said.cgroup) == 0));
}

static const char *comment_of(struct sink *s, const struct captured *c)
{
	if (c->comment)
		return c->comment;
	if (is_as_said(s, c))
		return s->said.text.data;
	buffer_reset(&s->said.text);
	comment(c, &s->said.text);
	s->said.pid = UINT32_MAX; /* nobody's */
	if (c->pid && (!c->comm || !c->cgroup || strlen(c->comm) >= sizeof(s->said.comm) ||
		       strlen(c->cgroup) >= sizeof(s->said.cgroup)))
		return buffer_string(&s->said.text);
	s->said.pid = c->pid;
	s->said.fate = c->fate;
	if (c->pid) {
		strcpy(s->said.comm, c->comm);
		strcpy(s->said.cgroup, c->cgroup);
	}
	return buffer_string(&s->said.text);
}

static int write_packet(struct sink *s, const struct captured *c, struct error *err)
{
	struct savefile_packet p = {
		.data = c->packet.data,
		.bytes = c->packet.bytes,
		.wire_bytes = c->packet.wire_bytes,
		.time_ns = c->packet.time_ns,
		.way = c->way,
	};

	if (s->options->format == SAVEFILE_PCAPNG) {
		p.interface = interface_number(s, c->interface ? c->interface : "unknown");
		p.comment = comment_of(s, c);
	}
	return savefile_packet(s->file, &p, err);
}

static void json_fate(struct json *j, const struct fate *fate)
{
	struct buffer reason = { 0 };

	if (fate->kind == FATE_NONE)
		return;
	json_string(j, "verdict", fate_words[fate->kind]);
	if (fate->kind == FATE_DROPPED) {
		add_reason(fate, &reason);
		json_string(j, "reason", reason.data);
	}
	buffer_deinit(&reason);
}

static void print_json(struct sink *s, const struct captured *c)
{
	static const char *const ways[] = { NULL, "in", "out" };
	struct line_packet packet = c->packet;
	char time[OUTPUT_TIME_BYTES];
	struct json j = { .flat = true };
	struct buffer text = { 0 };

	line_print(s->line, &packet, &text);
	text.bytes -= text.bytes > 0; /* the newline */
	json_object_begin(&j, NULL);
	json_uint(&j, "ts", packet.time_ns);
	json_string(&j, "time", output_time(packet.time_ns, time));
	if (c->interface)
		json_string(&j, "interface", c->interface);
	if (ways[c->way])
		json_string(&j, "direction", ways[c->way]);
	json_uint(&j, "length", packet.wire_bytes);
	json_uint(&j, "captured", packet.bytes);
	if (c->pid)
		json_uint(&j, "pid", c->pid);
	if (c->comm && *c->comm)
		json_string(&j, "comm", c->comm);
	if (c->cgroup && *c->cgroup)
		json_string(&j, "cgroup", c->cgroup);
	if (c->container && *c->container)
		json_string(&j, "container", c->container);
	if (c->pod && *c->pod)
		json_string(&j, "pod", c->pod);
	json_fate(&j, &c->fate);
	if (c->comment)
		json_string(&j, "comment", c->comment);
	json_string_bytes(&j, "line", buffer_string(&text), text.bytes);
	json_object_end(&j);
	buffer_format(&s->text, "%s\n", buffer_string(&j.out));
	buffer_deinit(&j.out);
	buffer_deinit(&text);
}

/*
 * The packet's line; with --owner another that says whose it is, and with that or -v what became of it.
 * Names are strangers' text.
 */
static void print_lines(struct sink *s, const struct captured *c)
{
	struct buffer text = { 0 };

	line_print(s->line, &c->packet, &s->text);
	if (s->options->owners)
		comment(c, &text);
	else if (s->options->line.verbose)
		short_comment(c, &text);
	if (text.bytes) {
		buffer_text(&s->text, "\t");
		line_text(&s->text, text.data, text.bytes);
		buffer_text(&s->text, "\n");
	}
	buffer_deinit(&text);
}

/* Whether another of -G's periods begins. */
static bool is_late(const struct sink *s, uint64_t time_ns)
{
	uint64_t seconds = s->options->file_seconds;

	return seconds && (!s->n_files || time_ns / NS_PER_S >= s->began_s + seconds);
}

/* Whether the file is over by size. */
static bool is_full(const struct sink *s)
{
	return s->options->file_bytes && savefile_bytes(s->file) > s->options->file_bytes;
}

/* Sees to it that there is a file for the packet. 1: -W says there is none. */
static int ready_file(struct sink *s, uint64_t time_ns, struct error *err)
{
	const struct capture_options *o = s->options;
	bool late = is_late(s, time_ns);
	int rc;

	if (s->file && !late && !is_full(s))
		return 0;
	rc = close_file(s, err);
	if (rc)
		return rc;
	/* With -G, -W is how many files there are at all; with -C alone they go round. */
	if (o->file_seconds && !o->file_bytes && o->file_count && s->n_files == o->file_count)
		return 1;
	if (late) {
		s->began_s = time_ns / NS_PER_S;
		s->number = 0;
	}
	return open_file(s, err);
}

int sink_packet(struct sink *s, const struct captured *c, struct error *err)
{
	int rc;

	if (s->options->write) {
		rc = ready_file(s, c->packet.time_ns, err);
		if (!rc)
			rc = write_packet(s, c, err);
		if (rc)
			return rc;
	}
	s->n_packets++;
	s->last_ns = c->packet.time_ns;
	if (s->lines && s->options->json)
		print_json(s, c);
	else if (s->lines)
		print_lines(s, c);
	if (s->text.bytes >= TEXT_BYTES || (s->text.bytes && s->options->line_buffered)) {
		rc = sink_flush(s, err);
		if (rc)
			return rc;
	}
	return s->options->count && s->n_packets == s->options->count;
}

int sink_flush(struct sink *s, struct error *err)
{
	size_t done = 0;

	while (done < s->text.bytes) {
		ssize_t n = write(STDOUT_FILENO, s->text.data + done, s->text.bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			buffer_reset(&s->text);
			return error_set(err, -errno, "cannot write to standard output: %s",
					 strerror(errno));
		}
		done += (size_t)n;
	}
	buffer_reset(&s->text);
	return 0;
}

int sink_write_out(struct sink *s, struct error *err)
{
	int rc = sink_flush(s, err);

	return rc || !s->file ? rc : savefile_flush(s->file, err);
}

uint64_t sink_packets(const struct sink *s)
{
	return s->n_packets;
}

void sink_print_count(const struct sink *s)
{
	printf("%llu packet%s\n", (unsigned long long)s->n_packets, s->n_packets == 1 ? "" : "s");
}

void sink_counts(struct sink *s, const struct savefile_counts *counts)
{
	s->counts = *counts;
}

int sink_close(struct sink *s, struct error *err)
{
	struct error unread;
	int rc = sink_flush(s, err), file_rc;

	file_rc = close_file(s, rc ? &unread : err);
	forget_interfaces(s);
	buffer_deinit(&s->text);
	buffer_deinit(&s->said.text);
	line_destroy(s->line);
	free(s);
	return rc ? rc : file_rc;
}
