/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: the engine sees the client's last file or mapping of an object go, and never before.
 * Method: a thing behind an fd; its release count says when its user reference ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/object.h"

static int freed, released;

static void thing_free(struct object *obj)
{
	freed++;
	free(obj);
}

static void thing_release(struct object *obj)
{
	released++;
}

static const struct object_ops thing_ops = {
	.fd_name = "bpf-map",
	.release_uref = thing_release,
	.free = thing_free,
};

struct state {
	struct engine engine;
	struct object *obj; /* the test's reference is given away: only the client's fds hold it */
	int fd;
};

static int setup(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	freed = released = 0;
	if (engine_init(&s->engine))
		return -1;
	s->obj = calloc(1, sizeof(*s->obj));
	object_init(s->obj, &s->engine, OBJECT_MAP, &thing_ops);
	if (object_fd_create(s->obj, 4096, NULL))
		return -1;
	s->fd = object_fd_open(s->obj, O_RDWR);
	object_put(s->obj);
	*state = s;
	return s->fd < 0;
}

static int teardown(void **state)
{
	struct state *s = *state;

	engine_drop_users(&s->engine);
	engine_deinit(&s->engine);
	free(s);
	return freed != 1;
}

static void fd_is_small_named_and_found(void **state)
{
	struct state *s = *state;
	char path[64], link[64] = "";
	struct object *obj = NULL;
	int mode = -1;

	assert_true(s->fd < FD_HIGH_MIN);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	assert_true(readlink(path, link, sizeof(link) - 1) > 0);
	assert_non_null(strstr(link, "bpf-map"));
	assert_int_equal(object_fd_lookup(&s->engine, s->fd, &obj, &mode), 0);
	assert_ptr_equal(obj, s->obj);
	assert_int_equal(mode, O_RDWR);
	object_put(obj);
	assert_int_equal(object_fd_lookup(&s->engine, 0, &obj, NULL), -EINVAL);
	assert_int_equal(object_fd_lookup(&s->engine, -1, &obj, NULL), -EBADF);
	assert_int_equal(object_fd_lookup(&s->engine, 9999, &obj, NULL), -EBADF);
	close(s->fd);
}

static void access_mode_is_that_of_the_open(void **state)
{
	struct state *s = *state;
	struct object *obj;
	int ro = object_fd_open(s->obj, O_RDONLY), wo = object_fd_open(s->obj, O_WRONLY), mode;

	assert_int_equal(object_fd_lookup(&s->engine, ro, &obj, &mode), 0);
	assert_int_equal(mode, O_RDONLY);
	object_put(obj);
	assert_int_equal(object_fd_lookup(&s->engine, wo, &obj, &mode), 0);
	assert_int_equal(mode, O_WRONLY);
	object_put(obj);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ro, 0), MAP_FAILED);
	close(ro);
	close(wo);
	close(s->fd);
}

static void last_close_ends_the_user_reference(void **state)
{
	struct state *s = *state;
	int two = dup(s->fd);

	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 0);
	close(two);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 1);
	assert_int_equal(freed, 1);
}

static void mapping_keeps_it_alive(void **state)
{
	struct state *s = *state;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 0);
	munmap(p, 4096);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 1);
}

/* Two equal events in a row are one in the queue: the second close must not be lost with it. */
static void merged_close_events_lose_nothing(void **state)
{
	struct state *s = *state;
	int two = object_fd_open(s->obj, O_RDWR), three = object_fd_open(s->obj, O_RDWR);

	close(two);
	close(three);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 0);
	two = object_fd_open(s->obj, O_RDWR);
	close(two);
	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 1);
}

/* A client re-opens through /proc and closes that: an event, but no last close. */
static void false_close_is_not_believed(void **state)
{
	struct state *s = *state;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	for (int i = 0; i < 100; i++) {
		int again = open(path, i & 1 ? O_RDWR : O_RDONLY);

		assert_true(again >= 0);
		close(again);
		fd_table_poll(&s->engine);
		assert_int_equal(released, 0);
	}
	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 1);
}

/* More events than the queue takes: everything is asked. */
static void overflow_asks_everybody(void **state)
{
	struct state *s = *state;
	int other = memfd_create("other", 0), watch;
	char path[64];

	watch = fd_table_watch(&s->engine, other, 0xfff);
	assert_true(watch >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", other);
	for (int i = 0; i < 20000; i++)
		close(open(path, i & 1 ? O_RDWR : O_RDONLY));
	close(s->fd);
	fd_table_poll(&s->engine);
	fd_table_unwatch(&s->engine, watch);
	close(other);
	assert_int_equal(released, 1);
}

static void descriptor_in_flight_keeps_it_alive(void **state)
{
	struct state *s = *state;
	int pair[2];
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &s->fd, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 0);
	close(pair[0]);
	close(pair[1]);
	for (int i = 0; i < 100 && !released; i++) {
		usleep(1000);
		fd_table_poll(&s->engine);
	}
	assert_int_equal(released, 1);
}

static void child_of_a_fork_keeps_it_alive(void **state)
{
	struct state *s = *state;
	int go[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (!pid) {
		fd_table_after_fork(&s->engine);
		close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
	}
	close(go[0]);
	close(s->fd);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 0);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fd_table_poll(&s->engine);
	assert_int_equal(released, 1);
}

static void freeze_forbids_new_writers_only(void **state)
{
	struct state *s = *state;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);

	assert_int_equal(object_fd_freeze(s->obj, NULL), -EBUSY);
	munmap(p, 4096);
	assert_int_equal(object_fd_freeze(s->obj, NULL), 0);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, s->fd, 0), MAP_FAILED);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	munmap(p, 4096);
	close(s->fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(fd_is_small_named_and_found),
		TEST(access_mode_is_that_of_the_open),
		TEST(last_close_ends_the_user_reference),
		TEST(mapping_keeps_it_alive),
		TEST(merged_close_events_lose_nothing),
		TEST(false_close_is_not_believed),
		TEST(overflow_asks_everybody),
		TEST(descriptor_in_flight_keeps_it_alive),
		TEST(child_of_a_fork_keeps_it_alive),
		TEST(freeze_forbids_new_writers_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
