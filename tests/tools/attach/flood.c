/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood IFACE COUNT [PER-SECOND]: sends so many IPv4 packets on a device of its network namespace, as fast
 * as it can or at a rate, and prints how many were sent and how many a second. Time to live runs from
 * 1 to 255 and total length from 46 by the packet's number, so that a reader can check what it saw.
 * For devices of namespaces made for a test, never for the machine's own.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH	    64
#define LENGTH_MIN  46
#define LENGTH_STEP 16
#define FRAME_BYTES (ETH_HLEN + LENGTH_MIN + LENGTH_STEP)
#define IP_AT	    ETH_HLEN

struct batch {
	uint8_t frames[BATCH][FRAME_BYTES];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_frame(uint8_t *frame)
{
	static const uint8_t head[] = {
		0x02, 0, 0, 0, 0,   2, 0x02, 0, 0,  0,		 0, 1, 0x08, 0x00, /* Ethernet */
		0x45, 0, 0, 0, 0,   0, 0,    0, 64, IPPROTO_UDP, 0, 0, /* IPv4, no checksum */
		192,  0, 2, 1, 192, 0, 2,    2,
	};

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, head, sizeof(head));
}

static void number_frame(struct batch *b, unsigned int i, uint64_t number)
{
	uint8_t *ip = b->frames[i] + IP_AT;
	uint16_t length = (uint16_t)(LENGTH_MIN + number % LENGTH_STEP);

	ip[2] = (uint8_t)(length >> 8);
	ip[3] = (uint8_t)length;
	ip[8] = (uint8_t)(1 + number % 255);
	b->iov[i].iov_len = (size_t)ETH_HLEN + length;
}

static void prepare(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	for (unsigned int i = 0; i < BATCH; i++) {
		make_frame(b->frames[i]);
		b->iov[i].iov_base = b->frames[i];
		b->messages[i].msg_hdr.msg_iov = &b->iov[i];
		b->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static int open_socket(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = (int)if_nametoindex(device);
	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return fd;
}

/* How many of the batch were sent, or -1. */
static int send_batch(int fd, struct batch *b, uint64_t first, uint64_t left)
{
	unsigned int n = left < BATCH ? (unsigned int)left : BATCH;

	for (unsigned int i = 0; i < n; i++)
		number_frame(b, i, first + i);
	for (;;) {
		int sent = sendmmsg(fd, b->messages, n, 0);

		if (sent > 0 || (errno != ENOBUFS && errno != EINTR && errno != EAGAIN))
			return sent;
	}
}

int main(int argc, char **argv)
{
	static struct batch batch;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, sent = 0;
	double rate = argc > 3 ? strtod(argv[3], NULL) : 0, start = now();
	int fd = argc > 2 ? open_socket(argv[1]) : -1;

	if (fd < 0) {
		fprintf(stderr, "flood: IFACE COUNT [PER-SECOND]: %s\n", strerror(errno));
		return 1;
	}
	prepare(&batch);
	while (sent < count) {
		int n = send_batch(fd, &batch, sent, count - sent);

		if (n < 0) {
			fprintf(stderr, "flood: %s\n", strerror(errno));
			break;
		}
		sent += (uint64_t)n;
		while (rate > 0 && (double)sent / rate > now() - start)
			;
	}
	printf("%llu %.0f\n", (unsigned long long)sent, (double)sent / (now() - start));
	return sent == count ? 0 : 1;
}
