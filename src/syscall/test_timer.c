/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: timers do what the kernel's do. Method: the same programs run on both sides, one after another on
 * the same maps, what each helper returns compared; then both are waited for until callbacks have left
 * what they should. What only the engine has (a host that fires, threads at once) is tested on it alone.
 */
#include <pthread.h>
#include <time.h>

#include "syscall/test_timer.h"

#define WAIT_MS 4000

/* r6 = the value of key 0 of the map; 1000: there is none */
#define VALUE(map)                                                                                 \
	"*(u32 *)(r10 -4) = 0\n"                                                                   \
	"r2 = r10\n"                                                                               \
	"r2 += -4\n"                                                                               \
	"r1 = " map "\n"                                                                           \
	"call bpf_map_lookup_elem\n"                                                               \
	"if r0 != 0 goto +2\n"                                                                     \
	"r0 = 1000\n"                                                                              \
	"exit\n"                                                                                   \
	"r6 = r0\n"
#define INIT(map, clock) TIMER "r2 = " map "\nr3 = " clock "\ncall bpf_timer_init\n"
#define START(ns, flags) TIMER "r2 = " ns "\nr3 = " flags "\ncall bpf_timer_start\n"
#define HOUR "3600000000000ll"
#define EXIT "exit\n"
/* A callback that counts in its value. */
#define COUNTS                                                                                     \
	"cb: r1 = *(u32 *)(r3 +24)\n"                                                              \
	"r1 += 1\n"                                                                                \
	"*(u32 *)(r3 +24) = r1\n" ZERO
/* One that counts in M4[0]. */
#define COUNTS_ELSEWHERE                                                                           \
	"cb: *(u32 *)(r10 -4) = 0\n"                                                               \
	"r2 = r10\n"                                                                               \
	"r2 += -4\n"                                                                               \
	"r1 = M4\n"                                                                                \
	"call bpf_map_lookup_elem\n"                                                               \
	"if r0 == 0 goto +2\n"                                                                     \
	"r1 = 1\n"                                                                                 \
	"lock *(u64 *)(r0 +0) += r1\n" ZERO

struct value {
	uint32_t pad, pad2;
	uint64_t timer[2];
	uint32_t n, pad3;
};

/* --- both sides ---------------------------------------------------------------------------------- */

static enum side first_side, last_side;

#define FOR_EACH_SIDE(side) for (enum side side = first_side; side <= last_side; side++)

static void set_up(void)
{
	first_side = ENGINE;
	last_side = twin_kernel_allowed() ? KERNEL : ENGINE;
	FOR_EACH_SIDE(side)
		timer_maps_make(side);
}

static void tear_down(void)
{
	FOR_EACH_SIDE(side)
		timer_maps_close(side);
}

static int load(enum side side, const char *text)
{
	static char log[65536];
	struct timer_prog p = { .name = text, .text = text };
	int fd = timer_load(side, &p, log, sizeof(log));

	if (fd < 0) {
		puts(log);
		fail_msg("side %d does not load: %d\n%s", side, fd, text);
	}
	return fd;
}

static int run_fd(enum side side, int fd)
{
	uint32_t ret;

	assert_int_equal(timer_run(side, fd, &ret), 0);
	return (int)ret;
}

static int run(enum side side, const char *text)
{
	int fd = load(side, text), ret = run_fd(side, fd);

	close(fd);
	return ret;
}

static int elem(enum side side, int cmd, int fd, uint32_t key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&key;
	attr.value = cmd == BPF_MAP_DELETE_ELEM ? 0 : (uintptr_t)value;
	return twin_bpf(side, cmd, &attr, sizeof(attr));
}

/* Puts a value at key 0 of map @map of every side; what was there goes. */
static void put(int map)
{
	struct value value = { .timer = { 7, 7 } };

	FOR_EACH_SIDE(side)
		assert_int_equal(elem(side, BPF_MAP_UPDATE_ELEM, timer_maps[side][map], 0, &value),
				 0);
}

static uint32_t count_of(enum side side, int map)
{
	struct value value = { 0 };

	if (elem(side, BPF_MAP_LOOKUP_ELEM, timer_maps[side][map], 0, &value))
		return UINT32_MAX;
	assert_int_equal(value.timer[0] | value.timer[1], 0);
	return value.n;
}

