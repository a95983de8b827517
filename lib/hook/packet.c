/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hook/hook.h"

static int filter_socket(int fd, int prog_fd, uint32_t ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};
	int least = 1;

	/* Nobody reads what it keeps: as little as can be. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog_fd, sizeof(prog_fd)))
		return -errno;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int hook_attach_socket_filter(int prog_fd, uint32_t ifindex, struct hook **out, struct error *err)
{
	/* Without a protocol it hears nothing until it is bound. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), rc;
	char name[IF_NAMESIZE] = "every device";

	if (fd < 0)
		return error_set(err, -errno, "a packet socket: %s (it needs CAP_NET_RAW)",
				 strerror(errno));
	if (ifindex)
		if_indextoname(ifindex, name);
	rc = filter_socket(fd, prog_fd, ifindex);
	if (rc) {
		close(fd);
		return error_set(err, rc, "socket filter on %s: %s", name, strerror(-rc));
	}
	*out = hook_new("socket filter on %s", name);
	(*out)->ifindex = ifindex;
	hook_keep_fd(*out, fd);
	return 0;
}
