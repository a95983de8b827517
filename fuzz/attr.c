/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any attr bytes into every command of bpf(2), on an engine without objects. What must hold
 * whatever is asked: no crash, no copy beyond what the client has, and once the client has closed its
 * descriptors nothing is left of what was made: no object, no charge, no descriptor. The engine then serves
 * the next input too: a new one each time would wait 10 ms for Linux to forget its inotify.
 *
 * Input: 2 bytes, how many bytes of the client's memory follow (at most 4 KiB); then commands: command
 * (bit 6: the whole of union bpf_attr, bit 7: a bad attr address), n, n bytes of attr. Pointers in attr
 * become places in the client's memory, descriptors become objects of this file or of this input.
 * Command 63 is none: with its first byte N, the Nth allocation from there on fails.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "btf/small.h"
#include "fuzz.h"
#include "hooks/cgroup.h"
#include "isa/insn.h"
#include "object/engine.h"
#include "skep/cgroup.h"
#include "skep/skep.h"
#include "tbl/uapi.h"

enum {
	CLIENT_BYTES = 1 << 16,
	CLIENT_TEXT_AT = CLIENT_BYTES - 256, /* "GPL" */
	GUARD_BYTES = 1 << 30,
	INPUT_MEM_MAX = 4096,
	COMMANDS_MAX = 32,
	MADE_MAX = 32,
	MADE_AT = 32, /* descriptor MADE_AT + i is the i-th this input made */
	REPEAT_MAX = 8,
	ATTR_ROOM = 256,
	FAIL_ALLOC = 63,
	INFO_BYTES = 256,
	BYTES_MAX = 64 << 20,
	INPUTS_PER_ENGINE = 256,
};

/* --- attr: where pointers and descriptors stand ------------------------------------------------------ */

#define AT(field) (uint8_t)(offsetof(union bpf_attr, field) + 1)

/* Offsets plus one; 0 ends. Pointers only read through are left out where another member shares them. */
struct shape {
	uint8_t ptrs[10];
	uint8_t fds[6];
};

#define ELEM                                                                                       \
	{                                                                                          \
		{ AT(key), AT(value) }, { AT(map_fd) }                                             \
	}
#define BATCH                                                                                      \
	{                                                                                          \
		{ AT(batch.in_batch), AT(batch.out_batch), AT(batch.keys), AT(batch.values) },     \
		{ AT(batch.map_fd) }                                                               \
	}

