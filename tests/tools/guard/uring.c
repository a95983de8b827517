/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring FILE TEXT [async]: writes TEXT at the start of FILE by one io_uring request, by system calls alone;
 * async: by a worker thread of the kernel's. Says what the request came to: bytes, or -errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/io_uring.h>

#define SKIPPED 77

static void *map(int fd, size_t bytes, off_t offset)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
}

static int submit(int ring, struct io_uring_params *p, const struct io_uring_sqe *request)
{
	char *sq =
		map(ring, p->sq_off.array + p->sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	char *cq = map(ring, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		       IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes = map(ring, p->sq_entries * sizeof(*sqes), IORING_OFF_SQES);
	struct io_uring_cqe *cqes = (void *)(cq + p->cq_off.cqes);

	if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)sqes == MAP_FAILED)
		return -errno;
	sqes[0] = *request;
	((unsigned *)(void *)(sq + p->sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(void *)(sq + p->sq_off.tail), 1, __ATOMIC_SEQ_CST);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	return cqes[0].res;
}

int main(int argc, char **argv)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe request = { .opcode = IORING_OP_WRITE };
	int fd, ring;

	if (argc < 3)
		return 2;
	fd = open(argv[1], O_WRONLY);
	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0 || ring < 0) {
		printf("%s: %s\n", fd < 0 ? argv[1] : "io_uring", strerror(errno));
		return ring < 0 ? SKIPPED : 1;
	}
	request.fd = fd;
	request.addr = (unsigned long)argv[2];
	request.len = (unsigned)strlen(argv[2]);
	request.flags = argc > 3 ? IOSQE_ASYNC : 0;
	printf("%d\n", submit(ring, &params, &request));
	return 0;
}
