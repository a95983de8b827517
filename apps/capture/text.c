/* SPDX-License-Identifier: BSD-2-Clause */
/* Protocols of lines of text: the first, or with -v all up to what is none. */
#include <strings.h>

#include "capture/layer.h"

enum {
	WORD_MAX_BYTES = 128,
};

static const char *const http[] = { "GET",
				    "PUT",
				    "COPY",
				    "HEAD",
				    "LOCK",
				    "MOVE",
				    "POLL",
				    "POST",
				    "BCOPY",
				    "BMOVE",
				    "MKCOL",
				    "TRACE",
				    "LABEL",
				    "MERGE",
				    "DELETE",
				    "SEARCH",
				    "UNLOCK",
				    "REPORT",
				    "UPDATE",
				    "NOTIFY",
				    "BDELETE",
				    "CONNECT",
				    "OPTIONS",
				    "CHECKIN",
				    "PROPFIND",
				    "CHECKOUT",
				    "CCM_POST",
				    "SUBSCRIBE",
				    "PROPPATCH",
				    "BPROPFIND",
				    "BPROPPATCH",
				    "UNCHECKOUT",
				    "MKACTIVITY",
				    "MKWORKSPACE",
				    "UNSUBSCRIBE",
				    "RPC_CONNECT",
				    "VERSION-CONTROL",
				    "BASELINE-CONTROL",
				    NULL };

static const char *const rtsp[] = { "DESCRIBE", "ANNOUNCE",	 "GET_PARAMETER", "OPTIONS",
				    "PAUSE",	"PLAY",		 "RECORD",	  "REDIRECT",
				    "SETUP",	"SET_PARAMETER", "TEARDOWN",	  NULL };

static const char *const sip[] = { "ACK",      "BYE",	 "CANCEL",    "DO",	"INFO",	   "INVITE",
				   "MESSAGE",  "NOTIFY", "OPTIONS",   "PRACK",	"QAUTH",   "REFER",
				   "REGISTER", "SPRACK", "SUBSCRIBE", "UPDATE", "PUBLISH", NULL };

/* With words, only what begins with one of them is shown, or has a number of three digits second. */
static const struct {
	const char *name, *key;
	const char *const *words;
} protocols[] = {
	[TEXT_FTP] = { "FTP", "ftp", NULL },	   [TEXT_HTTP] = { "HTTP", "http", http },
	[TEXT_RTSP] = { "RTSP", "rtsp", rtsp },	   [TEXT_SIP] = { "SIP", "sip", sip },
	[TEXT_SMTP] = { "SMTP", "smtp", NULL },	   [TEXT_SSH] = { "SSH", "ssh", NULL },
	[TEXT_WHOIS] = { "WHOIS", "whois", NULL },
};

/*
 * A line's bytes up to its end; *next is behind it: 0 when the line does not print, UINT32_MAX when it
 * does not end. @is_cut: more of it was sent than captured.
 */
static uint32_t text_line(const uint8_t *p, uint32_t bytes, bool is_cut, uint32_t *next)
{
	*next = 0;
	for (uint32_t i = 0; i < bytes; i++) {
		if (p[i] == '\n') {
			*next = i + 1;
			return i && p[i - 1] == '\r' ? i - 1 : i;
		}
		if (p[i] == '\r') {
			if (i + 1 < bytes && p[i + 1] == '\n')
				continue;
			if (i + 1 == bytes && is_cut)
				break;
			return 0;
		}
		if (p[i] >= 128 || ((p[i] < 32 || p[i] == 127) && p[i] != '\t'))
			return 0;
	}
	*next = UINT32_MAX;
	return bytes;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The word at *at, and *at behind it and the blanks that follow; false: it does not print or end. */
static bool next_word(const uint8_t *p, uint32_t bytes, bool is_cut, uint32_t *at, char *word)
{
	uint32_t n = 0;

	for (; *at < bytes && !is_space(p[*at]); (*at)++) {
		if (p[*at] < 32 || p[*at] >= 127 || n == WORD_MAX_BYTES - 1)
			return false;
		word[n++] = (char)p[*at];
	}
	word[n] = '\0';
	if (!n || (*at == bytes && is_cut))
		return false;
	while (*at < bytes && p[*at] == ' ')
		(*at)++;
	return true;
}

static bool is_begun(const char *const *words, const uint8_t *p, uint32_t bytes, bool is_cut)
{
	char word[WORD_MAX_BYTES];
	uint32_t at = 0;

	if (!next_word(p, bytes, is_cut, &at, word))
		return false;
	for (; *words; words++)
		if (strcasecmp(word, *words) == 0)
			return true;
	return next_word(p, bytes, is_cut, &at, word) && strlen(word) == 3 &&
	       strspn(word, "0123456789") == 3;
}

static bool is_shown(struct layer *l, enum text_protocol protocol, const uint8_t *p,
		     uint32_t length)
{
	const char *const *words = protocols[protocol].words;
	uint32_t bytes = layer_captured(l, p, length);

	return !words || is_begun(words, p, bytes, bytes < length);
}

/* The greeting is text, the rest is not. */
static void print_ssh(struct layer *l, const char *before, const uint8_t *p, uint32_t length)
{
	uint32_t bytes = layer_captured(l, p, length), next, n;

	for (uint32_t i = 0; i < 4; i++) {
		if (!layer_has(l, p, i + 1)) {
			layer_lost(l, "ssh");
			return;
		}
		if (p[i] != "SSH-"[i])
			return;
	}
	n = text_line(p, bytes, bytes < length, &next);
	if (next == UINT32_MAX && bytes < length)
		layer_lost(l, "ssh");
	if (!next || next == UINT32_MAX)
		return;
	buffer_format(l->out, "%sSSH: ", before);
	layer_text(l, p, n);
}

/* A line behind @before: how many bytes it takes with its end; 0: it is the last that is shown. */
static uint32_t print_line(struct layer *l, enum text_protocol protocol, const char *before,
			   const uint8_t *p, uint32_t length)
{
	uint32_t bytes = layer_captured(l, p, length), next,
		 n = text_line(p, bytes, bytes < length, &next);

	if (!next)
		return 0;
	if (next != UINT32_MAX || bytes == length) {
		buffer_text(l->out, before);
		buffer_add(l->out, p, n); /* it prints, but for tabs */
	}
	if (next != UINT32_MAX)
		return next;
	layer_truncated(l, protocols[protocol].key);
	l->is_cut |= bytes < length;
	return 0;
}

void print_text(struct layer *l, enum text_protocol protocol, const char *before, const uint8_t *p,
		uint32_t length)
{
	if (protocol == TEXT_SSH) {
		print_ssh(l, before, p, length);
		return;
	}
	buffer_format(l->out, "%s%s", before, protocols[protocol].name);
	if (!is_shown(l, protocol, p, length))
		return;
	if (!l->options->verbose) {
		if (length)
			print_line(l, protocol, ": ", p, length);
		return;
	}
	buffer_format(l->out, ", length: %u", length);
	while (length) {
		uint32_t bytes = print_line(l, protocol, "\n\t", p, length);

		if (!bytes)
			return;
		p += bytes;
		length -= bytes;
	}
}