static uint64_t elsewhere(enum side side, uint32_t key)
{
	uint64_t n = 0;

	assert_int_equal(elem(side, BPF_MAP_LOOKUP_ELEM, timer_maps[side][4], key, &n), 0);
	return n;
}

static void sleep_ms(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&ts, NULL);
}

static void wait_for_count(int map, uint32_t want, const char *what)
{
	FOR_EACH_SIDE(side) {
		int ms = 0;

		while (count_of(side, map) != want && ms++ < WAIT_MS)
			sleep_ms(1);
		if (count_of(side, map) != want)
			fail_msg("side %d counts %u, not %u: %s", side, count_of(side, map), want,
				 what);
	}
}

static void wait_for_elsewhere(uint64_t want)
{
	FOR_EACH_SIDE(side) {
		int ms = 0;

		while (elsewhere(side, 0) != want && ms++ < WAIT_MS)
			sleep_ms(1);
		assert_int_equal(elsewhere(side, 0), want);
	}
}

/* Every side runs it and says @want. */
static void expect(int want, const char *text)
{
	FOR_EACH_SIDE(side) {
		int ret = run(side, text);

		if (ret != want)
			fail_msg("side %d says %d, not %d:\n%s", side, ret, want, text);
	}
}

/* The same, where MX stands for the map. */
static void expect_on(int map, int want, const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; (at = strstr(at, "MX"));)
		at[1] = (char)('0' + map);
	expect(want, copy);
	free(copy);
}

/* --- errnos -------------------------------------------------------------------------------------- */

static void expect_errnos(int map)
{
	expect_on(map, -EINVAL, VALUE("MX") CANCEL EXIT);
	expect_on(map, -EINVAL, VALUE("MX") START("5", "0") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") SET("cb") EXIT COUNTS);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "2") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "4") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "8") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "9") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "11") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "16") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "17") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "0x100000001ll") EXIT);
	expect_on(map, 0, VALUE("MX") INIT("MX", "1") EXIT);
	expect_on(map, -EBUSY, VALUE("MX") INIT("MX", "1") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") INIT("MX", "2") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") START("5", "0") EXIT);
	expect_on(map, 0, VALUE("MX") CANCEL EXIT);
	expect_on(map, 0, VALUE("MX") SET("cb") EXIT COUNTS);
	expect_on(map, -EINVAL, VALUE("MX") START("5", "4") EXIT);
	expect_on(map, -EINVAL, VALUE("MX") START("5", "0x100000000ll") EXIT);
	expect_on(map, 0, VALUE("MX") START(HOUR, "0") EXIT);
	expect_on(map, 0, VALUE("MX") START(HOUR, "2") EXIT);
	expect_on(map, 1, VALUE("MX") CANCEL EXIT);
	expect_on(map, 0, VALUE("MX") CANCEL EXIT);
	expect_on(map, -EINVAL, VALUE("MX") START(HOUR, "0") EXIT); /* the callback is forgotten */
	expect_on(map, 0, VALUE("MX") SET("cb") START(HOUR, "0") EXIT COUNTS);
	expect_on(map, 0, VALUE("MX") SET("cb") EXIT COUNTS);
	expect_on(map, 1, VALUE("MX") CANCEL EXIT);
}

static void helpers_answer_as_the_kernels(void **state)
{
	set_up();
	for (int map = 0; map < 3; map++) {
		put(map);
		expect_errnos(map);
	}
	tear_down();
}

/* --- firing -------------------------------------------------------------------------------------- */

static void expect_fires(int map, const char *text)
{
	put(map);
	expect_on(map, 0, text);
	wait_for_count(map, 1, text);
}

#define FIRES(clock, ns, flags)                                                                    \
	VALUE("MX")                                                                                \
	INIT("MX", clock)                                                                          \
	SET("cb") "call bpf_ktime_get_ns\n" TIMER ns "\nr3 = " flags "\ncall bpf_timer_start\n" EXIT COUNTS

