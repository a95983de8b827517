/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: helpers and framing give what the kernel gives. Method: small programs, each loaded on both
 * sides and run by BPF_PROG_TEST_RUN on a handful of packets; errno, R0, packet and context after it
 * must be equal. What differs by nature (time, random numbers, CPU, ids) is folded to a truth first.
 *
 * In a text M0 … stand for maps: M0 array of 4 x 64 bytes, M1 ring buffer, M2 per-CPU array of 8 bytes,
 * M3 program array, M4 hash of 8 -> 16, M5 read-only array with the strings of fill_strings(), M6 array of
 * struct { struct bpf_spin_lock lock; int n; }, M7 perf event array without events, M8 queue of 2 x 8, M9 XSK map
 * without sockets.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "isa/asm.h"
#include "syscall/test_twin.h"

#define N_MAPS 10
#define OUT_BYTES 4096

struct side_state {
	int maps[N_MAPS];
};

struct twin_case {
	const char *name;
	uint32_t type;
	const char *text;
	uint32_t attach_type;
	uint32_t run_flags;
};

struct packet {
	const char *name;
	uint32_t bytes;
	uint8_t data[OUT_BYTES];
};

struct outcome {
	int err;
	uint32_t retval;
	uint32_t data_bytes, ctx_bytes;
	uint8_t data[OUT_BYTES];
	uint8_t ctx[256];
};

static struct side_state sides[SIDES];
static struct packet packets[10];
static uint32_t n_packets, n_runs, n_taken;
static bool called[__BPF_FUNC_MAX_ID];

/* --- packets --------------------------------------------------------------------------------------- */

static uint8_t *add_packet(const char *name, uint32_t bytes, uint16_t proto)
{
	struct packet *p = &packets[n_packets++];

	p->name = name;
	p->bytes = bytes;
	for (uint32_t i = 0; i < bytes; i++)
		p->data[i] = (uint8_t)(i * 7);
	p->data[0] &= (uint8_t)~1;
	if (bytes >= 14) {
		p->data[12] = (uint8_t)(proto >> 8);
		p->data[13] = (uint8_t)proto;
	}
	return p->data;
}

static void ip4(uint8_t *ip, uint8_t proto, uint16_t bytes)
{
	ip[0] = 0x45;
	ip[1] = 0x02; /* ECT(0) */
	ip[2] = (uint8_t)(bytes >> 8);
	ip[3] = (uint8_t)bytes;
	ip[8] = 64;
	ip[9] = proto;
	ip[10] = ip[11] = 0;
}

static void make_packets(void)
{
	uint8_t *p;

	n_packets = 0;
	ip4(add_packet("udp4", 74, 0x0800) + 14, 17, 60);
	ip4(add_packet("odd", 71, 0x0800) + 14, 17, 57);
	p = add_packet("udp6", 94, 0x86dd) + 14;
	p[0] = 0x60;
	p[1] = 0x10;
	p[6] = 17;
	p = add_packet("vlan", 78, 0x8100);
	p[14] = 0;
	p[15] = 5;
	p[16] = 0x08;
	p[17] = 0;
	ip4(p + 18, 6, 60);
	memset(add_packet("broadcast", 60, 0x0806), 0xff, 6);
	add_packet("tiny", 14, 0x88b5);
	add_packet("llc", 64, 0x0030);
	add_packet("short4", 30, 0x0800);
	ip4(add_packet("large", 3000, 0x0800) + 14, 6, 2986);
}

/* --- both sides ------------------------------------------------------------------------------------ */

