/* SPDX-License-Identifier: BSD-2-Clause */
/* See options.h. */
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "capture/devices.h"
#include "capture/options.h"
#include "file.h"
#include "tool/options.h"

enum {
	BUFFER_KIB_DEFAULT = 16 * 1024,
	BUFFER_KIB_MAX = 1024 * 1024,
	SNAP_MAX = 262144,
};

enum {
	OPT_NANO = 256,
	OPT_MICRO,
	OPT_PRECISION,
	OPT_PRINT,
	OPT_COUNT,
	OPT_BY,
	OPT_EBPF,
	OPT_FORMAT,
	OPT_OWNER,
	OPT_DURATION,
	OPT_NO_VERDICT,
	OPT_IMMEDIATE,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "absolute-tcp-sequence-numbers", no_argument, NULL, 'S' },
	{ "buffer-size", required_argument, NULL, 'B' },
	{ "by", required_argument, NULL, OPT_BY },
	{ "count", no_argument, NULL, OPT_COUNT },
	{ "direction", required_argument, NULL, 'Q' },
	{ "dont-verify-checksums", no_argument, NULL, 'K' },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "ebpf", no_argument, NULL, OPT_EBPF },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "help", no_argument, NULL, 'h' },
	{ "immediate-mode", no_argument, NULL, OPT_IMMEDIATE },
	{ "interface", required_argument, NULL, 'i' },
	{ "linktype", required_argument, NULL, 'y' },
	{ "list-data-link-types", no_argument, NULL, 'L' },
	{ "list-interfaces", no_argument, NULL, 'D' },
	{ "list-time-stamp-types", no_argument, NULL, 'J' },
	{ "micro", no_argument, NULL, OPT_MICRO },
	{ "monitor-mode", no_argument, NULL, 'I' },
	{ "nano", no_argument, NULL, OPT_NANO },
	{ "no-optimize", no_argument, NULL, 'O' },
	{ "no-promiscuous-mode", no_argument, NULL, 'p' },
	{ "no-verdict", no_argument, NULL, OPT_NO_VERDICT },
	{ "number", no_argument, NULL, '#' },
	{ "owner", no_argument, NULL, OPT_OWNER },
	{ "packet-buffered", no_argument, NULL, 'U' },
	{ "print", no_argument, NULL, OPT_PRINT },
	{ "relinquish-privileges", required_argument, NULL, 'Z' },
	{ "snapshot-length", required_argument, NULL, 's' },
	{ "time-stamp-precision", required_argument, NULL, OPT_PRECISION },
	{ "time-stamp-type", required_argument, NULL, 'j' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static const char letters[] = ":AB:c:C:dDeF:G:hi:Kl#Lno:OpqQ:r:s:StUvw:W:xXz:Z:"
			      "abE:fHIj:JmM:NT:uV:y:Y";

/* tcpdump's letters that have no meaning here, or not yet. */
static const struct {
	char letter;
	const char *why;
} refused[] = {
	{ 'b', "AS numbers are not printed" },
	{ 'E', "nothing is decrypted" },
	{ 'f', "there is no -f; use -n" },
	{ 'H', "802.11s frames are not decoded" },
	{ 'I', "monitor mode is not set" },
	{ 'j', "time stamps are the kernel's" },
	{ 'J', "time stamps are the kernel's" },
	{ 'm', "there are no MIB modules" },
	{ 'M', "TCP-MD5 signatures are not checked" },
	{ 'T', "a packet is what its ports say" },
	{ 'V', "give one file with -r" },
	{ 'y', "link types are the device's own" },
	{ 'Y', "libpcap's parser is not traced" },
};

static int number(char letter, const char *text, uint64_t min, uint64_t max, uint64_t *value,
		  struct error *err)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *value < min || *value > max)
		return error_set(err, -EINVAL, "-%c wants a number from %llu to %llu, not '%s'",
				 letter, (unsigned long long)min, (unsigned long long)max, text);
	return 0;
}

static int one_of(const char *option, const char *text, const char *const *words, uint32_t n,
		  uint32_t *which, struct error *err)
{
	struct buffer all = { 0 };
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0) {
			*which = i;
			buffer_deinit(&all);
			return 0;
		}
		buffer_format(&all, "%s%s", i ? i + 1 == n ? " or " : ", " : "", words[i]);
	}
	rc = error_set(err, -EINVAL, "%s wants %s, not '%s'", option, all.data, text);
	buffer_deinit(&all);
	return rc;
}

/* A device's name, or its number of -D. */
static char *device_named(const char *name)
{
	char *numbered = if_nametoindex(name) ? NULL : devices_numbered(name);

	return numbered ? numbered : xstrdup(name);
}

static int add_devices(struct capture_options *o, const char *text, struct error *err)
{
	char *names = xstrdup(text), *save = NULL, *name;

	for (name = strtok_r(names, ",", &save); name && o->n_devices < CAPTURE_DEVICES_MAX;
	     name = strtok_r(NULL, ",", &save))
		o->devices[o->n_devices++] = device_named(name);
	free(names);
	if (name)
		return error_set(err, -EINVAL, "-i takes at most %d devices", CAPTURE_DEVICES_MAX);
	if (!o->n_devices)
		return error_set(err, -EINVAL, "-i wants the name of a device");
	return 0;
}

