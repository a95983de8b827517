/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: events run the programs attached to them, in order, with their cookies; perf rings hold what
 * programs put out, in the kernel's layout. Method: programs that count in a map or return what they
 * saw; a ring mapped and read as libbpf's perf_buffer does.
 */
#include "hooks/test_rig.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "hooks/event.h"
#include "object/perf_event.h"

static struct event *event;
static const uint64_t record[4] = { 11, 22, 33, 44 };

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	return event_register(rig_engine(), "thing", EVENT_TRACEPOINT, sizeof(record), &event);
}

static struct event_result fire(void)
{
	struct event_result result;

	assert_int_equal(event_fire(rig_engine(), event, record, sizeof(record), &result), 0);
	return result;
}

static struct bpf_link *attach_raw(const char *text, uint64_t cookie)
{
	struct prog *prog = rig_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, text);
	struct bpf_link *link;

	assert_int_equal(hook_link_raw_tracepoint(prog, "thing", cookie, &link), 0);
	rig_put(prog);
	return link;
}

static void names_and_sizes_are_checked(void **state)
{
	char long_name[EVENT_NAME_BYTES + 1];
	struct engine *engine = rig_engine();
	struct event *other;

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(event_register(engine, "thing", EVENT_TRACEPOINT, 8, &other), -EEXIST);
	assert_int_equal(event_register(engine, "", EVENT_TRACEPOINT, 8, &other), -EINVAL);
	assert_int_equal(event_register(engine, long_name, EVENT_TRACEPOINT, 8, &other), -EINVAL);
	assert_int_equal(event_register(engine, "k", EVENT_KPROBE, 8, &other), -EINVAL);
	assert_int_equal(event_register(engine, "big", EVENT_TRACEPOINT, 8193, &other), -EINVAL);
	assert_ptr_equal(event_find(engine, "thing"), event);
	assert_null(event_find(engine, "nothing"));
}

static void short_record_is_einval(void **state)
{
	struct event_result result;

	assert_int_equal(event_fire(rig_engine(), event, record, sizeof(record) - 1, &result), -EINVAL);
}

static void event_without_programs_is_nothing(void **state)
{
	struct event_result result = fire();

	assert_int_equal(result.n_programs, 0);
	assert_true(result.verdict == UINT64_MAX);
}

static void raw_tracepoint_sees_arguments_and_cookie(void **state)
{
	struct bpf_link *link = attach_raw("r6 = r1\n call bpf_get_attach_cookie\n r1 = *(u64 *)(r6 +16)\n"
					   "r0 += r1\n exit", 1000);
	struct event_result result = fire();

	assert_int_equal(result.n_programs, 1);
	assert_int_equal(result.verdict, 1033);
	object_put(&link->obj);
}

static void verdict_is_what_all_agree_on(void **state)
{
	struct bpf_link *one = attach_raw("r0 = 7\n exit", 0), *two = attach_raw("r0 = 12\n exit", 0);
	struct event_result result = fire();

	assert_int_equal(result.n_programs, 2);
	assert_int_equal(result.verdict, 4);
	one->ops->detach(one);
	assert_int_equal(fire().verdict, 12);
	two->ops->detach(two);
	assert_int_equal(fire().n_programs, 0);
	object_put(&one->obj);
	object_put(&two->obj);
}

static void program_that_looks_too_far_is_refused(void **state)
{
	struct prog *raw = rig_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "r0 = *(u64 *)(r1 +32)\n exit");
	struct prog *xdp = rig_prog(BPF_PROG_TYPE_XDP, "r0 = 2\n exit");
	struct bpf_link *link;

	assert_int_equal(hook_link_raw_tracepoint(raw, "thing", 0, &link), -EINVAL);
	assert_int_equal(hook_link_raw_tracepoint(raw, "nothing", 0, &link), -ENOENT);
	assert_int_equal(hook_link_raw_tracepoint(xdp, "thing", 0, &link), -EINVAL);
	rig_put(raw);
	rig_put(xdp);
}