static void fill_strings(enum side side, int fd)
{
	char value[256] = "%d %x|";
	uint32_t key = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)&key,
				.value = (uintptr_t)value };

	strcpy(value + 16, "skep");
	strcpy(value + 32, "[%5s|%-6d|%08llx|%c|%+d%%]");
	strcpy(value + 64, "%pi4 %pI4 %pI6 %pi6");
	strcpy(value + 96, "%i %u %lu %lld %X %ld");
	assert_int_equal(twin_bpf(side, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
	attr = (union bpf_attr){ .map_fd = (uint32_t)fd };
	assert_int_equal(twin_bpf(side, BPF_MAP_FREEZE, &attr, sizeof(attr)), 0);
}

/* --- BTF for callbacks and a spin lock ------------------------------------------------------------- */

#define BTF_INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
#define BTF_WORDS 28
#define BTF_STRING_BYTES 48

enum { TYPE_INT = 1, TYPE_PROTO, TYPE_MAIN, TYPE_CALLBACK, TYPE_LOCK, TYPE_VALUE };

static const struct {
	struct btf_header header;
	uint32_t types[BTF_WORDS];
	char strings[BTF_STRING_BYTES];
} btf_blob = {
	.header = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(struct btf_header),
		    .type_len = BTF_WORDS * 4, .str_off = BTF_WORDS * 4, .str_len = BTF_STRING_BYTES },
	/* clang-format off */
	.types = { 1, BTF_INFO(BTF_KIND_INT, 0), 4, 0x01000020,
		   0, BTF_INFO(BTF_KIND_FUNC_PROTO, 0), TYPE_INT,
		   5, BTF_INFO(BTF_KIND_FUNC, 0), TYPE_PROTO,
		   10, BTF_INFO(BTF_KIND_FUNC, 0), TYPE_PROTO,
		   13, BTF_INFO(BTF_KIND_STRUCT, 1), 4, /* struct bpf_spin_lock { int val; } */
		   27, TYPE_INT, 0,
		   31, BTF_INFO(BTF_KIND_STRUCT, 2), 8, /* struct value { lock; int n; } */
		   37, TYPE_LOCK, 0, 42, TYPE_INT, 32 },
	/* clang-format on */
	.strings = "\0int\0main\0cb\0bpf_spin_lock\0val\0value\0lock\0n",
};

static int load_btf(enum side side)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf_blob;
	attr.btf_size = sizeof(btf_blob);
	fd = twin_bpf(side, BPF_BTF_LOAD, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return fd;
}

static void make_maps(enum side side)
{
	static const union bpf_attr attrs[N_MAPS] = {
		{ .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 64, .max_entries = 4 },
		{ .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 },
		{ .map_type = BPF_MAP_TYPE_PERCPU_ARRAY, .key_size = 4, .value_size = 8,
		  .max_entries = 2 },
		{ .map_type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4,
		  .max_entries = 2 },
		{ .map_type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 16, .max_entries = 8 },
		{ .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 256, .max_entries = 1,
		  .map_flags = BPF_F_RDONLY_PROG },
		{ .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
		  .btf_key_type_id = TYPE_INT, .btf_value_type_id = TYPE_VALUE },
		{ .map_type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4,
		  .max_entries = 2 },
		{ .map_type = BPF_MAP_TYPE_QUEUE, .value_size = 8, .max_entries = 2 },
		{ .map_type = BPF_MAP_TYPE_XSKMAP, .key_size = 4, .value_size = 4, .max_entries = 2 },
	};
	int btf = load_btf(side);

	for (int i = 0; i < N_MAPS; i++) {
		union bpf_attr attr = attrs[i];

		if (attr.btf_value_type_id)
			attr.btf_fd = (uint32_t)btf;
		sides[side].maps[i] = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
		assert_true(sides[side].maps[i] >= 0);
	}
	close(btf);
	fill_strings(side, sides[side].maps[5]);
}

static void drop_maps(void)
{
	for (int side = 0; side < SIDES; side++)
		for (int i = 0; i < N_MAPS; i++)
			close(sides[side].maps[i]);
}