static int take_size(const char *text, struct capture_options *o, struct error *err)
{
	static const struct {
		char letter;
		uint64_t bytes;
	} units[] = { { 'k', 1024 }, { 'm', 1 << 20 }, { 'g', 1 << 30 } };
	uint64_t unit = 1000000;
	char *end;

	errno = 0;
	o->file_bytes = strtoull(text, &end, 10);
	for (uint32_t i = 0; i < 3 && *end; i++)
		if ((*end | 0x20) == units[i].letter && !end[1]) {
			unit = units[i].bytes;
			end++;
			break;
		}
	if (errno || *end || !o->file_bytes || *text == '-' || o->file_bytes > UINT64_MAX / unit)
		return error_set(err, -EINVAL,
				 "-C wants millions of bytes, or a number with k, m "
				 "or g, not '%s'",
				 text);
	o->file_bytes *= unit;
	return 0;
}

/* Letters that only say how lines look. */
static bool take_line(int letter, struct line_options *line)
{
	switch (letter) {
	case 'A':
		line->bytes =
			line->bytes == LINE_BYTES_TEXT ? LINE_BYTES_TEXT_LINK : LINE_BYTES_TEXT;
		return true;
	case 'x':
		line->bytes = line->bytes == LINE_BYTES_HEX ? LINE_BYTES_HEX_LINK : LINE_BYTES_HEX;
		return true;
	case 'X':
		line->bytes =
			line->bytes == LINE_BYTES_ASCII ? LINE_BYTES_ASCII_LINK : LINE_BYTES_ASCII;
		return true;
	case 'e':
		line->link = true;
		return true;
	case 'K':
		line->no_checksum = true;
		return true;
	case 'n':
		line->numeric = true;
		return true;
	case '#':
		line->number = true;
		return true;
	case 'q':
		line->quiet = true;
		return true;
	case 'S':
		line->absolute = true;
		return true;
	case 't':
		line->time += line->time < LINE_TIME_MAX;
		return true;
	case 'v':
		line->verbose++;
		return true;
	}
	return false;
}

static int take_numbers(int letter, const char *text, struct capture_options *o, struct error *err)
{
	uint64_t value = 0;
	int rc;

	switch (letter) {
	case 'B':
		rc = number('B', text, 4, BUFFER_KIB_MAX, &value, err);
		o->buffer_kib = (uint32_t)value;
		return rc;
	case 'c':
		return number('c', text, 1, INT64_MAX, &o->count, err);
	case 'G':
		return number('G', text, 1, INT32_MAX, &o->file_seconds, err);
	case 's':
		rc = number('s', text, 0, SNAP_MAX, &value, err);
		o->snap = value ? (uint32_t)value : CAPTURE_SNAP_DEFAULT;
		return rc;
	default: /* W */
		return number('W', text, 1, INT32_MAX, &o->file_count, err);
	}
}

static int take_words(int letter, const char *text, struct capture_options *o, struct error *err)
{
	static const char *const ways[] = { "inout", "in", "out" };
	static const char *const bys[] = { "any", "tc", "socket" };
	static const char *const formats[] = { "pcapng", "pcap" };
	static const char *const outputs[] = { "columns", "json" };
	static const char *const precisions[] = { "micro", "nano" };
	uint32_t which = 0;
	int rc;

	switch (letter) {
	case 'Q':
		rc = one_of("-Q", text, ways, 3, &which, err);
		o->way = (enum savefile_way)which;
		return rc;
	case OPT_BY:
		rc = one_of("--by", text, bys, 3, &which, err);
		o->by = (enum capture_by)which;
		return rc;
	case OPT_FORMAT:
		rc = one_of("--format", text, formats, 2, &which, err);
		o->format = (enum savefile_format)which;
		return rc;
	case OPT_PRECISION:
		rc = one_of("--time-stamp-precision", text, precisions, 2, &which, err);
		o->line.nano = which;
		o->micro = !which;
		return rc;
	default: /* o */
		rc = one_of("-o", text, outputs, 2, &which, err);
		o->json = which;
		return rc;
	}
}

static int read_expression(const char *path, struct capture_options *o, struct error *err)
{
	struct buffer text = { 0 };
	int rc = file_read(path, &text, err);

	free(o->expression);
	o->expression = buffer_take(&text);
	return rc;
}

