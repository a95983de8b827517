/* SPDX-License-Identifier: BSD-2-Clause */
#include "twin.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "skep/skep.h"

static struct skep_engine *engine;

int twin_open(void)
{
	struct skep_opts opts = { .size = sizeof(opts) };
	/* LPM_TRIE needs privileges, and this kernel's errors need 6.18 or so: LPM without
	 * BPF_F_NO_PREALLOC tells nothing, so ask for a good one. */
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_LPM_TRIE, .key_size = 8, .value_size = 4,
				.max_entries = 1, .map_flags = BPF_F_NO_PREALLOC };
	int fd = twin_bpf(KERNEL, BPF_MAP_CREATE, &attr);

	if (fd < 0)
		return fd;
	close(fd);
	return skep_engine_new(&opts, &engine);
}

void twin_close(void)
{
	skep_engine_free(engine);
	engine = NULL;
}

int twin_bpf(enum side side, int cmd, union bpf_attr *attr)
{
	long ret;

	if (side == ENGINE)
		return (int)skep_bpf(engine, cmd, attr, sizeof(*attr));
	ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return ret < 0 ? -errno : (int)ret;
}

#define TYPE(name, kind, n, size_or_type) (name), (kind) << 24 | (n), (size_or_type)

int twin_lock_btf(enum side side)
{
	static const char strings[] = "\0int\0bpf_spin_lock\0val\0u64\0v\0lock\0a";
	enum { INT = 1, BPF_SPIN_LOCK_NAME = 5, VAL = 19, U64 = 23, V = 27, LOCK = 29, A = 34 };
	static const uint32_t types[] = {
		TYPE(INT, BTF_KIND_INT, 0, 4), 32,
		TYPE(BPF_SPIN_LOCK_NAME, BTF_KIND_STRUCT, 1, 4), VAL, 1, 0,
		TYPE(U64, BTF_KIND_INT, 0, 8), 64,
		TYPE(V, BTF_KIND_STRUCT, 2, 16), LOCK, 2, 0, A, 3, 64,
	};
	struct {
		struct btf_header header;
		uint32_t types[sizeof(types) / 4];
		char strings[sizeof(strings)];
	} btf = { .header = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(btf.header),
			      .type_len = sizeof(types), .str_off = sizeof(types),
			      .str_len = sizeof(strings) } };
	union bpf_attr attr = { .btf = (uintptr_t)&btf };

	memcpy(btf.types, types, sizeof(types));
	memcpy(btf.strings, strings, sizeof(strings));
	attr.btf_size = offsetof(__typeof__(btf), strings) + sizeof(strings);
	return twin_bpf(side, BPF_BTF_LOAD, &attr);
}

uint32_t twin_cpus(void)
{
	return (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
}

uint32_t twin_map_id(enum side side, int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(info),
					  .info = (uintptr_t)&info } };

	return twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.id;
}

uint32_t rng_next(struct rng *rng)
{
	rng->state = rng->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng->state >> 32);
}