static void timers_fire_once(void **state)
{
	set_up();
	for (int map = 0; map < 3; map++) {
		expect_fires(map, FIRES("1", "r2 = 0", "0"));
		expect_fires(map, FIRES("0", "r2 = 1000", "0"));
		expect_fires(map, FIRES("7", "r2 = 2000000", "2"));
		expect_fires(map, FIRES("1", "r2 = 1", "1"));
		expect_fires(map, FIRES("0", "r2 = 1", "1"));
		expect_fires(map, FIRES("7", "r2 = 0", "1"));
		expect_fires(map, FIRES("1", "r2 = r0\nr2 += 3000000", "1"));
	}
	sleep_ms(5);
	FOR_EACH_SIDE(side)
		assert_int_equal(count_of(side, 2), 1);
	tear_down();
}

static void what_lies_beyond_time_never_fires(void **state)
{
	set_up();
	put(0);
	put(1);
	expect(0, VALUE("M0") INIT("M0", "1") SET("cb") START("-1", "0") EXIT COUNTS);
	expect(0, VALUE("M1") INIT("M1", "1") SET("cb") START("0x7fffffffffffffffll", "0") EXIT COUNTS);
	put(2);
	expect(0, VALUE("M2") INIT("M2", "7") SET("cb") START("-5", "1") EXIT COUNTS);
	sleep_ms(20);
	FOR_EACH_SIDE(side) {
		assert_int_equal(count_of(side, 0), 0);
		assert_int_equal(count_of(side, 1), 0);
	}
	/* Not the kernel's: -5 is its earliest time, so it fires with any other that happens to be due. */
	assert_int_equal(count_of(ENGINE, 2), 0);
	expect(1, VALUE("M0") CANCEL EXIT);
	expect(1, VALUE("M1") CANCEL EXIT);
	tear_down();
}

/* The callback: what it is given, and what it may do to its own timer. */
static void callback_gets_map_key_and_value(void **state)
{
	set_up();
	put(1);
	/* by map and key it finds its value */
	expect(0, VALUE("M1") INIT("M1", "1") SET("cb") START("1000", "0") EXIT
	       "cb: r6 = r3\n"
	       "r7 = r2\n"
	       "call bpf_map_lookup_elem\n"
	       "if r0 == 0 goto bad\n"
	       "if r0 != r6 goto bad\n"
	       "r1 = *(u32 *)(r7 +0)\n"
	       "r1 += 77\n"
	       "*(u32 *)(r0 +24) = r1\n" ZERO
	       "bad: *(u32 *)(r6 +24) = 666\n" ZERO);
	wait_for_count(1, 77, __func__);
	tear_down();
}

static void key_of_an_array_is_its_index(void **state)
{
	struct value value = { 0 };

	set_up();
	expect(0, "*(u32 *)(r10 -4) = 3\n"
	       "r2 = r10\n"
	       "r2 += -4\n"
	       "r1 = M0\n"
	       "call bpf_map_lookup_elem\n"
	       "if r0 == 0 goto out\n"
	       "r6 = r0\n" INIT("M0", "1") SET("cb") START("1", "0") EXIT
	       "out:" ZERO
	       "cb: r1 = *(u32 *)(r2 +0)\n"
	       "*(u32 *)(r3 +24) = r1\n" ZERO);
	FOR_EACH_SIDE(side) {
		for (int ms = 0; value.n != 3 && ms < WAIT_MS; ms++) {
			sleep_ms(1);
			elem(side, BPF_MAP_LOOKUP_ELEM, timer_maps[side][0], 3, &value);
		}
		assert_int_equal(value.n, 3);
		value.n = 0;
	}
	tear_down();
}

static void callback_can_arm_itself_again(void **state)
{
	set_up();
	put(1);
	expect(0, VALUE("M1") INIT("M1", "1") SET("cb") START("1", "0") EXIT
	       "cb: r6 = r3\n"
	       "r1 = *(u32 *)(r6 +24)\n"
	       "r1 += 1\n"
	       "*(u32 *)(r6 +24) = r1\n"
	       "if r1 > 4 goto out\n" START("1000", "0") "out:" ZERO);
	wait_for_count(1, 5, __func__);
	expect(0, VALUE("M1") CANCEL EXIT);
	tear_down();
}