/* --- perf events -------------------------------------------------------------------------------- */

static int open_perf(uint32_t type, uint64_t config, int cpu, struct object **obj)
{
	struct perf_event_attr attr = { .type = type, .size = sizeof(attr), .config = config };

	return hook_perf_event_open(rig_engine(), &attr, sizeof(attr), -1, cpu, obj);
}

static void tracepoint_is_opened_by_id(void **state)
{
	struct prog *prog = rig_prog(BPF_PROG_TYPE_TRACEPOINT, "r0 = *(u64 *)(r1 +24)\n exit");
	struct bpf_link *link;
	struct object *perf;

	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, 12345, 0, &perf), -ENOENT);
	assert_int_equal(open_perf(PERF_TYPE_HARDWARE, 0, 0, &perf), -ENOENT);
	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(event), -1, &perf), -EINVAL);
	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(event), 0, &perf), 0);
	assert_int_equal(hook_link_perf_event(prog, perf, 5, &link), 0);
	object_put(perf);
	assert_int_equal(fire().verdict, 44);
	object_put(&link->obj);
	rig_put(prog);
}

static void ioctl_attaches_until_the_event_closes(void **state)
{
	struct prog *prog = rig_prog(BPF_PROG_TYPE_TRACEPOINT, "r0 = 3\n exit");
	struct object *perf;

	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(event), 0, &perf), 0);
	assert_int_equal(hook_perf_event_ioctl(perf, PERF_EVENT_IOC_SET_BPF, prog), 0);
	assert_int_equal(hook_perf_event_ioctl(perf, PERF_EVENT_IOC_SET_BPF, prog), -EEXIST);
	assert_int_equal(hook_perf_event_ioctl(perf, PERF_EVENT_IOC_RESET, NULL), -ENOTTY);
	rig_put(prog);
	assert_int_equal(fire().verdict, 3);
	perf->ops->release_uref(perf);
	assert_int_equal(fire().n_programs, 0);
	object_put(perf);
}

static void perf_program_has_its_own_kind_of_event(void **state)
{
	struct bpf_perf_event_data data = { .sample_period = 99 };
	struct event_result result;
	struct event *sampled;
	struct bpf_link *link;
	struct object *perf;
	struct prog *prog = rig_prog(BPF_PROG_TYPE_PERF_EVENT, "r0 = *(u64 *)(r1 +168)\n exit");

	assert_int_equal(event_register(rig_engine(), "tick", EVENT_PERF, sizeof(data), &sampled), 0);
	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(event), 0, &perf), 0);
	assert_int_equal(hook_link_perf_event(prog, perf, 0, &link), -EINVAL);
	object_put(perf);
	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(sampled), 0, &perf), 0);
	assert_int_equal(hook_link_perf_event(prog, perf, 0, &link), 0);
	assert_int_equal(event_fire(rig_engine(), sampled, &data, sizeof(data), &result), 0);
	assert_int_equal(result.verdict, 99);
	object_put(&link->obj);
	object_put(perf);
	rig_put(prog);
}

static void probe_sees_registers(void **state)
{
	bpf_user_pt_regs_t regs = { .ip = 4000, .di = 77 };
	struct event_result result;
	struct bpf_link *link;
	struct event *probe;
	struct object *perf;
	struct prog *prog = rig_prog(BPF_PROG_TYPE_KPROBE, "r6 = *(u64 *)(r1 +112)\n call bpf_get_func_ip\n"
							   "r0 += r6\n exit");

	assert_int_equal(event_register(rig_engine(), "probe", EVENT_KPROBE, sizeof(regs), &probe), 0);
	assert_int_equal(open_perf(PERF_TYPE_TRACEPOINT, event_id(probe), 0, &perf), 0);
	assert_int_equal(hook_link_perf_event(prog, perf, 0, &link), 0);
	assert_int_equal(event_fire(rig_engine(), probe, &regs, sizeof(regs), &result), 0);
	assert_int_equal(result.verdict, 4077);
	object_put(&link->obj);
	object_put(perf);
	rig_put(prog);
}

