/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * corpus EXPRESSIONS CAPTURE PACKETS: the verdicts of skep capture's programs, run by the engine in this
 * process, against libpcap's interpreter, on so many packets for each of the expressions and pairs of
 * them. make test takes 10,000, make nightly 100,000.
 *
 * Packets are those of the capture and made ones: VLAN tags, one and two, IPv6 extension headers,
 * fragments, IP options, cut-off frames, segments of 60 KB, noise.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PCAP_DONT_INCLUDE_PCAP_BPF_H
struct bpf_program;
#include <pcap/pcap.h>

#include "capture/filter.h"
#include "engine.h"

enum {
	PACKETS_MAX = 1000000,
	EXPRESSIONS = 620,
	SOURCES_MAX = 2048,
	LINE_BYTES = 512,
	BIG_BYTES = 60000,
	SNAP = 262144,
	MARK = 1000, /* of how many packets one is big */
};

unsigned int bpf_filter(const struct sock_filter *insns, const unsigned char *packet,
			unsigned int wire_bytes, unsigned int bytes);

struct packet {
	uint8_t *data;
	uint32_t bytes, wire_bytes;
};

static struct packet sources[SOURCES_MAX], packets[PACKETS_MAX];
static uint32_t n_packets;
static uint32_t n_sources;
static char *lines[SOURCES_MAX];
static uint32_t n_lines;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void read_lines(const char *path)
{
	FILE *f = must(fopen(path, "r"));
	char line[LINE_BYTES];

	while (fgets(line, sizeof(line), f) && n_lines < SOURCES_MAX) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			lines[n_lines++] = must(strdup(line));
	}
	fclose(f);
}

static void read_sources(const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = must(pcap_open_offline(path, why));
	struct pcap_pkthdr *head;
	const u_char *data;

	while (pcap_next_ex(pcap, &head, &data) == 1 && n_sources < SOURCES_MAX) {
		struct packet *p = &sources[n_sources++];

		p->data = must(malloc(head->caplen + 1));
		memcpy(p->data, data, head->caplen);
		p->bytes = head->caplen;
		p->wire_bytes = head->len;
	}
	pcap_close(pcap);
}

static void insert(struct packet *p, uint32_t at, const void *data, uint32_t bytes)
{
	if (at > p->bytes)
		return;
	p->data = must(realloc(p->data, p->bytes + bytes + 1));
	memmove(p->data + at + bytes, p->data + at, p->bytes - at);
	memcpy(p->data + at, data, bytes);
	p->bytes += bytes;
	p->wire_bytes += bytes;
}

static void add_tag(struct packet *p)
{
	static const uint16_t protocols[] = { 0x8100, 0x88a8, 0x9100 };
	static const uint16_t ids[] = { 7, 9, 100, 0x2064, 4095 };
	uint16_t protocol = protocols[rnd() % 3], id = ids[rnd() % 5];
	const uint8_t tag[] = { protocol >> 8, protocol & 0xff, id >> 8, id & 0xff };

	insert(p, 12, tag, sizeof(tag));
}

/* A hop-by-hop, destination, routing or fragment header behind the IPv6 header. */
static void add_extension(struct packet *p)
{
	static const uint8_t kinds[] = { 0, 60, 43, 44 };
	uint8_t kind = kinds[rnd() % 4], header[8] = { 0 };

	if (p->bytes < 54 || p->data[12] != 0x86 || p->data[13] != 0xdd)
		return;
	header[0] = p->data[20];
	if (kind == 44)
		header[3] = (uint8_t)(rnd() % 2 * 8);
	p->data[20] = kind;
	insert(p, 54, header, sizeof(header));
}

static void add_options(struct packet *p)
{
	static const uint8_t options[] = { 0x94, 4, 0, 0, 1, 1, 1, 0 };

	if (p->bytes < 34 || p->data[12] != 8 || p->data[14] != 0x45)
		return;
	p->data[14] = 0x47;
	insert(p, 34, options, sizeof(options));
}