/* What a helper says within the callback of the same timer, plus 100. */
#define INSIDE(call)                                                                               \
	VALUE("M1")                                                                                \
	INIT("M1", "1")                                                                            \
	SET("cb")                                                                                  \
	START("1", "0")                                                                            \
	EXIT "cb: r7 = r1\n"                                                                       \
	     "r8 = r2\n"                                                                           \
	     "r6 = r3\n" call "r0 += 100\n"                                                        \
	     "*(u32 *)(r6 +24) = r0\n" ZERO

static void expect_inside(int want, const char *text)
{
	put(1);
	expect(0, text);
	wait_for_count(1, (uint32_t)(want + 100), text);
}

static void within_its_callback_a_timer_answers_as_the_kernels(void **state)
{
	set_up();
	expect_inside(-EDEADLK, INSIDE(CANCEL));
	expect_inside(-EBUSY, INSIDE(TIMER "r2 = r7\nr3 = 1\ncall bpf_timer_init\n"));
	expect_inside(-EINVAL, INSIDE(START("1", "8")));
	expect_inside(0, INSIDE(SET("cb")));
	/* after -EDEADLK the callback is not forgotten */
	expect_inside(0, INSIDE(CANCEL START(HOUR, "0")));
	expect(1, VALUE("M1") CANCEL EXIT);
	tear_down();
}

static void deleting_the_element_within_the_callback_is_safe(void **state)
{
	set_up();
	put(1);
	expect(0, VALUE("M1") INIT("M1", "1") SET("cb") START("1", "0") EXIT
	       "cb: r6 = r3\n"
	       "call bpf_map_delete_elem\n"
	       "r7 = r0\n" CANCEL /* its timer is gone */
	       "r7 <<= 32\n"
	       "r0 <<= 32\n"
	       "r0 >>= 32\n"
	       "r7 |= r0\n"
	       "*(u32 *)(r10 -4) = 0\n"
	       "r2 = r10\n"
	       "r2 += -4\n"
	       "r1 = M4\n"
	       "call bpf_map_lookup_elem\n"
	       "if r0 == 0 goto +1\n"
	       "*(u64 *)(r0 +0) = r7\n" ZERO);
	wait_for_elsewhere((uint32_t)-EINVAL);
	FOR_EACH_SIDE(side)
		assert_int_equal(count_of(side, 1), UINT32_MAX);
	tear_down();
}

/* --- what ends a timer ---------------------------------------------------------------------------- */

static void arm_for_later(int map)
{
	expect_on(map, 0, VALUE("MX") INIT("MX", "1") SET("cb") START(HOUR, "0") EXIT COUNTS);
}

static void expect_gone(int map)
{
	expect_on(map, -EINVAL, VALUE("MX") CANCEL EXIT);
}

static void deletes_end_a_timer(int map)
{
	struct value value = { 0 };

	arm_for_later(map);
	FOR_EACH_SIDE(side)
		elem(side, BPF_MAP_DELETE_ELEM, timer_maps[side][map], 0, NULL);
	put(map);
	expect_gone(map);
	arm_for_later(map);
	FOR_EACH_SIDE(side) {
		int fd = timer_maps[side][map];

		assert_int_equal(elem(side, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, 0, &value), 0);
		assert_int_equal(value.timer[0] | value.timer[1], 0);
	}
	put(map);
	expect_gone(map);
}

static void updates_and_deletes_end_a_timer(void **state)
{
	set_up();
	for (int map = 0; map < 3; map++) {
		put(map);
		arm_for_later(map);
		put(map);
		expect_gone(map);
		arm_for_later(map);
		expect_on(map, 0,
			  "*(u32 *)(r10 -4) = 0\n"
			  "*(u64 *)(r10 -40) = 0\n"
			  "*(u64 *)(r10 -32) = 0\n"
			  "*(u64 *)(r10 -24) = 0\n"
			  "*(u64 *)(r10 -16) = 0\n"
			  "r1 = MX\n"
			  "r2 = r10\n"
			  "r2 += -4\n"
			  "r3 = r10\n"
			  "r3 += -40\n"
			  "r4 = 0\n"
			  "call bpf_map_update_elem\n" EXIT);
		expect_gone(map);
		if (map)
			deletes_end_a_timer(map);
	}
	tear_down();
}

