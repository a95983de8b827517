/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: include/skep/dev.h and event.h do what they say, and two engines know nothing of each other. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "isa/insn.h"
#include "skep/dev.h"
#include "skep/event.h"
#include "tbl/uapi.h"

struct caught {
	uint32_t frames, bytes;
	uint8_t first[64];
};

static void catch(void *arg, const void *frame, uint32_t bytes)
{
	struct caught *c = arg;

	c->frames++;
	c->bytes = bytes;
	memcpy(c->first, frame, MIN(bytes, sizeof(c->first)));
}

static int load(struct skep_engine *engine, uint32_t type, const struct bpf_insn *insns, uint32_t n)
{
	union bpf_attr attr = { .prog_type = type, .insns = (uintptr_t)insns, .insn_cnt = n,
				.license = (uintptr_t) "GPL" };

	return skep_bpf(engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load_return(struct skep_engine *engine, uint32_t type, int32_t verdict)
{
	const struct bpf_insn insns[] = { BPF_MOV64_IMM(BPF_REG_0, verdict), BPF_EXIT_INSN() };

	return load(engine, type, insns, ARRAY_SIZE(insns));
}

static int link_xdp(struct skep_engine *engine, int prog, uint32_t ifindex)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = BPF_XDP;
	return skep_bpf(engine, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static void frame_meets_what_is_attached(void **state)
{
	static const struct {
		int32_t action;
		uint32_t fate;
	} cases[] = {
		{ XDP_PASS, SKEP_PASSED }, { XDP_DROP, SKEP_DROPPED },
		{ XDP_TX, SKEP_TX }, { XDP_ABORTED, SKEP_DROPPED },
	};
	struct skep_engine *engine;
	struct skep_dev *dev;
	struct caught caught = { 0 };
	uint8_t frame[60] = { 1, 2, 3 }, out[60];
	struct skep_received got = { .size = sizeof(got), .frame = out, .room = sizeof(out) };

	assert_int_equal(skep_engine_new(NULL, &engine), 0);
	assert_int_equal(skep_dev_add(engine, "one", 0, catch, &caught, &dev), 0);
	assert_int_equal(skep_dev_add(engine, "one", 0, NULL, NULL, &dev), -EEXIST);
	assert_int_equal(skep_dev_receive(dev, frame, 13, &got), -EINVAL);
	assert_int_equal(skep_dev_receive(dev, frame, sizeof(frame), &got), 0);
	assert_int_equal(got.fate, SKEP_PASSED);
	assert_int_equal(got.xdp_action, -1);
	assert_memory_equal(out, frame, sizeof(frame));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int prog = load_return(engine, BPF_PROG_TYPE_XDP, cases[i].action);
		int link = link_xdp(engine, prog, skep_dev_ifindex(dev));

		assert_true(prog >= 0 && link >= 0);
		assert_int_equal(skep_dev_receive(dev, frame, sizeof(frame), &got), 0);
		assert_int_equal(got.xdp_action, cases[i].action);
		assert_int_equal(got.fate, cases[i].fate);
		close(link);
		close(prog);
	}
	assert_int_equal(caught.frames, 1);
	assert_int_equal(caught.bytes, sizeof(frame));
	assert_memory_equal(caught.first, frame, sizeof(frame));
	skep_dev_remove(dev);
	skep_engine_free(engine);
}

/* return args[1] */
static int load_argument(struct skep_engine *engine)
{
	const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_DW, BPF_REG_0, BPF_REG_1, 8),
		BPF_EXIT_INSN(),
	};

	return load(engine, BPF_PROG_TYPE_RAW_TRACEPOINT, insns, ARRAY_SIZE(insns));
}

static int open_tracepoint(struct skep_engine *engine, int prog, const char *name)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.name = (uintptr_t)name;
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	return skep_bpf(engine, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
}

static void event_runs_what_is_attached(void **state)
{
	struct skep_engine *engine, *other;
	struct skep_event *event;
	uint64_t record[2] = { 1, 42 }, verdict = 0;
	int prog, link;

	assert_int_equal(skep_engine_new(NULL, &engine), 0);
	assert_int_equal(skep_engine_new(NULL, &other), 0);
	assert_int_equal(skep_event_register(engine, "tick", SKEP_EVENT_TRACEPOINT, sizeof(record),
					     &event), 0);
	assert_int_equal(skep_event_register(engine, "tick", SKEP_EVENT_TRACEPOINT, 8, &event),
			 -EEXIST);
	assert_int_equal(skep_event_fire(engine, event, record, sizeof(record), &verdict), 0);
	assert_true(verdict == UINT64_MAX);
	prog = load_argument(engine);
	link = open_tracepoint(engine, prog, "tick");
	assert_true(prog >= 0 && link >= 0);
	assert_int_equal(skep_event_fire(engine, event, record, sizeof(record), &verdict), 1);
	assert_int_equal(verdict, 42);
	assert_int_equal(skep_event_fire(engine, event, record, 8, &verdict), -EINVAL);
	assert_int_equal(skep_fire(engine, "tick", record, sizeof(record)), 1);
	assert_int_equal(skep_fire(other, "tick", record, sizeof(record)), -ENOENT);
	assert_int_equal(open_tracepoint(other, load_argument(other), "tick"), -ENOENT);
	close(link);
	assert_int_equal(skep_fire(engine, "tick", record, sizeof(record)), 1);
	skep_engine_poll(engine);
	assert_int_equal(skep_fire(engine, "tick", record, sizeof(record)), 0);
	close(prog);
	skep_engine_free(other);
	skep_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_meets_what_is_attached),
		cmocka_unit_test(event_runs_what_is_attached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
