/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/account.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

int account_read(int map_fd, struct account *sum, struct error *err)
{
	int n = libbpf_num_possible_cpus(), rc;
	struct account *counts;
	__u32 zero = 0;

	if (n < 0)
		return error_set(err, n, "cannot count this machine's CPUs: %s", strerror(-n));
	counts = xcalloc((size_t)n, sizeof(*counts));
	rc = bpf_map_lookup_elem(map_fd, &zero, counts) ? -errno : 0;
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < n && !rc; i++) {
		sum->occurred += counts[i].occurred;
		sum->dropped += counts[i].dropped;
	}
	free(counts);
	return rc ? error_set(err, rc, "cannot read the counts of events: %s", strerror(-rc)) : 0;
}

int account_shut(const struct bpf_object *obj)
{
	int fd = bpf_object__find_map_fd_by_name(obj, ".data.account");
	__u32 zero = 0, shut = 1;

	if (fd < 0)
		return fd;
	return bpf_map_update_elem(fd, &zero, &shut, BPF_ANY) ? -errno : 0;
}
