/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PCAP_DONT_INCLUDE_PCAP_BPF_H
#include <pcap/dlt.h>
#include <pcap/pcap.h>

#include "buffer.h"
#include "capture.h"

#define NS_PER_S   1000000000ull
#define SLL_BYTES  16
#define SLL2_BYTES 20

/* How packets of a link type become Ethernet frames. */
enum framing {
	FRAMING_NONE,
	FRAMING_RAW_IP,
	FRAMING_SLL,
	FRAMING_SLL2,
	FRAMING_NULL
};

struct capture {
	pcap_t *pcap;
	char *path;
	int link;
	enum framing framing;
	uint64_t file_bytes; /* 0: unknown */
	uint64_t n_packets;
	uint8_t frame[CAPTURE_ETHERNET_BYTES + CAPTURE_PACKET_BYTES_MAX];
};

struct capture_writer {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	char *path;
	uint32_t skip; /* bytes of an Ethernet header to take off */
};

static int framing_of(int link, enum framing *framing)
{
	switch (link) {
	case DLT_EN10MB:
		*framing = FRAMING_NONE;
		return 0;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		*framing = FRAMING_RAW_IP;
		return 0;
	case DLT_LINUX_SLL:
		*framing = FRAMING_SLL;
		return 0;
	case DLT_LINUX_SLL2:
		*framing = FRAMING_SLL2;
		return 0;
	case DLT_NULL:
	case DLT_LOOP:
		*framing = FRAMING_NULL;
		return 0;
	}
	return -ENOTSUP;
}

const char *capture_link_name(const struct capture *cap)
{
	const char *name = pcap_datalink_val_to_name(cap->link);

	return name ? name : "unknown";
}

bool capture_is_framed(const struct capture *cap)
{
	return cap->framing != FRAMING_NONE;
}

int capture_open(const char *path, struct capture **out, struct error *err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	char why[PCAP_ERRBUF_SIZE] = "";
	struct capture *cap = xcalloc(1, sizeof(*cap));
	struct stat st;
	int rc;

	cap->path = xstrdup(name);
	cap->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!cap->pcap) {
		/* libpcap names the file only when it cannot be opened. */
		rc = strncmp(why, path, strlen(path)) == 0
			     ? error_set(err, -EINVAL, "cannot open the capture %s", why)
			     : error_set(err, -EINVAL, "%s is not a capture libpcap can read: %s",
					 name, why);
		capture_close(cap);
		return rc;
	}
	cap->link = pcap_datalink(cap->pcap);
	if (framing_of(cap->link, &cap->framing)) {
		rc = error_set(err, -ENOTSUP,
			       "%s has link type %s; programs take Ethernet, raw IP, Linux cooked "
			       "or loopback captures",
			       name, capture_link_name(cap));
		capture_close(cap);
		return rc;
	}
	if (fstat(fileno(pcap_file(cap->pcap)), &st) == 0 && S_ISREG(st.st_mode))
		cap->file_bytes = st.st_size;
	*out = cap;
	return 0;
}

void capture_close(struct capture *cap)
{
	if (!cap)
		return;
	if (cap->pcap)
		pcap_close(cap->pcap);
	free(cap->path);
	free(cap);
}

static void put_ethertype(uint8_t *frame, uint16_t ethertype)
{
	frame[12] = ethertype >> 8;
	frame[13] = ethertype & 0xff;
}

/* Makes an Ethernet header of what the link layer said; returns how many bytes that was, or -1. */
static int make_ethernet(struct capture *cap, const uint8_t *data, uint32_t bytes)
{
	bool six = bytes && data[0] >> 4 == 6;
	int skip = 0;

	memset(cap->frame, 0, CAPTURE_ETHERNET_BYTES);
	if (cap->framing == FRAMING_SLL) {
		skip = SLL_BYTES;
		if (bytes < SLL_BYTES)
			return -1;
		memcpy(cap->frame + 6, data + 6, 6);
		memcpy(cap->frame + 12, data + 14, 2);
		return skip;
	}
	if (cap->framing == FRAMING_SLL2) {
		skip = SLL2_BYTES;
		if (bytes < SLL2_BYTES)
			return -1;
		memcpy(cap->frame + 6, data + 12, 6);
		memcpy(cap->frame + 12, data, 2);
		return skip;
	}
	if (cap->framing == FRAMING_NULL) {
		skip = 4;
		if (bytes < 4)
			return -1;
		six = bytes > 4 && data[4] >> 4 == 6;
	}
	put_ethertype(cap->frame, six ? 0x86dd : 0x0800);
	return skip;
}