static void timers_of_elements_that_went_do_not_fire(void **state)
{
	struct value value = { 0 };

	set_up();
	for (int map = 0; map < 3; map++) {
		for (int how = 0; how < (map ? 3 : 1); how++) {
			put(map);
			expect_on(map, 0, VALUE("MX") INIT("MX", "1") SET("cb")
				  START("30000000", "0") EXIT COUNTS_ELSEWHERE);
			FOR_EACH_SIDE(side)
				elem(side,
				     how == 0 ? BPF_MAP_UPDATE_ELEM :
				     how == 1 ? BPF_MAP_DELETE_ELEM :
						BPF_MAP_LOOKUP_AND_DELETE_ELEM,
				     timer_maps[side][map], 0, &value);
		}
	}
	sleep_ms(60);
	FOR_EACH_SIDE(side)
		assert_int_equal(elsewhere(side, 0), 0);
	tear_down();
}

/* An update under the lock changes a hash's value where it is, and its timer stays. */
static void updates_with_a_lock_keep_the_timer_of_a_hash(void **state)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH };
	static const int want[] = { -EINVAL, 1 };
	struct value value = { 0 };

	set_up();
	for (int map = 0; map < 2; map++) {
		FOR_EACH_SIDE(side) {
			close(timer_maps[side][map]);
			timer_maps[side][map] = timer_map(side, types[map], TYPE_LOCKED,
							  sizeof(value), TIMER_ENTRIES, 0);
		}
		put(map);
		arm_for_later(map);
		FOR_EACH_SIDE(side)
			assert_int_equal(timer_update(side, timer_maps[side][map], 0, &value,
						      BPF_F_LOCK),
					 0);
		expect_on(map, want[map], VALUE("MX") CANCEL EXIT);
	}
	tear_down();
}

static void an_evicted_element_loses_its_timer(void **state)
{
	struct value value = { 0 };

	set_up();
	last_side = ENGINE; /* which one goes is the LRU's own */
	put(2);
	arm_for_later(2);
	for (uint32_t key = 1; key < 200; key++)
		assert_int_equal(timer_update(ENGINE, timer_maps[ENGINE][2], key, &value, 0), 0);
	assert_int_equal(count_of(ENGINE, 2), UINT32_MAX);
	for (uint32_t key = 1; key < 200; key++)
		elem(ENGINE, BPF_MAP_DELETE_ELEM, timer_maps[ENGINE][2], key, NULL);
	put(2);
	expect_gone(2);
	last_side = twin_kernel_allowed() ? KERNEL : ENGINE;
	tear_down();
}

/* Without a user the map's timers stop, and none can be made, though a program holds the map. */
static void the_last_user_of_a_map_ends_its_timers(void **state)
{
	int init[SIDES], set[SIDES], fires[SIDES];

	set_up();
	put(0);
	put(1);
	FOR_EACH_SIDE(side) {
		init[side] = load(side, VALUE("M0") INIT("M0", "1") EXIT);
		set[side] = load(side, VALUE("M0") SET("cb") EXIT COUNTS);
		fires[side] = load(side, VALUE("M1") INIT("M1", "1") SET("cb")
				   START("100000000", "0") EXIT COUNTS_ELSEWHERE);
		assert_int_equal(run_fd(side, fires[side]), 0);
		close(timer_maps[side][5]); /* which holds M1, but not as a user */
		close(timer_maps[side][0]);
		close(timer_maps[side][1]);
		timer_maps[side][0] = timer_maps[side][1] = timer_maps[side][5] = -1;
	}
	sleep_ms(150);
	FOR_EACH_SIDE(side)
		assert_int_equal(elsewhere(side, 0), 0);
	skep_engine_poll(twin_engine);
	FOR_EACH_SIDE(side) {
		int ret = -EBUSY;

		/* the kernel lets go of an fd's file a little later */
		for (int ms = 0; ret != -EPERM && ms < WAIT_MS; ms++, sleep_ms(1))
			ret = run_fd(side, init[side]);
		assert_int_equal(ret, -EPERM);
		assert_int_equal(run_fd(side, set[side]), -EINVAL);
		assert_int_equal(run_fd(side, fires[side]), -EINVAL); /* of start: what R0 is at last */
	}
	FOR_EACH_SIDE(side) {
		close(init[side]);
		close(set[side]);
		close(fires[side]);
	}
	tear_down();
}