/* --- the ring ------------------------------------------------------------------------------------ */

#define RING_PAGES 2
#define RING_BYTES (RING_PAGES * PERF_PAGE_BYTES)

struct sample {
	uint32_t type;
	uint16_t misc, size;
	uint32_t raw_bytes;
	uint8_t raw[];
};

struct ring {
	int fd;
	struct object *obj;
	struct perf_event_mmap_page *page;
	char text[32];
	uint8_t copy[256];
};

static struct ring open_ring(void)
{
	struct ring ring;

	assert_int_equal(open_perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, -1, &ring.obj), -EINVAL);
	assert_int_equal(open_perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, 99, &ring.obj), -ENODEV);
	assert_int_equal(open_perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, 0, &ring.obj), 0);
	ring.fd = object_fd_open(ring.obj, 2 /* O_RDWR */);
	assert_true(ring.fd >= 0);
	perf_event_of(ring.obj)->cpu = -1; /* any slot may write */
	return ring;
}

static void map_ring(struct ring *ring)
{
	ring->page = mmap(NULL, PERF_PAGE_BYTES + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd, 0);
	assert_ptr_not_equal(ring->page, MAP_FAILED);
	assert_int_equal(hook_perf_event_ioctl(ring->obj, PERF_EVENT_IOC_ENABLE, NULL), 0);
}

static void close_ring(struct ring *ring)
{
	if (ring->page)
		munmap(ring->page, PERF_PAGE_BYTES + RING_BYTES);
	close(ring->fd);
	object_put(ring->obj);
}

/* The oldest record, copied out; NULL: none. */
static struct sample *next_record(struct ring *ring)
{
	uint8_t *data = (uint8_t *)ring->page + PERF_PAGE_BYTES;
	uint64_t tail = ring->page->data_tail;
	struct sample *sample = (struct sample *)ring->copy;

	if (tail == __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE))
		return NULL;
	memset(ring->copy, 0, sizeof(ring->copy));
	for (uint32_t i = 0; i < sizeof(ring->copy); i++)
		ring->copy[i] = data[(tail + i) & (RING_BYTES - 1)];
	__atomic_store_n(&ring->page->data_tail, tail + sample->size, __ATOMIC_RELEASE);
	return sample;
}

