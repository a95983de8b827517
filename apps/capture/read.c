/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from a file (-r): libpcap reads it, the engine in this process filters. No privilege. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PCAP_DONT_INCLUDE_PCAP_BPF_H
#include <pcap/pcap.h>

#include "capture/capture.h"
#include "capture/comments.h"
#include "capture/filter.h"
#include "capture/link.h"
#include "capture/sink.h"
#include "engine.h"

#define NS_PER_S 1000000000ull

struct reader {
	const struct capture_options *options;
	pcap_t *pcap;
	int link_type;
	enum line_link link;
	struct filter_prog filter;
	struct comments *comments; /* NULL: there are none, or nobody wants them */
	struct sink *sink;
};

static int open_file(struct reader *r, struct error *err)
{
	const char *path = r->options->read;
	char why[PCAP_ERRBUF_SIZE] = "";
	const char *name;

	r->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!r->pcap)
		return strncmp(why, path, strlen(path)) == 0
			       ? error_set(err, -EINVAL, "%s", why)
			       : error_set(err, -EINVAL, "%s: %s", path, why);
	r->link_type = pcap_datalink(r->pcap);
	name = pcap_datalink_val_to_name(r->link_type);
	if (link_of_type(r->link_type, &r->link))
		return error_set(err, -ENOTSUP,
				 "%s has link type %s; Ethernet, raw IP, Linux cooked and loopback "
				 "captures can be read",
				 path, name ? name : "unknown");
	fprintf(stderr, "reading from file %s, link-type %s (%s), snapshot length %d\n", path, name,
		pcap_datalink_val_to_description(r->link_type), pcap_snapshot(r->pcap));
	return 0;
}

static int take_packet(struct reader *r, const struct pcap_pkthdr *head, const uint8_t *data,
		       struct error *err)
{
	struct captured c = {
		.packet = {
			.data = data,
			.bytes = head->caplen,
			.wire_bytes = head->len > head->caplen ? head->len : head->caplen,
			.time_ns = (uint64_t)head->ts.tv_sec * NS_PER_S +
				   (uint64_t)head->ts.tv_usec, /* ns, as asked for */
			.link = r->link,
		},
	};
	int64_t verdict;

	if (r->comments)
		c.comment = comments_next(r->comments);
	verdict = filter_run(&r->filter, data, head->caplen, c.packet.wire_bytes);
	if (verdict < 0)
		return error_set(err, (int)verdict, "the filter did not run on packet %llu: %s",
				 (unsigned long long)sink_packets(r->sink) + 1,
				 strerror((int)-verdict));
	if (!verdict)
		return 0;
	if (c.packet.bytes > r->options->snap)
		c.packet.bytes = r->options->snap;
	return sink_packet(r->sink, &c, err);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

/* Ctrl-C ends the reading: what was read is shown. A read that waits (of a pipe) is not begun again. */
static void watch_signals(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	struct sigaction hangup = { 0 };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
}

static int read_all(struct reader *r, struct error *err)
{
	struct pcap_pkthdr *head;
	const u_char *data;
	int got = PCAP_ERROR_BREAK, rc = 0;

	interrupted = 0;
	signal(SIGUSR1, SIG_IGN); /* tcpdump says no statistics of a file either */
	signal(SIGUSR2, SIG_IGN);
	watch_signals(on_signal);
	while (!rc && !interrupted && (got = pcap_next_ex(r->pcap, &head, &data)) == 1)
		rc = take_packet(r, head, data, err);
	watch_signals(SIG_DFL);
	if (!rc && got != PCAP_ERROR_BREAK && !interrupted)
		return error_set(err, -EINVAL, "%s: %s", r->options->read, pcap_geterr(r->pcap));
	return rc < 0 ? rc : 0;
}

static bool wants_comments(const struct capture_options *o)
{
	return o->owners || o->json || o->line.verbose ||
	       (o->write && o->format == SAVEFILE_PCAPNG);
}

static int run(struct reader *r, const struct expression *e, struct error *err)
{
	const struct classic_setup setup = {
		.link_type = r->link_type,
		.snap = CAPTURE_SNAP_DEFAULT,
		.unoptimized = r->options->unoptimized,
		.netmask = UINT32_MAX,
	};
	int rc = filter_load(e->packet, &setup, &r->filter, err), close_rc;
	struct error second;

	if (rc)
		return rc;
	if (wants_comments(r->options))
		r->comments = comments_open(r->options->read);
	rc = capture_become(r->options, err);
	if (!rc)
		rc = sink_open(r->options, link_of_file(r->link_type), r->options->snap, &r->sink,
			       err);
	if (rc) {
		comments_close(r->comments);
		return rc;
	}
	rc = read_all(r, err);
	if (r->options->count_only)
		sink_print_count(r->sink);
	comments_close(r->comments);
	close_rc = sink_close(r->sink, &second);
	if (!rc && close_rc) {
		*err = second;
		rc = close_rc;
	}
	return rc;
}

int capture_read(const struct capture_options *options, const struct expression *e,
		 struct error *err)
{
	const struct engine_setup setup = { .kind = ENGINE_USER };
	struct reader r = { .options = options, .filter = { .prog_fd = -1 } };
	int rc;

	if (e->n_owner)
		return error_set(err, -EINVAL,
				 "'%s': a file does not say which process sent its packets",
				 e->owner[0].text);
	rc = open_file(&r, err);
	if (!rc)
		rc = engine_enter(&setup, err);
	if (!rc) {
		rc = run(&r, e, err);
		filter_unload(&r.filter);
		engine_leave();
	}
	if (r.pcap)
		pcap_close(r.pcap);
	return rc;
}
