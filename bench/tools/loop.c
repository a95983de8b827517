/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop syscalls N: the time of one getppid, in ns.
 * loop pingpong N: the time of one message there and back over TCP on loopback, 64 bytes, both ends on
 * one CPU, in ns.
 * loop uprobe N: the time of one call of loop_probed(), in ns.
 * Prints one number: the least of 5 parts of N.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTS	      5
#define MESSAGE_BYTES 64

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

long loop_probed(long a, long b);

__attribute__((noinline, used)) long loop_probed(long a, long b)
{
	__asm__ volatile("" ::: "memory");
	return a + b;
}

static void calls(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		syscall(SYS_getppid);
}

static void probed(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		loop_probed((long)i, 1);
}

static int peer[2]; /* the client's socket, the server's */

static void exchange(uint64_t n)
{
	char message[MESSAGE_BYTES] = { 0 };

	for (uint64_t i = 0; i < n; i++)
		if (send(peer[0], message, sizeof(message), 0) != sizeof(message) ||
		    recv(peer[0], message, sizeof(message), MSG_WAITALL) != sizeof(message))
			exit(1);
}

static void echo(void)
{
	char message[MESSAGE_BYTES];
	ssize_t n;

	while ((n = recv(peer[1], message, sizeof(message), 0)) > 0)
		if (send(peer[1], message, (size_t)n, 0) != n)
			break;
	_exit(0);
}

static void connect_peers(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t bytes = sizeof(address);

	peer[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 1) ||
	    getsockname(listener, (void *)&address, &bytes) ||
	    connect(peer[0], (void *)&address, sizeof(address)))
		exit(1);
	peer[1] = accept(listener, NULL, NULL);
	setsockopt(peer[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(peer[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fork() == 0) {
		close(peer[0]);
		echo();
	}
	close(peer[1]);
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	void (*work)(uint64_t) = calls;
	double best = 1e18;
	uint64_t n;

	if (argc != 3)
		return 2;
	n = strtoull(argv[2], NULL, 10) / PARTS;
	pin();
	if (strcmp(argv[1], "pingpong") == 0) {
		connect_peers();
		work = exchange;
	} else if (strcmp(argv[1], "uprobe") == 0) {
		work = probed;
	}
	work(n / 10 + 1);
	for (int part = 0; part < PARTS; part++) {
		uint64_t start = now_ns();
		double ns;

		work(n);
		ns = (double)(now_ns() - start) / (double)n;
		best = ns < best ? ns : best;
	}
	printf("%.1f\n", best);
	if (work == exchange) {
		close(peer[0]);
		wait(NULL);
	}
	return 0;
}
