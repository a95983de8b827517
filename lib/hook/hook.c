/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/hook.h"

#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "hook/link.h"
#include "hook/tc.h"
#include "hook/uapi.h"

struct hook *hook_new(const char *fmt, ...)
{
	struct hook *h = xcalloc(1, sizeof(*h));
	va_list args;

	h->link_fd = -1;
	va_start(args, fmt);
	vsnprintf(h->what, sizeof(h->what), fmt, args);
	va_end(args);
	return h;
}

void hook_keep_fd(struct hook *h, int fd)
{
	array_grow(h->fds, h->n_fds);
	h->fds[h->n_fds++] = fd;
}

void hook_detach(struct hook *h)
{
	if (!h)
		return;
	if (h->link_fd >= 0)
		close(h->link_fd);
	bpf_link__destroy(h->link);
	hook_tc_remove(h->tc);
	for (uint32_t i = 0; i < h->n_fds; i++)
		close(h->fds[i]);
	free(h->fds);
	free(h);
}

bool hook_is_gone(const struct hook *h)
{
	int fd = h->link ? bpf_link__fd(h->link) : h->link_fd;
	struct hook_link_info info = { 0 };
	char name[IF_NAMESIZE];

	if (h->ifindex && !if_indextoname(h->ifindex, name))
		return true;
	if (fd < 0 || hook_link_info(fd, &info))
		return false;
	switch (info.type) {
	case HOOK_LINK_CGROUP:
		return info.cgroup_id == 0;
	case HOOK_LINK_XDP:
	case HOOK_LINK_TCX:
	case HOOK_LINK_NETKIT:
		return info.ifindex == 0;
	}
	return false;
}
