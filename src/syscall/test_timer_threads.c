/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: timers may be armed, cancelled, fired and freed with their elements and maps by any threads at
 * once, and after fork. Method: threads that do each of it on the same few elements while the
 * engine's own thread fires; the engine is freed with timers armed. Under TSan it also says that
 * nothing of it was a race.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "syscall/test_timer.h"

#define ROUNDS 400
#define FIRED_MIN 20
#define WAIT_MS 10000

/* r6 = the value of a key that chance chooses, or out */
#define SOME_VALUE(map)                                                                            \
	"call bpf_get_prandom_u32\n"                                                               \
	"r0 &= 3\n"                                                                                \
	"*(u32 *)(r10 -4) = r0\n"                                                                  \
	"r2 = r10\n"                                                                               \
	"r2 += -4\n"                                                                               \
	"r1 = " map "\n"                                                                           \
	"call bpf_map_lookup_elem\n"                                                               \
	"if r0 == 0 goto out\n"                                                                    \
	"r6 = r0\n"
#define ARM(map, ns)                                                                               \
	SOME_VALUE(map)                                                                            \
	TIMER "r2 = " map "\n"                                                                     \
	      "r3 = 1\n"                                                                           \
	      "call bpf_timer_init\n" TIMER "r2 = subprog[cb]\n"                                   \
	      "call bpf_timer_set_callback\n" TIMER "r2 = " ns "\n"                                \
	      "r3 = 0\n"                                                                           \
	      "call bpf_timer_start\n"
#define OUT                                                                                        \
	"out: r0 = 0\n"                                                                            \
	"exit\n"
/* Counts in M4[0], then arms itself again. */
#define CALLBACK                                                                                   \
	"cb: r6 = r3\n"                                                                            \
	"*(u32 *)(r10 -4) = 0\n"                                                                   \
	"r2 = r10\n"                                                                               \
	"r2 += -4\n"                                                                               \
	"r1 = M4\n"                                                                                \
	"call bpf_map_lookup_elem\n"                                                               \
	"if r0 == 0 goto +2\n"                                                                     \
	"r1 = 1\n"                                                                                 \
	"lock *(u64 *)(r0 +0) += r1\n" TIMER "r2 = 20000\n"                                        \
	"r3 = 0\n"                                                                                 \
	"call bpf_timer_start\n"                                                                   \
	"r0 = 0\n"                                                                                 \
	"exit\n"

static const char *const texts[] = {
	ARM("M0", "1000") OUT CALLBACK,
	ARM("M1", "1000") OUT CALLBACK,
	ARM("M2", "1000") OUT CALLBACK,
	SOME_VALUE("M0") TIMER "call bpf_timer_cancel\n" OUT,
	SOME_VALUE("M1") TIMER "call bpf_timer_cancel\n" OUT,
	ARM("M1", "5000") OUT "cb: call bpf_map_delete_elem\nr0 = 0\nexit\n",
};

/* TSan takes it amiss that a forked child starts threads, though it can follow them well enough. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

static int progs[ARRAY_SIZE(texts)];
static _Atomic int failures;

static void expect(bool ok)
{
	if (!ok)
		atomic_fetch_add(&failures, 1);
}

static int load(const char *text)
{
	struct timer_prog p = { .name = text, .text = text };
	int fd = timer_load(ENGINE, &p, NULL, 0);

	assert_true(fd >= 0);
	return fd;
}

static int run(int fd)
{
	uint32_t ret;

	return timer_run(ENGINE, fd, &ret);
}

static uint64_t count(void)
{
	uint32_t key = 0;
	uint64_t n = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)timer_maps[ENGINE][4];
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&n;
	expect(!twin_bpf(ENGINE, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)));
	return n;
}

static void *run_all(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		expect(!run(progs[(size_t)i % ARRAY_SIZE(progs)]));
	return NULL;
}

static void *change_elements(void *arg)
{
	static const char value[TIMER_VALUE_BYTES];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t key = i / 3 % TIMER_ENTRIES;
		int map = timer_maps[ENGINE][i % 3];
		union bpf_attr attr;

		timer_update(ENGINE, map, key, value, 0);
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)map;
		attr.key = (uintptr_t)&key;
		if (i % 7 == 0)
			twin_bpf(ENGINE, BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
	}
	return NULL;
}

/* Maps of one's own that go with their timers armed or firing. */
static void *make_and_close(void *arg)
{
	static const char value[TIMER_VALUE_BYTES];

	for (int i = 0; i < ROUNDS / 10; i++) {
		int mine = timer_map(ENGINE, BPF_MAP_TYPE_HASH, TYPE_VALUE, TIMER_VALUE_BYTES,
				     TIMER_ENTRIES, 0);
		struct timer_prog p = { .name = "own" };
		char text[4096];
		int fd;

		snprintf(text, sizeof(text),
			 ARM("map[fd:%d]", "1000") OUT "cb: r0 = 0\nexit\n", mine, mine);
		p.text = text;
		for (uint32_t key = 0; key < TIMER_ENTRIES; key++)
			expect(!timer_update(ENGINE, mine, key, value, 0));
		fd = timer_load(ENGINE, &p, NULL, 0);
		expect(fd >= 0);
		for (int n = 0; n < 4; n++)
			expect(!run(fd));
		close(mine);
		close(fd);
	}
	return NULL;
}

static void *fire(void *arg)
{
	for (int i = 0; i < ROUNDS * 10; i++) {
		uint64_t next;

		expect(skep_timers_run(twin_engine) >= 0);
		skep_timers_next(twin_engine, &next);
	}
	return NULL;
}

static void make_all(void)
{
	static const char value[TIMER_VALUE_BYTES];

	timer_maps_make(ENGINE);
	for (int map = 0; map < 3; map++)
		for (uint32_t key = 0; key < TIMER_ENTRIES; key++)
			timer_update(ENGINE, timer_maps[ENGINE][map], key, value, 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		progs[i] = load(texts[i]);
}

static void close_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		close(progs[i]);
	timer_maps_close(ENGINE);
}

static void wait_until_fired(uint64_t n)
{
	for (int ms = 0; count() < n && ms < WAIT_MS; ms++)
		usleep(1000);
	assert_true(count() >= n);
}

static void threads_arm_cancel_and_free_at_once(void **state)
{
	void *(*const jobs[])(void *) = { run_all, run_all, change_elements, make_and_close, fire };
	pthread_t threads[ARRAY_SIZE(jobs)];

	make_all();
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failures, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(progs[1]), 0);
	wait_until_fired(FIRED_MIN);
	close_all(); /* the engine goes with timers armed */
}

static void a_forked_child_has_timers_of_its_own(void **state)
{
	make_all();
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(progs[0]), 0);
	wait_until_fired(1);
	for (int i = 0; i < 10; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			uint64_t next;

			alarm(30);
			/* none is inherited; new ones, in maps the parent does not see, fire */
			if (skep_timers_next(twin_engine, &next) != -ENOENT || run(progs[0]))
				_exit(1);
			make_all();
			if (count() || run(progs[0]))
				_exit(1);
			while (count() < 3)
				usleep(1000);
			_exit(failures != 0);
		}
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
	wait_until_fired(count() + 3); /* the parent's go on */
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(threads_arm_cancel_and_free_at_once),
		TWIN_TEST(a_forked_child_has_timers_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