static void a_timer_keeps_its_program(void **state)
{
	set_up();
	put(0);
	/* expect() closes the program at once */
	expect(0, VALUE("M0") INIT("M0", "1") SET("cb") START("20000000", "0") EXIT COUNTS);
	wait_for_count(0, 1, __func__);
	tear_down();
}

static void a_pinned_timer_fires_on_its_cpu(void **state)
{
	struct value value;

	set_up();
	for (int i = 0; i < 5; i++) {
		put(0);
		expect(0, VALUE("M0") INIT("M0", "1") SET("cb") "call bpf_get_smp_processor_id\n"
		       "*(u32 *)(r6 +0) = r0\n" START("1000", "2") EXIT
		       "cb: r6 = r3\n"
		       "call bpf_get_smp_processor_id\n"
		       "r0 += 100\n"
		       "*(u32 *)(r6 +24) = r0\n" ZERO);
		FOR_EACH_SIDE(side) {
			value.n = 0;
			for (int ms = 0; !value.n && ms < WAIT_MS; ms++, sleep_ms(1))
				elem(side, BPF_MAP_LOOKUP_ELEM, timer_maps[side][0], 0, &value);
			assert_int_equal(value.n, value.pad + 100);
		}
	}
	tear_down();
}

static uint64_t host_now;

static uint64_t host_clock(void *arg, enum skep_clock clock)
{
	return host_now;
}

/* A host with a clock of its own fires: nothing happens but by its calls. */
static void a_host_that_tells_the_time_fires(void **state)
{
	static const struct skep_host host = { .size = sizeof(host), .clock_ns = host_clock };
	struct skep_opts opts = { .size = sizeof(opts), .host = &host };
	uint64_t next = 0;

	skep_engine_free(twin_engine);
	assert_int_equal(skep_engine_new(&opts, &twin_engine), 0);
	first_side = last_side = ENGINE;
	timer_maps_make(ENGINE);
	host_now = 5000;
	assert_int_equal(skep_timers_next(twin_engine, &next), -ENOENT);
	put(1);
	expect(0, VALUE("M1") INIT("M1", "1") SET("cb") START("700", "0") EXIT COUNTS);
	assert_int_equal(skep_timers_next(twin_engine, &next), 0);
	assert_int_equal(next, 5700);
	host_now = 5699;
	sleep_ms(5);
	assert_int_equal(skep_timers_run(twin_engine), 0);
	host_now = 5700;
	sleep_ms(5);
	assert_int_equal(count_of(ENGINE, 1), 0);
	assert_int_equal(skep_timers_run(twin_engine), 1);
	assert_int_equal(count_of(ENGINE, 1), 1);
	assert_int_equal(skep_timers_next(twin_engine, &next), -ENOENT);
	timer_maps_close(ENGINE);
}

static void interpreted_programs_have_timers(void **state)
{
	struct skep_opts opts = { .size = sizeof(opts), .flags = SKEP_INTERPRET };

	skep_engine_free(twin_engine);
	assert_int_equal(skep_engine_new(&opts, &twin_engine), 0);
	timers_fire_once(state);
	callback_can_arm_itself_again(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(helpers_answer_as_the_kernels),
		TWIN_TEST(timers_fire_once),
		TWIN_TEST(what_lies_beyond_time_never_fires),
		TWIN_TEST(callback_gets_map_key_and_value),
		TWIN_TEST(key_of_an_array_is_its_index),
		TWIN_TEST(callback_can_arm_itself_again),
		TWIN_TEST(within_its_callback_a_timer_answers_as_the_kernels),
		TWIN_TEST(deleting_the_element_within_the_callback_is_safe),
		TWIN_TEST(updates_and_deletes_end_a_timer),
		TWIN_TEST(timers_of_elements_that_went_do_not_fire),
		TWIN_TEST(updates_with_a_lock_keep_the_timer_of_a_hash),
		TWIN_TEST(an_evicted_element_loses_its_timer),
		TWIN_TEST(the_last_user_of_a_map_ends_its_timers),
		TWIN_TEST(a_timer_keeps_its_program),
		TWIN_TEST(a_pinned_timer_fires_on_its_cpu),
		TWIN_TEST(a_host_that_tells_the_time_fires),
		TWIN_TEST(interpreted_programs_have_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