/* Replaces Mn by map[fd:N]. */
static char *with_maps(enum side side, const char *text)
{
	char *out = malloc(strlen(text) * 8 + 1), *to = out;

	while (*text) {
		if (text[0] == 'M' && text[1] >= '0' && text[1] < '0' + N_MAPS) {
			to += sprintf(to, "map[fd:%d]", sides[side].maps[text[1] - '0']);
			text += 2;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return out;
}

/* The callback's first instruction: what the one subprog[] load refers to. */
static uint32_t callback_pc(const struct bpf_insn *insns, size_t n)
{
	for (uint32_t pc = 0; pc < n; pc++)
		if (insns[pc].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    insns[pc].src_reg == BPF_PSEUDO_FUNC)
			return pc + 1 + (uint32_t)insns[pc].imm;
	return 0;
}

static int load(enum side side, const struct twin_case *c, char *log, uint32_t log_bytes)
{
	struct bpf_func_info funcs[2] = { { 0, TYPE_MAIN }, { 0, TYPE_CALLBACK } };
	char *text = with_maps(side, c->text);
	struct isa_asm_error error;
	struct bpf_insn *insns;
	size_t n;
	int fd;

	if (isa_asm(text, strlen(text), &insns, &n, &error))
		fail_msg("%s: %u:%u: %s", c->name, error.line, error.col, error.text);
	union bpf_attr attr = {
		.prog_type = c->type,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t)"GPL",
		.expected_attach_type = c->attach_type,
		.prog_flags = c->type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0,
		.log_buf = (uintptr_t)log,
		.log_size = log_bytes,
		.log_level = 1,
	};
	for (size_t pc = 0; pc < n; pc++)
		if (insns[pc].code == (BPF_JMP | BPF_CALL) && !insns[pc].src_reg)
			called[insns[pc].imm] = true;
	funcs[1].insn_off = callback_pc(insns, n);
	if (funcs[1].insn_off) {
		attr.prog_btf_fd = (uint32_t)load_btf(side);
		attr.func_info = (uintptr_t)funcs;
		attr.func_info_cnt = 2;
		attr.func_info_rec_size = sizeof(funcs[0]);
	}
	fd = twin_bpf(side, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (funcs[1].insn_off)
		close((int)attr.prog_btf_fd);
	free(insns);
	free(text);
	return fd;
}

static bool is_packet_type(uint32_t type)
{
	return type != BPF_PROG_TYPE_RAW_TRACEPOINT && type != BPF_PROG_TYPE_SYSCALL;
}

static void run(enum side side, int fd, const struct twin_case *c, const struct packet *p,
		struct outcome *o)
{
	uint64_t args[4] = { 1, 2, 3, 4 };
	union bpf_attr attr;

	memset(o, 0, sizeof(*o));
	memset(&attr, 0, sizeof(attr)); /* an initialiser need not clear the rest of a union */
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.flags = c->run_flags;
	if (is_packet_type(c->type)) {
		attr.test.data_in = (uintptr_t)p->data;
		attr.test.data_size_in = p->bytes;
		attr.test.data_out = (uintptr_t)o->data;
		attr.test.data_size_out = sizeof(o->data);
	} else {
		attr.test.ctx_in = (uintptr_t)args;
		attr.test.ctx_size_in = sizeof(args);
	}
	if (is_packet_type(c->type) && c->type != BPF_PROG_TYPE_XDP) {
		attr.test.ctx_out = (uintptr_t)o->ctx;
		attr.test.ctx_size_out = sizeof(o->ctx);
	}
	o->err = twin_bpf(side, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	o->retval = attr.test.retval;
	o->data_bytes = attr.test.data_size_out;
	o->ctx_bytes = attr.test.ctx_size_out;
	if (!is_packet_type(c->type))
		memcpy(o->ctx, args, sizeof(args));
}

static uint32_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	uint32_t i = 0;

	while (i < bytes && a[i] == b[i])
		i++;
	return i;
}

static bool same(const struct twin_case *c, const struct packet *p, const struct outcome *engine,
		 const struct outcome *kernel)
{
	if (engine->err != kernel->err || engine->retval != kernel->retval ||
	    engine->data_bytes != kernel->data_bytes || engine->ctx_bytes != kernel->ctx_bytes) {
		print_message("%s on %s: engine %d r0 %d data %u ctx %u, kernel %d r0 %d data %u ctx %u\n",
			      c->name, p->name, engine->err, (int)engine->retval, engine->data_bytes,
			      engine->ctx_bytes, kernel->err, (int)kernel->retval,
			      kernel->data_bytes, kernel->ctx_bytes);
		return false;
	}
	if (memcmp(engine->data, kernel->data, sizeof(engine->data)) != 0) {
		uint32_t at = first_difference(engine->data, kernel->data, OUT_BYTES);

		print_message("%s on %s: packet differs at %u: engine %02x, kernel %02x\n", c->name,
			      p->name, at, engine->data[at], kernel->data[at]);
		return false;
	}
	if (memcmp(engine->ctx, kernel->ctx, sizeof(engine->ctx)) != 0) {
		uint32_t at = first_difference(engine->ctx, kernel->ctx, sizeof(engine->ctx));

		print_message("%s on %s: context differs at %u: engine %02x, kernel %02x\n", c->name,
			      p->name, at, engine->ctx[at], kernel->ctx[at]);
		return false;
	}
	return true;
}

static int load_both(const struct twin_case *c, int fds[SIDES])
{
	static char logs[SIDES][65536];

	for (int side = 0; side < SIDES; side++) {
		logs[side][0] = '\0';
		fds[side] = load((enum side)side, c, logs[side], sizeof(logs[side]));
	}
	if (fds[ENGINE] >= 0 && fds[KERNEL] >= 0)
		return 0;
	print_message("%s: engine %d, kernel %d\n--- engine\n%s--- kernel\n%s", c->name, fds[ENGINE],
		      fds[KERNEL], logs[ENGINE], logs[KERNEL]);
	for (int side = 0; side < SIDES; side++)
		if (fds[side] >= 0)
			close(fds[side]);
	return -EINVAL;
}

/* How many differences. */
static uint32_t compare(const struct twin_case *c)
{
	static struct outcome outcomes[SIDES];
	uint32_t n = is_packet_type(c->type) ? n_packets : 1, wrong = 0;
	int fds[SIDES];

	if (load_both(c, fds))
		return 1;
	for (uint32_t i = 0; i < n; i++) {
		for (int side = 0; side < SIDES; side++)
			run((enum side)side, fds[side], c, &packets[i], &outcomes[side]);
		wrong += !same(c, &packets[i], &outcomes[ENGINE], &outcomes[KERNEL]);
		n_runs++;
		n_taken += outcomes[KERNEL].err == 0;
	}
	close(fds[ENGINE]);
	close(fds[KERNEL]);
	return wrong;
}

static void compare_all(const struct twin_case *cases, size_t n)
{
	uint32_t wrong = 0;

	if (!twin_kernel_allowed()) {
		print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
		skip();
	}
	n_runs = n_taken = 0;
	make_packets();
	for (int side = 0; side < SIDES; side++)
		make_maps((enum side)side);
	for (size_t i = 0; i < n; i++)
		wrong += compare(&cases[i]);
	drop_maps();
	print_message("%zu programs, %u runs, %u of them taken by the kernel\n", n, n_runs, n_taken);
	assert_int_equal(wrong, 0);
	assert_true(n_taken > n_runs / 2);
}

#include "helpers/test_kernel_cases.h"

/* clang-format off */
#define TEST_OF(family)                                                                            \
	static void family##_as_in_the_kernel(void **state)                                        \
	{                                                                                          \
		compare_all(family, ARRAY_SIZE(family));                                           \
	}

TEST_OF(contexts)
TEST_OF(xdp)
TEST_OF(skb_bytes)
TEST_OF(skb_room)
TEST_OF(checksums)
TEST_OF(redirects)
TEST_OF(strings)
TEST_OF(maps)
TEST_OF(dynptrs)
TEST_OF(world)
TEST_OF(syscalls)
/* clang-format on */

/* Done helpers that no program here can call on both sides, and where they are tested. */
static const uint32_t elsewhere[] = {
	BPF_FUNC_get_func_ip,  /* KPROBE only, which the kernel does not test-run: hooks/test_event.c */
	BPF_FUNC_get_stackid, /* the stacks of a test run are the kernel's: syscall/test_stack.c */
	BPF_FUNC_get_stack,
	BPF_FUNC_timer_init, /* need callbacks and time: syscall/test_timer.c */
	BPF_FUNC_timer_set_callback,
	BPF_FUNC_timer_start,
	BPF_FUNC_timer_cancel,
	BPF_FUNC_sysctl_get_name, /* no test runs of their type: hooks/test_sysctl.c */
	BPF_FUNC_sysctl_get_current_value,
	BPF_FUNC_sysctl_get_new_value,
	BPF_FUNC_sysctl_set_new_value,
	BPF_FUNC_get_current_ancestor_cgroup_id,
	BPF_FUNC_get_retval,
	BPF_FUNC_set_retval,
	BPF_FUNC_user_ringbuf_drain, /* reads what a client mapped: helpers/test_user_ringbuf.c */
};

static bool is_elsewhere(uint32_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (elsewhere[i] == id)
			return true;
	return false;
}

#define DONE_done true
#define DONE_later false
#define DONE_refused false

static void every_done_helper_was_called(void **state)
{
	static const struct {
		const char *name;
		bool done;
	} helpers[] = {
#define HELPER(id, name, status, note) [id] = { #name, DONE_##status },
#include "tbl/helpers.h"
	};
	uint32_t missing = 0;

	if (!twin_kernel_allowed()) {
		print_message("the kernel's bpf(2) is not allowed here: nothing to compare with\n");
		skip();
	}
	for (uint32_t id = 0; id < ARRAY_SIZE(helpers); id++) {
		if (!helpers[id].done || called[id] || is_elsewhere(id))
			continue;
		print_message("bpf_%s is done and no program here calls it\n", helpers[id].name);
		missing++;
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(contexts_as_in_the_kernel),  TWIN_TEST(xdp_as_in_the_kernel),
		TWIN_TEST(skb_bytes_as_in_the_kernel), TWIN_TEST(skb_room_as_in_the_kernel),
		TWIN_TEST(checksums_as_in_the_kernel), TWIN_TEST(redirects_as_in_the_kernel),
		TWIN_TEST(strings_as_in_the_kernel),   TWIN_TEST(maps_as_in_the_kernel),
		TWIN_TEST(dynptrs_as_in_the_kernel),   TWIN_TEST(world_as_in_the_kernel),
		TWIN_TEST(syscalls_as_in_the_kernel),
		TWIN_TEST(every_done_helper_was_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