static const struct shape shapes[] = {
	[BPF_MAP_CREATE] = { { AT(excl_prog_hash) }, { AT(inner_map_fd), AT(btf_fd) } },
	[BPF_MAP_LOOKUP_ELEM] = ELEM,
	[BPF_MAP_UPDATE_ELEM] = ELEM,
	[BPF_MAP_DELETE_ELEM] = ELEM,
	[BPF_MAP_GET_NEXT_KEY] = ELEM,
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = ELEM,
	[BPF_MAP_FREEZE] = { { 0 }, { AT(map_fd) } },
	[BPF_PROG_LOAD] = { { AT(insns), AT(license), AT(log_buf), AT(func_info), AT(line_info),
			      AT(fd_array), AT(core_relos), AT(signature) },
			    { AT(prog_btf_fd), AT(attach_prog_fd) } },
	[BPF_OBJ_PIN] = { { AT(pathname) }, { AT(bpf_fd) } },
	[BPF_OBJ_GET] = { { AT(pathname) }, { AT(path_fd) } },
	[BPF_PROG_ATTACH] = { { 0 }, { AT(target_fd), AT(attach_bpf_fd), AT(replace_bpf_fd),
				       AT(relative_fd) } },
	[BPF_PROG_DETACH] = { { 0 }, { AT(target_fd), AT(attach_bpf_fd) } },
	[BPF_PROG_TEST_RUN] = { { AT(test.data_in), AT(test.data_out), AT(test.ctx_in),
				  AT(test.ctx_out) },
				{ AT(test.prog_fd) } },
	[BPF_OBJ_GET_INFO_BY_FD] = { { AT(info.info) }, { AT(info.bpf_fd) } },
	[BPF_PROG_QUERY] = { { AT(query.prog_ids), AT(query.prog_attach_flags), AT(query.link_ids),
			       AT(query.link_attach_flags) },
			     { AT(query.target_fd) } },
	[BPF_RAW_TRACEPOINT_OPEN] = { { AT(raw_tracepoint.name) }, { AT(raw_tracepoint.prog_fd) } },
	[BPF_BTF_LOAD] = { { AT(btf), AT(btf_log_buf) }, { 0 } },
	[BPF_TASK_FD_QUERY] = { { AT(task_fd_query.buf) }, { AT(task_fd_query.fd) } },
	[BPF_MAP_LOOKUP_BATCH] = BATCH,
	[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = BATCH,
	[BPF_MAP_UPDATE_BATCH] = BATCH,
	[BPF_MAP_DELETE_BATCH] = BATCH,
	[BPF_LINK_CREATE] = { { 0 }, { AT(link_create.prog_fd), AT(link_create.target_fd),
				       AT(link_create.tcx.relative_fd) } },
	[BPF_LINK_UPDATE] = { { 0 }, { AT(link_update.link_fd), AT(link_update.new_prog_fd),
				       AT(link_update.old_prog_fd) } },
	[BPF_LINK_DETACH] = { { 0 }, { AT(link_detach.link_fd) } },
	[BPF_ITER_CREATE] = { { 0 }, { AT(iter_create.link_fd) } },
	[BPF_PROG_BIND_MAP] = { { 0 }, { AT(prog_bind_map.prog_fd), AT(prog_bind_map.map_fd) } },
	[BPF_PROG_STREAM_READ_BY_FD] = { { AT(prog_stream_read.stream_buf) },
					 { AT(prog_stream_read.prog_fd) } },
};

/* --- objects there are from the start, made when first named ------------------------------------------- */

struct world {
	struct skep_engine *engine;
	int objects[MADE_AT]; /* 0: not made yet */
	int made[MADE_MAX];
	uint32_t n_made;
};

/* The client's memory, with nothing behind it for GUARD_BYTES. */
static uint8_t *client;
static char base_btf_path[32];

static const struct {
	uint32_t type, key, value, max, flags, inner; /* inner: an earlier object */
} kinds[] = {
	{ BPF_MAP_TYPE_ARRAY, 4, 16, 4, 0, 0 },
	{ BPF_MAP_TYPE_HASH, 4, 8, 6, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 3, 0, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 8, 4, 3, 0, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 4, 5, 0, 0 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 5, 0, 0 },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, 4, 5, BPF_F_NO_PREALLOC, 0 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0, 0 },
	{ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3, 0, 0 },
	{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0, 0 },
	{ BPF_MAP_TYPE_QUEUE, 0, 4, 3, 0, 0 },
	{ BPF_MAP_TYPE_STACK, 0, 8, 3, 0, 0 },
	{ BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 8, 0, 0 },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3, 0, 1 },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 3, 0, 1 },
	{ BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_MMAPABLE, 0 },
};

static const uint32_t prog_types[] = {
	BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,
	BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_SYSCALL,
	BPF_PROG_TYPE_CGROUP_SKB,
};

enum {
	AT_PROGS = ARRAY_SIZE(kinds),
	AT_BTF = AT_PROGS + ARRAY_SIZE(prog_types),
	AT_LINK,
	AT_SYSCTL, /* a program for cgroups */
	AT_CGROUP, /* the root, and one beneath it */
	AT_CGROUP_BELOW,
	THINGS,
};

_Static_assert((int)THINGS <= (int)MADE_AT, "a number for each object");

static int object(struct world *w, uint32_t index);

