/* SPDX-License-Identifier: BSD-2-Clause */
#include "twin.h"

#include <errno.h>
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
