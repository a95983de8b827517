/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of devices by a packet socket (libpcap): where tc is not to be had, and for devices without a
 * link-level header. It cannot say whose a packet is.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "buffer.h"
#include "capture/capture.h"
#include "capture/link.h"
#include "capture/signals.h"
#include "capture/sink.h"
#include "tool/loop.h"

#define NS_PER_S 1000000000ull

enum {
	BATCH = 256, /* packets taken before other things get their turn */
	KIB = 1024,
};

struct socket_capture {
	const struct capture_options *options;
	const char *device;
	pcap_t *pcap;
	enum line_link link;
	struct sink *sink;
	struct signals signals;
	struct loop loop;
	struct error failure;
	int failed;
};

static int fail(struct socket_capture *s, int rc, struct error *err)
{
	const char *why = pcap_geterr(s->pcap);

	return error_set(err, -EIO, "%s: %s", s->device, *why ? why : pcap_statustostr(rc));
}

static int open_device(struct socket_capture *s, struct error *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	int rc;

	s->pcap = pcap_create(s->device, why);
	if (!s->pcap)
		return error_set(err, -EIO, "%s: %s", s->device, why);
	pcap_set_snaplen(s->pcap, (int)s->options->snap);
	pcap_set_timeout(s->pcap, 100);
	pcap_set_immediate_mode(s->pcap, s->options->immediate);
	pcap_set_buffer_size(s->pcap, (int)(s->options->buffer_kib * KIB));
	pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(s->pcap);
	if (rc < 0)
		return fail(s, rc, err);
	if (s->options->way != SAVEFILE_WAY_UNKNOWN &&
	    pcap_setdirection(s->pcap, s->options->way == SAVEFILE_WAY_IN ? PCAP_D_IN : PCAP_D_OUT))
		return fail(s, 0, err);
	if (link_of_type(pcap_datalink(s->pcap), &s->link))
		return error_set(err, -ENOTSUP, "%s has link type %s, which is not decoded",
				 s->device, pcap_datalink_val_to_name(pcap_datalink(s->pcap)));
	return 0;
}

static int set_filter(struct socket_capture *s, const char *packet, struct error *err)
{
	struct bpf_program program;
	int rc = 0;

	if (pcap_compile(s->pcap, &program, packet, !s->options->unoptimized, PCAP_NETMASK_UNKNOWN))
		return error_set(err, -EINVAL, "'%s': %s", packet, pcap_geterr(s->pcap));
	if (pcap_setfilter(s->pcap, &program))
		rc = fail(s, 0, err);
	pcap_freecode(&program);
	return rc;
}

static void take_packets(void *arg)
{
	struct socket_capture *s = arg;
	struct pcap_pkthdr *head;
	const u_char *data;
	int rc = 0, got = 0;

	for (uint32_t i = 0; i < BATCH && !rc; i++) {
		struct captured c = { .interface = s->device };

		got = pcap_next_ex(s->pcap, &head, &data);
		if (got != 1)
			break;
		c.packet = (struct line_packet){
			.data = data,
			.bytes = head->caplen,
			.wire_bytes = head->len > head->caplen ? head->len : head->caplen,
			.time_ns = (uint64_t)head->ts.tv_sec * NS_PER_S +
				   (uint64_t)head->ts.tv_usec, /* ns, as asked for */
			.link = s->link,
		};
		rc = sink_packet(s->sink, &c, &s->failure);
	}
	if (got < 0)
		rc = fail(s, got, &s->failure);
	if (!rc)
		rc = sink_flush(s->sink, &s->failure);
	if (rc) {
		s->failed = rc < 0 ? rc : 0;
		loop_stop(&s->loop);
	}
}

static void report(struct socket_capture *s)
{
	struct pcap_stat stat = { 0 };
	struct savefile_counts counts = { 0 };

	if (pcap_stats(s->pcap, &stat))
		return;
	counts.received = counts.accepted = stat.ps_recv;
	counts.dropped = stat.ps_drop;
	sink_counts(s->sink, &counts);
	fprintf(stderr,
		"%llu packets captured\n%u packets passed the filter\n"
		"%u packets dropped (ring full)\n",
		(unsigned long long)sink_packets(s->sink), stat.ps_recv, stat.ps_drop);
}

/* SIGUSR1: how far it is. */
static void tell(void *arg)
{
	struct socket_capture *s = arg;
	struct pcap_stat stat = { 0 };

	if (s->sink && pcap_stats(s->pcap, &stat) == 0)
		signals_tell(sink_packets(s->sink), stat.ps_recv, stat.ps_drop);
}

/* SIGUSR2. */
static void write_out(void *arg)
{
	struct socket_capture *s = arg;

	if (!s->failed && s->sink)
		s->failed = sink_write_out(s->sink, &s->failure);
	if (s->failed)
		loop_stop(&s->loop);
}

static int capture(struct socket_capture *s, const struct expression *e, struct error *err)
{
	const struct loop_setup loop = { .duration_ns = s->options->duration_ns };
	char why[PCAP_ERRBUF_SIZE];
	int rc = open_device(s, err);

	if (!rc)
		rc = set_filter(s, e->packet, err);
	if (!rc && pcap_setnonblock(s->pcap, 1, why))
		rc = error_set(err, -EIO, "%s: %s", s->device, why);
	if (!rc)
		rc = loop_init(&s->loop, &loop, err);
	if (!rc)
		rc = signals_open(&s->signals, &s->loop, err);
	if (!rc)
		rc = loop_add_fd(&s->loop, pcap_get_selectable_fd(s->pcap), take_packets, s, err);
	if (!rc)
		rc = capture_become(s->options, err);
	if (!rc)
		rc = sink_open(s->options, link_of_file(pcap_datalink(s->pcap)), s->options->snap,
			       &s->sink, err);
	if (rc)
		return rc;
	fprintf(stderr, "listening on %s, link-type %s (%s), snapshot length %u bytes\n", s->device,
		pcap_datalink_val_to_name(pcap_datalink(s->pcap)),
		pcap_datalink_val_to_description(pcap_datalink(s->pcap)), s->options->snap);
	while (loop_wait(&s->loop))
		;
	report(s);
	if (s->options->count_only)
		sink_print_count(s->sink);
	if (s->failed)
		*err = s->failure;
	return s->failed;
}

int capture_socket(const struct capture_options *options, const struct expression *e,
		   struct error *err)
{
	struct socket_capture s = {
		.options = options,
		.signals = { .fd = -1, .tell = tell, .write_out = write_out, .arg = &s },
	};
	struct error second;
	int rc, close_rc = 0;

	if (e->n_owner)
		return error_set(
			err, -ENOTSUP,
			"'%s': a packet socket does not say whose packets are; --by tc does",
			e->owner[0].text);
	if (options->n_devices > 1)
		return error_set(err, -ENOTSUP,
				 "a packet socket is on one device or on any: give one -i");
	s.device = options->n_devices ? options->devices[0] : "any";
	rc = capture(&s, e, err);
	if (s.sink)
		close_rc = sink_close(s.sink, rc ? &second : err);
	signals_close(&s.signals);
	loop_deinit(&s.loop);
	if (s.pcap)
		pcap_close(s.pcap);
	return rc ? rc : close_rc;
}
