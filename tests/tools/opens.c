/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opens N: opens /no/such/32 N times as a 32-bit program does, by each of its four calls (creat with
 * it, openat2 with flags of its own), then /no/such/uring N times through io_uring. Exit 77 where the
 * kernel has no 32-bit calls, 78 where it has no io_uring.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/io_uring.h>

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
	I386_OPEN = 5,
	I386_CREAT = 8,
	I386_OPENAT = 295,
	I386_OPENAT2 = 437
};

struct how {
	uint64_t flags, mode, resolve;
};

static long call32(long number, long a, long b, long c, long d)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static int open_by_32(int n)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long path = (long)low, how = path + 2048;

	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "/no/such/32");
	*(struct how *)(low + 2048) = (struct how){ .flags = O_RDWR | O_CLOEXEC };
	if (call32(I386_OPEN, path, O_WRONLY, 0, 0) != -ENOENT)
		return 77;
	for (int i = 0; i < n; i++) {
		if (i && call32(I386_OPEN, path, O_WRONLY, 0, 0) != -ENOENT)
			return 1;
		if (call32(I386_CREAT, path, 0600, 0, 0) != -ENOENT ||
		    call32(I386_OPENAT, AT_FDCWD, path, O_RDONLY, 0) != -ENOENT ||
		    call32(I386_OPENAT2, AT_FDCWD, path, how, sizeof(struct how)) != -ENOENT)
			return 1;
	}
	return 0;
}

struct ring {
	int fd;
	char *sq;
	struct io_uring_sqe *entries;
	struct io_uring_params p;
};

static int ring_make(struct ring *r)
{
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->p);
	if (r->fd < 0)
		return 78;
	r->sq = mmap(NULL, r->p.sq_off.array + r->p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		     IORING_OFF_SQ_RING);
	r->entries = mmap(NULL, r->p.sq_entries * sizeof(*r->entries), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
			  IORING_OFF_SQES);
	return r->sq == MAP_FAILED || r->entries == MAP_FAILED;
}

static int open_by_uring(int n)
{
	struct ring r = { 0 };
	int rc = ring_make(&r);

	for (int i = 0; i < n && !rc; i++) {
		uint32_t *tail = (uint32_t *)(r.sq + r.p.sq_off.tail), at = *tail & (r.p.sq_entries - 1);

		r.entries[at] = (struct io_uring_sqe){ .opcode = IORING_OP_OPENAT,
						       .fd = AT_FDCWD,
						       .addr = (uintptr_t) "/no/such/uring" };
		((uint32_t *)(r.sq + r.p.sq_off.array))[at] = at;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		rc = syscall(SYS_io_uring_enter, r.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1;
	}
	return rc;
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 1;
	int rc = open_by_32(n);

	return rc ? rc : open_by_uring(n);
}