static int perf_array(struct ring *ring)
{
	uint32_t key = 0, value = (uint32_t)ring->fd;
	union bpf_attr attr;
	int map;

	memset(&attr, 0, sizeof(attr)); /* an initialiser need not clear the rest of a union */
	attr.map_type = BPF_MAP_TYPE_PERF_EVENT_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	map = skep_bpf(rig, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(map >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	assert_int_equal(skep_bpf(rig, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
	return map;
}

/* A socket filter that puts out @bytes of its stack and @packet bytes; returns what the helper did. */
static int load_output(int map, uint32_t bytes, uint32_t packet)
{
	char text[2000] = "r6 = r1\n";
	size_t len = strlen(text);

	for (uint32_t i = 0; i < 16; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "*(u64 *)(r10 -%u) = %u\n",
					8 * i + 8, 0x1111 * (i + 1));
	snprintf(text + len, sizeof(text) - len,
		 "r1 = r6\n r2 = map[fd:%d]\n r3 = %#llxll\n r4 = r10\n r4 += -128\n r5 = %u\n"
		 "call bpf_perf_event_output\n exit",
		 map, (unsigned long long)packet << 32, bytes);
	return rig_load(BPF_PROG_TYPE_SCHED_CLS, text);
}

static int run(int prog)
{
	static const uint8_t frame[60] = { 1, 2, 3, 4, 5, 6, 7 };
	struct skep_run attr = { .size = sizeof(attr), .data = frame, .data_bytes = sizeof(frame) };

	assert_int_equal(skep_prog_run(rig, prog, &attr), 0);
	return (int)attr.retval;
}

static void ring_holds_records_as_the_kernel_lays_them_out(void **state)
{
	struct ring ring = open_ring();
	struct sample *sample;
	int map, prog;

	map_ring(&ring);
	assert_int_equal(ring.page->data_size, RING_BYTES);
	map = perf_array(&ring);
	prog = load_output(map, 20, 5);
	assert_int_equal(run(prog), 0);
	sample = next_record(&ring);
	assert_non_null(sample);
	assert_int_equal(sample->type, PERF_RECORD_SAMPLE);
	assert_int_equal(sample->raw_bytes, 28); /* 25, padded so that the record is a multiple of 8 */
	assert_int_equal(sample->size, 8 + 4 + 28);
	assert_int_equal(sample->raw[0], 0x10);
	assert_int_equal(sample->raw[20], 1);
	assert_int_equal(sample->raw[24], 5);
	assert_int_equal(sample->raw[25], 0);
	assert_null(next_record(&ring));
	close(prog);
	close(map);
	close_ring(&ring);
}

static void ring_wraps_and_counts_what_is_lost(void **state)
{
	struct ring ring = open_ring();
	uint32_t kept = 0, n = 0;
	struct sample *sample;
	int map, prog, err;

	map_ring(&ring);
	map = perf_array(&ring);
	prog = load_output(map, 128, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(run(prog), 0);
		sample = next_record(&ring);
		assert_int_equal(sample->raw_bytes, 132);
	}
	while ((err = run(prog)) == 0)
		kept++;
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(run(prog), -ENOSPC);
	while (next_record(&ring))
		n++;
	assert_int_equal(n, kept);
	assert_int_equal(run(prog), 0);
	sample = next_record(&ring);
	assert_int_equal(sample->type, PERF_RECORD_LOST);
	assert_int_equal(*(uint64_t *)(ring.copy + 16), 2);
	assert_int_equal(next_record(&ring)->type, PERF_RECORD_SAMPLE);
	close(prog);
	close(map);
	close_ring(&ring);
}

static void ring_survives_a_client_that_scribbles(void **state)
{
	struct ring ring = open_ring();
	int map, prog;

	map_ring(&ring);
	map = perf_array(&ring);
	prog = load_output(map, 128, 0);
	for (uint32_t i = 0; i < 200; i++) {
		memset(ring.page, (int)(i * 37), PERF_PAGE_BYTES + RING_BYTES);
		run(prog);
	}
	close(prog);
	close(map);
	close_ring(&ring);
}

static void output_without_a_ring_says_why(void **state)
{
	struct ring ring = open_ring();
	int map, prog;

	ring.page = NULL;
	map = perf_array(&ring);
	prog = load_output(map, 8, 0);
	assert_int_equal(run(prog), -ENOSPC);
	assert_int_equal(hook_perf_event_ioctl(ring.obj, PERF_EVENT_IOC_DISABLE, NULL), 0);
	assert_int_equal(run(prog), -EOPNOTSUPP);
	close(prog);
	prog = load_output(map, 8, 61);
	assert_int_equal(run(prog), -EFAULT);
	close(prog);
	close(map);
	close_ring(&ring);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_and_sizes_are_checked),
		TEST(short_record_is_einval),
		TEST(event_without_programs_is_nothing),
		TEST(raw_tracepoint_sees_arguments_and_cookie),
		TEST(verdict_is_what_all_agree_on),
		TEST(program_that_looks_too_far_is_refused),
		TEST(tracepoint_is_opened_by_id),
		TEST(ioctl_attaches_until_the_event_closes),
		TEST(perf_program_has_its_own_kind_of_event),
		TEST(probe_sees_registers),
		TEST(ring_holds_records_as_the_kernel_lays_them_out),
		TEST(ring_wraps_and_counts_what_is_lost),
		TEST(ring_survives_a_client_that_scribbles),
		TEST(output_without_a_ring_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