static void frame_packet(struct capture *cap, struct packet *packet)
{
	int skip = make_ethernet(cap, packet->data, packet->bytes);

	if (skip < 0)
		return;
	memcpy(cap->frame + CAPTURE_ETHERNET_BYTES, packet->data + skip, packet->bytes - skip);
	packet->data = cap->frame;
	packet->bytes += CAPTURE_ETHERNET_BYTES - skip;
	packet->wire_bytes += CAPTURE_ETHERNET_BYTES - skip;
}

int capture_next(struct capture *cap, struct packet *packet, struct error *err)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc = pcap_next_ex(cap->pcap, &header, &data);

	if (rc == PCAP_ERROR_BREAK)
		return 0;
	if (rc != 1)
		return error_set(err, -EBADMSG, "%s breaks off after packet %llu: %s", cap->path,
				 (unsigned long long)cap->n_packets, pcap_geterr(cap->pcap));
	if (header->caplen > CAPTURE_PACKET_BYTES_MAX)
		return error_set(err, -EBADMSG,
				 "%s: packet %llu has %u bytes, more than a capture holds",
				 cap->path, (unsigned long long)cap->n_packets + 1, header->caplen);
	cap->n_packets++;
	packet->data = data;
	packet->bytes = header->caplen;
	packet->wire_bytes = header->len;
	packet->time_ns = (uint64_t)header->ts.tv_sec * NS_PER_S + (uint64_t)header->ts.tv_usec;
	if (cap->framing != FRAMING_NONE)
		frame_packet(cap, packet);
	return 1;
}

double capture_progress(const struct capture *cap)
{
	long at = ftell(pcap_file(cap->pcap));

	return cap->file_bytes && at >= 0 ? (double)at / cap->file_bytes : -1;
}

int capture_writer_open(const char *path, const struct capture *cap, struct capture_writer **out,
			struct error *err)
{
	/* What was cooked is written as raw IP: the program saw, and may have changed, the rest. */
	int link = cap->framing == FRAMING_NONE ? DLT_EN10MB : DLT_RAW;
	struct capture_writer *w = xcalloc(1, sizeof(*w));
	int rc;

	w->path = xstrdup(path);
	w->skip = link == DLT_RAW ? CAPTURE_ETHERNET_BYTES : 0;
	w->pcap = pcap_open_dead_with_tstamp_precision(link, CAPTURE_PACKET_BYTES_MAX,
						       PCAP_TSTAMP_PRECISION_NANO);
	w->dumper = w->pcap ? pcap_dump_open(w->pcap, path) : NULL;
	if (!w->dumper) {
		const char *why = w->pcap ? pcap_geterr(w->pcap) : "out of memory";

		/* libpcap begins with the name. */
		rc = strncmp(why, path, strlen(path)) == 0
			     ? error_set(err, -EIO, "cannot write %s", why)
			     : error_set(err, -EIO, "cannot write %s: %s", path, why);
		if (w->pcap)
			pcap_close(w->pcap);
		free(w->path);
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void capture_write(struct capture_writer *w, const struct packet *packet)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = packet->time_ns / NS_PER_S,
			.tv_usec = packet->time_ns % NS_PER_S },
	};

	if (packet->bytes < w->skip)
		return;
	header.caplen = packet->bytes - w->skip;
	header.len = packet->wire_bytes - w->skip;
	pcap_dump((u_char *)w->dumper, &header, packet->data + w->skip);
}

int capture_writer_close(struct capture_writer *w, struct error *err)
{
	int rc = 0;

	if (!w)
		return 0;
	errno = 0;
	if (pcap_dump_flush(w->dumper) || ferror(pcap_dump_file(w->dumper)))
		rc = error_set(err, -EIO, "cannot write all of %s: %s", w->path,
			       errno ? strerror(errno) : "input/output error");
	pcap_dump_close(w->dumper);
	pcap_close(w->pcap);
	free(w->path);
	free(w);
	return rc;
}