static void change(struct packet *p)
{
	uint64_t how = rnd();

	if (how % 5 == 0)
		add_extension(p);
	if (how / 5 % 6 == 0)
		add_options(p);
	if (how / 30 % 8 == 0 && p->bytes > 22)
		p->data[20 + (how >> 40) % 2] = (uint8_t)rnd(); /* IPv4's fragment offset */
	if (how / 240 % 3 == 0)
		add_tag(p);
	if (how / 720 % 9 == 0)
		add_tag(p);
	for (uint64_t n = (how >> 32) % 3; n; n--)
		p->data[rnd() % p->bytes] = (uint8_t)rnd();
	if (how >> 60 == 0)
		p->bytes = (uint32_t)(rnd() % (p->bytes + 1)); /* cut off by a snapshot length */
	else if (how >> 60 == 1)
		p->bytes = p->wire_bytes = (uint32_t)(rnd() % p->bytes + 1);
}

static void make_packets(void)
{
	for (uint32_t i = 0; i < n_packets; i++) {
		struct packet *p = &packets[i];
		const struct packet *from = &sources[rnd() % n_sources];

		p->bytes = from->bytes;
		p->wire_bytes = from->wire_bytes;
		p->data = must(malloc(p->bytes + 1));
		memcpy(p->data, from->data, p->bytes);
		if (i % MARK == 0) { /* as segmentation offload leaves them */
			p->data = must(realloc(p->data, BIG_BYTES));
			memset(p->data + p->bytes, 'x', BIG_BYTES - p->bytes);
			p->bytes = p->wire_bytes = BIG_BYTES;
		}
		if (i >= n_sources)
			change(p);
	}
}

/* The i-th expression: the lines, then pairs of them. */
static void make_expression(uint32_t i, char *text, size_t bytes)
{
	static const char *const joints[] = { "(%s) and (%s)", "(%s) or (%s)", "not (%s) and (%s)",
					      "(%s) or not (%s)" };

	if (i < n_lines)
		snprintf(text, bytes, "%s", lines[i]);
	else
		snprintf(text, bytes, joints[i % 4], lines[rnd() % n_lines], lines[rnd() % n_lines]);
}

/* 1: compared on every packet; 0: libpcap does not compile it; -1: a difference. */
static int compare(const char *text, uint64_t *n_passed)
{
	const struct classic_setup setup = { .link_type = 1, .snap = SNAP, .netmask = UINT32_MAX };
	struct filter_prog filter;
	struct error err;
	int rc = filter_load(text, &setup, &filter, &err);

	if (rc == -EINVAL)
		return 0;
	if (rc) {
		printf("%s: %s\n", text, err.text);
		return -1;
	}
	for (uint32_t i = 0; i < n_packets; i++) {
		const struct packet *p = &packets[i];
		unsigned int want =
			bpf_filter(filter.classic.insns, p->data, p->wire_bytes, p->bytes);
		int64_t got = filter_run(&filter, p->data, p->bytes, p->wire_bytes);

		*n_passed += want != 0;
		if (got != want) {
			printf("%s: packet %u of %u (%u) bytes: libpcap %u, skep %lld\n", text, i,
			       p->bytes, p->wire_bytes, want, (long long)got);
			filter_unload(&filter);
			return -1;
		}
	}
	filter_unload(&filter);
	return 1;
}

int main(int argc, char **argv)
{
	const struct engine_setup setup = { .kind = ENGINE_USER };
	uint32_t n_compared = 0, n_failed = 0;
	char text[2 * LINE_BYTES + 32];
	uint64_t n_passed = 0;
	struct error err;

	if (argc != 4)
		return 2;
	n_packets = (uint32_t)strtoul(argv[3], NULL, 10);
	if (!n_packets || n_packets > PACKETS_MAX)
		return 2;
	read_lines(argv[1]);
	read_sources(argv[2]);
	make_packets();
	if (engine_enter(&setup, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	for (uint32_t i = 0; i < EXPRESSIONS; i++) {
		int rc;

		make_expression(i, text, sizeof(text));
		rc = compare(text, &n_passed);
		n_compared += rc == 1;
		n_failed += rc < 0;
	}
	engine_leave();
	printf("%u expressions on %u packets: %u differ, %.1f %% of the packets pass\n",
	       n_compared + n_failed, n_packets, n_failed,
	       100.0 * (double)n_passed / n_packets / (n_compared ? n_compared : 1));
	/* A corpus that shrank is a failure as well. */
	return n_failed || n_compared < 500;
}
