/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: column last of tbl/commands.h is where the running kernel's zero-tail rule begins.
 *
 * Method: for every command an attr that sets the last field and fails with something other than
 * EINVAL: so the kernel reads that field. Then each byte behind it in turn is set to 1: EINVAL.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tbl/uapi.h"

#define SKIP 77

struct probe {
	int cmd;
	const char *name;
	size_t start, end; /* of the last field */
};

static const struct probe probes[] = {
#define COMMAND(num, name, handler, status, last)                                                  \
	{ num, #name, offsetof(union bpf_attr, last),                                              \
	  offsetof(union bpf_attr, last) + sizeof(((union bpf_attr *)0)->last) },
#include "tbl/commands.h"
};

static int call_bpf(int cmd, const union bpf_attr *attr)
{
	long fd = syscall(__NR_bpf, cmd, attr, sizeof(*attr));

	if (fd < 0)
		return errno;
	if (fd > 2)
		close((int)fd);
	return 0;
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	return (int)syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* clang-format off */
static const union bpf_attr baselines[__MAX_BPF_CMD] = {
	[BPF_MAP_CREATE] = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
			     .max_entries = 1, .excl_prog_hash = 1, .excl_prog_hash_size = 32 },
	[BPF_MAP_LOOKUP_ELEM] = { .map_fd = -1u, .flags = BPF_F_LOCK },
	[BPF_MAP_UPDATE_ELEM] = { .map_fd = -1u, .flags = -1ull },
	[BPF_MAP_DELETE_ELEM] = { .map_fd = -1u, .key = -1ull },
	[BPF_MAP_GET_NEXT_KEY] = { .map_fd = -1u, .next_key = -1ull },
	[BPF_PROG_LOAD] = { .keyring_id = -1 },
	[BPF_OBJ_PIN] = { .file_flags = BPF_F_PATH_FD, .path_fd = -1 },	/* bpf_fd: see main */
	[BPF_OBJ_GET] = { .file_flags = BPF_F_PATH_FD, .path_fd = -1 },
	[BPF_PROG_ATTACH] = { .attach_type = BPF_TCX_INGRESS, .attach_bpf_fd = -1u,
			      .expected_revision = -1ull },
	[BPF_PROG_DETACH] = { .attach_type = BPF_TCX_INGRESS, .attach_bpf_fd = -1u,
			      .expected_revision = -1ull },
	[BPF_PROG_TEST_RUN] = { .test = { .prog_fd = -1u, .ctx_in = 1, .ctx_size_in = 1,
					  .ctx_out = 1, .ctx_size_out = 1, .batch_size = -1u } },
	[BPF_PROG_GET_NEXT_ID] = { .start_id = 0x7ffffffe, .next_id = -1u },
	[BPF_MAP_GET_NEXT_ID] = { .start_id = 0x7ffffffe, .next_id = -1u },
	[BPF_BTF_GET_NEXT_ID] = { .start_id = 0x7ffffffe, .next_id = -1u },
	[BPF_LINK_GET_NEXT_ID] = { .start_id = 0x7ffffffe, .next_id = -1u },
	[BPF_PROG_GET_FD_BY_ID] = { .prog_id = -1u },
	[BPF_MAP_GET_FD_BY_ID] = { .open_flags = BPF_F_RDONLY },
	[BPF_BTF_GET_FD_BY_ID] = { .fd_by_id_token_fd = -1 },
	[BPF_LINK_GET_FD_BY_ID] = { .link_id = -1u },
	[BPF_OBJ_GET_INFO_BY_FD] = { .info = { .bpf_fd = -1u, .info = -1ull } },
	[BPF_PROG_QUERY] = { .query = { .revision = -1ull } },
	[BPF_RAW_TRACEPOINT_OPEN] = { .raw_tracepoint = { .prog_fd = -1u, .cookie = -1ull } },
	[BPF_BTF_LOAD] = { .btf_size = 100, .btf_token_fd = -1 },
	[BPF_TASK_FD_QUERY] = { .task_fd_query = { .pid = 0, .probe_addr = -1ull } },
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = { .map_fd = -1u, .flags = BPF_F_LOCK },
	[BPF_MAP_FREEZE] = { .map_fd = -1u },
	[BPF_MAP_LOOKUP_BATCH] = { .batch = { .map_fd = -1u, .flags = -1ull } },
	[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = { .batch = { .map_fd = -1u, .flags = -1ull } },
	[BPF_MAP_UPDATE_BATCH] = { .batch = { .map_fd = -1u, .flags = -1ull } },
	[BPF_MAP_DELETE_BATCH] = { .batch = { .map_fd = -1u, .flags = -1ull } },
	[BPF_LINK_CREATE] = { .link_create = { .prog_fd = -1u, .uprobe_multi = { .pid = -1u } } },
	[BPF_LINK_UPDATE] = { .link_update = { .link_fd = -1u, .flags = BPF_F_REPLACE,
					       .old_prog_fd = -1u } },
	[BPF_LINK_DETACH] = { .link_detach = { .link_fd = -1u } },
	[BPF_ENABLE_STATS] = { .enable_stats = { .type = BPF_STATS_RUN_TIME } },
	[BPF_ITER_CREATE] = { .iter_create = { .link_fd = -1u } },
	[BPF_PROG_BIND_MAP] = { .prog_bind_map = { .prog_fd = -1u } },
	[BPF_TOKEN_CREATE] = { .token_create = { .bpffs_fd = -1u } },
	[BPF_PROG_STREAM_READ_BY_FD] = { .prog_stream_read = { .prog_fd = -1u } },
};
/* clang-format on */

/* Commands that take nothing but 0 in their last field: only the tail behind it shows. */
static bool takes_only_zero(int cmd)
{
	return cmd == BPF_ENABLE_STATS || cmd == BPF_ITER_CREATE || cmd == BPF_PROG_BIND_MAP;
}

static bool sets_last_field(const struct probe *probe)
{
	const char *attr = (const char *)&baselines[probe->cmd];

	for (size_t at = probe->start; at < probe->end; at++)
		if (attr[at])
			return true;
	return takes_only_zero(probe->cmd);
}

static int check(const struct probe *probe, int map)
{
	union bpf_attr attr = baselines[probe->cmd];
	int err, failed = 0;

	if (probe->cmd == BPF_OBJ_PIN)
		attr.bpf_fd = (uint32_t)map;
	memset((char *)&attr + probe->end, 0, sizeof(attr) - probe->end);
	err = call_bpf(probe->cmd, &attr);
	if (err == EINVAL || !sets_last_field(probe)) {
		printf("%s: not shown that the kernel reads the last field\n", probe->name);
		failed++;
	}
	for (size_t at = probe->end; at < sizeof(attr); at++) {
		char *byte = (char *)&attr + at;

		*byte = 1;
		err = call_bpf(probe->cmd, &attr);
		*byte = 0;
		if (err != EINVAL) {
			printf("%s: byte %zu is behind the last field, errno %d\n", probe->name, at,
			       err);
			failed++;
		}
	}
	return failed;
}

int main(void)
{
	struct utsname host;
	int map, failed = 0;

	if (uname(&host) != 0 || strncmp(host.release, "6.18.", 5) != 0) {
		printf("SKIP: the fields are Linux 6.18's, this is %s\n", host.release);
		return SKIP;
	}
	map = make_map();
	if (map < 0) {
		printf("SKIP: bpf(2) is not allowed here: %s\n", strerror(errno));
		return SKIP;
	}
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++)
		failed += check(&probes[i], map);
	close(map);
	printf("%zu commands, %d differ\n", sizeof(probes) / sizeof(*probes), failed);
	return failed != 0;
}
