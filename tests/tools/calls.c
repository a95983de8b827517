/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls N [SECOND-NAME]: waits for a line, makes a known number of system calls, says "done", waits for
 * a line, ends. Between the two lines: N getppid, 2N dup of a bad descriptor (each fails), N/10 openat
 * of a file that is not there, N/10 openat of /dev/null, N/10 32-bit getpid by int 0x80 (skipped, with
 * "no 32-bit calls", where the kernel has none), and one nanosleep of 20 ms.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BAD_FD	       9999
#define SLEEP_NS       20000000
#define GETPID_32      20
#define ENOSYS_32      38

static void wait_for_line(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

static void no_32_bit(int signal)
{
	static const char text[] = "no 32-bit calls\n";

	(void)signal;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(2);
}

static long getpid_32(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(GETPID_32) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static int make_calls(long n)
{
	struct timespec pause = { .tv_nsec = SLEEP_NS };

	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	for (long i = 0; i < 2 * n; i++)
		syscall(SYS_dup, BAD_FD);
	for (long i = 0; i < n / 10; i++)
		if (syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY) >= 0)
			return 1;
	for (long i = 0; i < n / 10; i++)
		close((int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
	syscall(SYS_nanosleep, &pause, NULL);
	signal(SIGSEGV, no_32_bit);
	for (long i = 0; i < n / 10; i++)
		if (getpid_32() == -ENOSYS_32)
			no_32_bit(0);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

	if (argc > 2)
		prctl(PR_SET_NAME, argv[2]);
	wait_for_line();
	if (make_calls(n))
		return 1;
	if (write(STDOUT_FILENO, "done\n", 5) != 5)
		return 1;
	wait_for_line();
	return 0;
}