static int take(int letter, struct capture_options *o, struct error *err)
{
	if (take_line(letter, &o->line))
		return 0;
	switch (letter) {
	case 'B':
	case 'c':
	case 'G':
	case 's':
	case 'W':
		return take_numbers(letter, optarg, o, err);
	case 'Q':
	case 'o':
	case OPT_BY:
	case OPT_FORMAT:
	case OPT_PRECISION:
		return take_words(letter, optarg, o, err);
	case 'C':
		return take_size(optarg, o, err);
	case 'd':
		o->action = CAPTURE_SHOW_FILTER;
		o->show_form += o->show_form < 3;
		return 0;
	case 'D':
		o->action = CAPTURE_LIST_DEVICES;
		return 0;
	case 'F':
		return read_expression(optarg, o, err);
	case 'h':
		return 1;
	case 'i':
		return add_devices(o, optarg, err);
	case 'l':
		o->line_buffered = true;
		return 0;
	case 'L':
		o->action = CAPTURE_LIST_LINKS;
		return 0;
	case 'a': /* names are resolved unless -n is given */
	case 'N':
	case 'u':
	case 'p': /* devices are never made promiscuous */
		return 0;
	case 'O':
		o->unoptimized = true;
		return 0;
	case 'r':
		o->read = optarg;
		return 0;
	case 'U':
		o->flush_each = true;
		return 0;
	case 'w':
		o->write = optarg;
		return 0;
	case 'z':
		o->file_done = optarg;
		return 0;
	case 'Z':
		o->user = optarg;
		return 0;
	case OPT_NANO:
	case OPT_MICRO:
		o->line.nano = letter == OPT_NANO;
		o->micro = letter == OPT_MICRO;
		return 0;
	case OPT_VERSION:
		o->action = CAPTURE_SHOW_VERSION;
		return 0;
	case OPT_IMMEDIATE:
		o->immediate = true;
		return 0;
	case OPT_PRINT:
		o->print = true;
		return 0;
	case OPT_COUNT:
		o->count_only = true;
		return 0;
	case OPT_EBPF:
		o->action = CAPTURE_SHOW_FILTER;
		o->show_form = 4;
		return 0;
	case OPT_OWNER:
		o->owners = true;
		return 0;
	case OPT_NO_VERDICT:
		o->no_verdict = true;
		return 0;
	case OPT_DURATION:
		if (options_seconds_parse(optarg, &o->duration_ns))
			return error_set(err, -EINVAL, "--duration wants seconds, not '%s'",
					 optarg);
		return 0;
	}
	for (uint32_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (refused[i].letter == letter)
			return error_set(err, -EINVAL, "tcpdump's -%c is not supported: %s", letter,
					 refused[i].why);
	return -EINVAL;
}

/* What getopt_long() stumbled over. */
static int complain_option(int letter, char **argv, struct error *err)
{
	const char *word = argv[optind - 1];

	if (letter == ':')
		return error_set(err, -EINVAL, "%s wants an argument", word);
	if (optopt && optopt < OPT_NANO)
		return error_set(err, -EINVAL, "there is no option -%c", optopt);
	return error_set(err, -EINVAL, "there is no option %s", word);
}

static void join_operands(int argc, char **argv, struct capture_options *o)
{
	struct buffer text = { 0 };

	for (int i = optind; i < argc; i++)
		buffer_format(&text, "%s%s", i > optind ? " " : "", argv[i]);
	o->expression = buffer_take(&text);
}

/* What does not go together. */
static int check(const struct capture_options *o, struct error *err)
{
	if (o->read && o->n_devices)
		return error_set(err, -EINVAL, "-r reads a file and -i a device: give one of them");
	if ((o->file_bytes || o->file_seconds || o->file_done) && !o->write)
		return error_set(err, -EINVAL,
				 "-C, -G and -z are about the files of -w: give -w too");
	if (o->file_count && !o->file_bytes && !o->file_seconds)
		return error_set(err, -EINVAL, "-W bounds the files of -C or -G: give one of them");
	if ((o->file_bytes || o->file_seconds) && strcmp(o->write, "-") == 0)
		return error_set(err, -EINVAL, "-%c cannot go on in another file after -w -",
				 o->file_bytes ? 'C' : 'G');
	if (o->line.time == LINE_TIME_MAX)
		return error_set(err, -EINVAL,
				 "there are -t, -tt, -ttt, -tttt and -ttttt, not more");
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

int capture_options_parse(int argc, char **argv, struct capture_options *o, struct error *err)
{
	int letter, rc;

	*o = (struct capture_options){
		.snap = CAPTURE_SNAP_DEFAULT,
		.buffer_kib = BUFFER_KIB_DEFAULT,
		.format = SAVEFILE_PCAPNG,
		.micro = true,
	};
	optind = 0;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		rc = letter == '?' || letter == ':' ? complain_option(letter, argv, err)
						    : take(letter, o, err);
		if (rc)
			return rc;
		if (letter == 'w' && (ends_with(o->write, ".pcap") || ends_with(o->write, ".cap")))
			o->format = SAVEFILE_PCAP;
	}
	if (optind < argc && o->expression)
		return error_set(err, -EINVAL,
				 "the expression comes from -F or from the command "
				 "line, not from both");
	if (!o->expression)
		join_operands(argc, argv, o);
	return check(o, err);
}

void capture_options_deinit(struct capture_options *o)
{
	for (uint32_t i = 0; i < o->n_devices; i++)
		free(o->devices[i]);
	free(o->expression);
}
