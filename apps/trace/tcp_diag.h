/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listening TCP sockets of a network namespace, by sock_diag(7): a fraction of a millisecond, where
 * /proc/net/tcp also looks through the table of all connections, 5 ms for each family even when it is empty.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tcp_listening;

/*
 * Adds those of the namespace of /proc/@pid to an array of @n that grows (buffer.h). 0, or -errno:
 * -EPERM, it may not be entered; -ENOENT, the kernel has no sock_diag for TCP. The calling thread is in
 * its own namespace when this returns.
 */
int tcp_diag_listening(const char *pid, uint32_t netns, struct tcp_listening **listening,
		       uint32_t *n);
/*
 * Takes one message of the kernel's: 1 when more follow, 0 when it was the last, -errno. What is none of
 * a listening socket is passed over.
 */
int tcp_diag_take(const void *message, size_t bytes, uint32_t netns,
		  struct tcp_listening **listening, uint32_t *n);
