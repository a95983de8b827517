/* SPDX-License-Identifier: BSD-2-Clause */
#include "child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum request_kind { REQUEST_LOAD_RESULT, REQUEST_RUN };

struct request {
	enum request_kind kind;
	struct child_run run;
};

struct reply {
	struct side_load load;
	struct child_result result;
};

static int transfer_whole(ssize_t got, size_t bytes)
{
	if (got == (ssize_t)bytes)
		return 0;
	return got < 0 ? -errno : -EPIPE;
}

/* --- in the child ------------------------------------------------------------------------------------------- */

struct worker {
	struct side *side;
	const struct child_run *run;
	uint64_t packet;
	bool reset;
	struct child_result result;
	pthread_barrier_t *start;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	uint8_t packet[SUITE_PACKET_BYTES];
	struct suite_head head;

	suite_packet(w->run->program, w->packet, packet);
	if (w->start)
		pthread_barrier_wait(w->start);
	w->result.ns = side_run(w->side, w->run->program, packet, w->run->runs, w->reset);
	memcpy(&head, packet, sizeof(head));
	w->result.sum = head.sum;
	return NULL;
}

static void run_threads(struct side *side, const struct child_run *run,
			struct child_result *result)
{
	struct worker workers[SIDE_THREADS_MAX];
	pthread_t threads[SIDE_THREADS_MAX];
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, run->threads);
	for (uint32_t i = 0; i < run->threads; i++) {
		workers[i] = (struct worker){ side, run, run->packet + i, false, { 0 }, &start };
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			abort();
	}
	for (uint32_t i = 0; i < run->threads; i++) {
		pthread_join(threads[i], NULL);
		if (!i || (result->ns >= 0 && (workers[i].result.ns < 0 ||
					       workers[i].result.ns > result->ns)))
			*result = workers[i].result;
	}
	pthread_barrier_destroy(&start);
}

static void answer(struct side *side, const struct request *request, struct reply *reply)
{
	const struct child_run *run = &request->run;
	struct worker alone = { side, run, run->packet, true, { 0 }, NULL };

	memset(reply, 0, sizeof(*reply));
	if (request->kind == REQUEST_LOAD_RESULT) {
		side_load_result(side, run->program, &reply->load);
	} else if (run->threads > 1) {
		run_threads(side, run, &reply->result);
	} else {
		work(&alone);
		reply->result = alone.result;
	}
}

static void serve(int fd, const struct side_options *options)
{
	char why[SIDE_TEXT_BYTES] = "";
	struct side *side = side_new(options, why);
	struct request request;
	struct reply reply;

	if (!side && !why[0])
		snprintf(why, sizeof(why), "no memory");
	if (write(fd, why, sizeof(why)) != sizeof(why) || !side)
		return;
	while (read(fd, &request, sizeof(request)) == sizeof(request)) {
		answer(side, &request, &reply);
		if (write(fd, &reply, sizeof(reply)) != sizeof(reply))
			break;
	}
	side_free(side);
}

/* --- in the parent ------------------------------------------------------------------------------------------ */

int child_start(struct child *child, const struct side_options *options)
{
	int fds[2];

	*child = (struct child){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	fflush(stdout);
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (!child->pid) {
		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fds[1], options);
		_exit(0);
	}
	close(fds[1]);
	child->fd = fds[0];
	return 0;
}

void child_wait_ready(struct child *child)
{
	if (read(child->fd, child->why, sizeof(child->why)) != sizeof(child->why))
		snprintf(child->why, sizeof(child->why), "its process died while loading");
}

static int ask(struct child *child, const struct request *request, struct reply *reply)
{
	int err = transfer_whole(send(child->fd, request, sizeof(*request), MSG_NOSIGNAL),
				 sizeof(*request));

	return err ? err : transfer_whole(read(child->fd, reply, sizeof(*reply)), sizeof(*reply));
}

int child_load_result(struct child *child, enum suite_program program, struct side_load *load)
{
	struct request request = { REQUEST_LOAD_RESULT, { .program = program } };
	struct reply reply;
	int err = ask(child, &request, &reply);

	if (!err)
		*load = reply.load;
	return err;
}

int child_run(struct child *child, const struct child_run *run, struct child_result *result)
{
	struct request request = { REQUEST_RUN, *run };
	struct reply reply;
	int err = ask(child, &request, &reply);

	if (!err)
		*result = reply.result;
	return err;
}

void child_stop(struct child *child)
{
	if (child->fd >= 0) {
		/* Later children have copies of the descriptor. */
		shutdown(child->fd, SHUT_RDWR);
		close(child->fd);
	}
	if (child->pid > 0)
		waitpid(child->pid, NULL, 0);
	*child = (struct child){ .fd = -1 };
}