static int make_map(struct world *w, uint32_t i)
{
	union bpf_attr attr = { .map_type = kinds[i].type, .key_size = kinds[i].key,
				.value_size = kinds[i].value, .max_entries = kinds[i].max,
				.map_flags = kinds[i].flags };

	if (kinds[i].inner)
		attr.inner_map_fd = (uint32_t)object(w, kinds[i].inner - 1);
	return skep_bpf(w->engine, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int make_prog(struct world *w, uint32_t type)
{
	const struct bpf_insn insns[] = {
		BPF_LD_MAP_FD(BPF_REG_1, object(w, 0)),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	union bpf_attr attr = { .prog_type = type, .insns = (uintptr_t)insns,
				.insn_cnt = ARRAY_SIZE(insns), .license = (uintptr_t) "GPL",
				.prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0 };

	return skep_bpf(w->engine, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int make_btf(struct world *w)
{
	uint32_t size, fail_at = mem_fail_at;
	union bpf_attr attr = { 0 };
	void *blob;
	int fd;

	/* It is in the engine that an allocation is to fail. */
	mem_fail_at = 0;
	FUZZ_CHECK(!btf_small_blob(&blob, &size));
	mem_fail_at = fail_at;
	attr.btf = (uintptr_t)blob;
	attr.btf_size = size;
	fd = skep_bpf(w->engine, BPF_BTF_LOAD, &attr, sizeof(attr));
	free(blob);
	return fd;
}

/* No device and no event is there, so this may be refused: then the number stands for nothing. */
static int make_link(struct world *w)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (uint32_t)object(w, AT_PROGS),
						 .target_ifindex = 1,
						 .attach_type = BPF_XDP } };

	return skep_bpf(w->engine, BPF_LINK_CREATE, &attr, sizeof(attr));
}

static const char *const folders[] = { "/", "/proc" };

static int object(struct world *w, uint32_t i)
{
	if (w->objects[i])
		return w->objects[i];
	if (i < AT_PROGS)
		w->objects[i] = make_map(w, i);
	else if (i < AT_BTF)
		w->objects[i] = make_prog(w, prog_types[i - AT_PROGS]);
	else if (i == AT_BTF)
		w->objects[i] = make_btf(w);
	else if (i == AT_LINK)
		w->objects[i] = make_link(w);
	else if (i == AT_SYSCTL)
		w->objects[i] = make_prog(w, BPF_PROG_TYPE_CGROUP_SYSCTL);
	else
		w->objects[i] = open(folders[i - AT_CGROUP], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->objects[i];
}

/* --- one command ---------------------------------------------------------------------------------------- */

static uint32_t as_fd(struct world *w, uint32_t number)
{
	if (number < THINGS)
		return (uint32_t)object(w, number);
	if (number >= MADE_AT && number - MADE_AT < w->n_made)
		return (uint32_t)w->made[number - MADE_AT];
	return number;
}

/* 0 stays; the rest are places in the client's memory, some of them close to its end. */
static uint64_t as_ptr(uint64_t number)
{
	if (!number)
		return 0;
	if (number >> 16 == 1)
		return (uintptr_t)client + CLIENT_BYTES - (number & 0xff);
	return (uintptr_t)client + (number & (CLIENT_BYTES - 1));
}

/* Structs that GET_INFO reads hold pointers that it writes through. */
static void mend_info(uint64_t info)
{
	uint64_t end = (uintptr_t)client + CLIENT_BYTES, word;

	for (uint64_t at = info; info && at + sizeof(word) <= end && at < info + INFO_BYTES;
	     at += sizeof(word)) {
		memcpy(&word, (void *)(uintptr_t)at, sizeof(word));
		if (word < CLIENT_BYTES)
			continue;
		word = as_ptr(word & (CLIENT_BYTES - 1));
		memcpy((void *)(uintptr_t)at, &word, sizeof(word));
	}
}

static void mend(struct world *w, uint32_t cmd, uint8_t *attr)
{
	const struct shape *s = cmd < ARRAY_SIZE(shapes) ? &shapes[cmd] : &shapes[BPF_LINK_DETACH];
	union bpf_attr *a = (union bpf_attr *)attr;
	uint64_t word;
	uint32_t fd;

	for (uint32_t i = 0; i < ARRAY_SIZE(s->ptrs) && s->ptrs[i]; i++) {
		memcpy(&word, attr + s->ptrs[i] - 1, sizeof(word));
		word = as_ptr(word);
		memcpy(attr + s->ptrs[i] - 1, &word, sizeof(word));
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(s->fds) && s->fds[i]; i++) {
		memcpy(&fd, attr + s->fds[i] - 1, sizeof(fd));
		fd = as_fd(w, fd);
		memcpy(attr + s->fds[i] - 1, &fd, sizeof(fd));
	}
	if (cmd == BPF_PROG_TEST_RUN)
		a->test.repeat %= REPEAT_MAX;
	if (cmd == BPF_OBJ_GET_INFO_BY_FD)
		mend_info(a->info.info);
}

/* Values that are descriptors, of maps that hold objects, and descriptors in programs: small numbers. */
static bool command(struct world *w, uint8_t first, const uint8_t *bytes, uint32_t n)
{
	_Alignas(8) uint8_t attr[ATTR_ROOM] = { 0 };
	uint32_t cmd = first & 0x3f, size = first & 0x40 ? sizeof(union bpf_attr) : n;
	int ret;

	memcpy(attr, bytes, n);
	if (cmd == FAIL_ALLOC) {
		mem_fail_at = attr[0];
		return false;
	}
	mend(w, cmd, attr);
	ret = skep_bpf(w->engine, (int)cmd, first & 0x80 ? client + CLIENT_BYTES - 4 : attr, size);
	if (ret > 0 && w->n_made < MADE_MAX)
		w->made[w->n_made++] = ret;
	else if (ret > 0)
		close(ret);
	return ret >= 0;
}

/* --- one input ------------------------------------------------------------------------------------------- */

static void set_up_once(void)
{
	uint32_t size;
	void *blob;
	int fd;

	if (client)
		return;
	client = mmap(NULL, CLIENT_BYTES + (size_t)GUARD_BYTES, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	FUZZ_CHECK(client != MAP_FAILED &&
		   !mprotect(client, CLIENT_BYTES, PROT_READ | PROT_WRITE));
	/* A base BTF that is quick to load. */
	FUZZ_CHECK(!btf_small_blob(&blob, &size));
	fd = memfd_create("base-btf", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && write(fd, blob, size) == (ssize_t)size);
	free(blob);
	snprintf(base_btf_path, sizeof(base_btf_path), "/proc/self/fd/%d", fd);
}

/* The engine's own are above FD_HIGH_MIN. */
static int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* The engine of this input; now and then a new one. */
static struct skep_engine *engine_for_input(void)
{
	static struct skep_opts opts = { .size = sizeof(opts), .n_cpus = 2, .bytes_max = BYTES_MAX,
					 .objects_max = 256, .base_btf = base_btf_path };
	static struct skep_engine *engine;
	static uint32_t inputs;

	if (inputs++ % INPUTS_PER_ENGINE)
		return engine;
	skep_engine_free(engine);
	FUZZ_CHECK(!skep_engine_new(&opts, &engine));
	for (uint64_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int fd = open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		FUZZ_CHECK(fd >= 0 && !skep_cgroup_add(engine, fd, i + 1, i));
		close(fd);
	}
	return engine;
}

/* Programs name descriptors by number, as attr does. */
static void mend_programs(struct world *w, size_t bytes)
{
	struct bpf_insn *insn = (struct bpf_insn *)client;

	for (size_t i = 0; i < bytes / sizeof(*insn); i++)
		if (isa_is_ld_imm64(&insn[i]) &&
		    (insn[i].src_reg == BPF_PSEUDO_MAP_FD || insn[i].src_reg == BPF_PSEUDO_MAP_VALUE))
			insn[i].imm = (int32_t)as_fd(w, (uint32_t)insn[i].imm);
}

static void close_all(struct world *w)
{
	for (uint32_t i = 0; i < w->n_made; i++)
		close(w->made[i]);
	for (uint32_t i = 0; i < THINGS; i++)
		if (w->objects[i] > 0)
			close(w->objects[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { 0 };
	const struct engine *e;
	size_t mem = 0, at = 2;
	bool any = false;
	uint64_t charged;
	int fd;

	set_up_once();
	w.engine = engine_for_input();
	fd = lowest_fd();
	e = (const struct engine *)w.engine;
	charged = e->base_btf ? e->bytes_used : 0;
	memset(client, 0, CLIENT_BYTES);
	memcpy(client + CLIENT_TEXT_AT, "GPL", 4);
	if (size >= 2)
		mem = (size_t)(data[0] | data[1] << 8) % (INPUT_MEM_MAX + 1);
	if (at + mem <= size)
		memcpy(client, data + at, mem);
	mend_programs(&w, mem);
	at += mem;
	for (uint32_t i = 0; i < COMMANDS_MAX && at + 2 <= size; i++) {
		uint32_t n = data[at + 1];

		n = at + 2 + n <= size ? n : (uint32_t)(size - at - 2);
		any |= command(&w, data[at], data + at + 2, n);
		at += 2 + n;
	}
	mem_fail_at = 0;
	close_all(&w);
	hook_cgroup_deinit((struct engine *)w.engine); /* what was attached without a link */
	skep_engine_poll(w.engine);
	FUZZ_CHECK(lowest_fd() == fd);
	if (e->base_btf)
		FUZZ_CHECK(e->objects_used <= 1 && (!charged || e->bytes_used == charged));
	else
		FUZZ_CHECK(!e->objects_used && !e->bytes_used);
	fuzz_count(any);
	return 0;
}
