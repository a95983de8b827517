/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hooks OBJECT PROGRAM: attaches one program of hooks.bpf.c with libbpf, makes the system call it waits
 * for, and asks for the effect: that it ran, and that what it denies is denied.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* hooks.bpf.c's globals. */
struct globals {
	uint64_t hits;
	int64_t result;
	uint64_t tgid;
};

static int only(struct bpf_object *object, const char *name)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	return bpf_object__find_program_by_name(object, name) ? 0 : -ENOENT;
}

/* The event of all programs but lsm_sleepable: 0 or the errno. */
static int cause(const char *name)
{
	uint32_t next;

	errno = 0;
	if (strcmp(name, "lsm_sleepable") == 0)
		return bpf_map_get_next_id(0, &next) && errno != ENOENT ? errno : 0;
	return syscall(SYS_getsid, getpid()) < 0 ? errno : 0;
}

static bool denies(const char *name)
{
	return strncmp(name, "lsm", 3) == 0 || strcmp(name, "fmod_ret") == 0;
}

/* The counter is read through its mapping: bpf(2) may be what is denied. */
static int judge(const char *name, const volatile struct globals *g, int before, int during)
{
	printf("%s: ran %llu times, the call said %d before and %d then, result seen %lld\n", name,
	       (unsigned long long)g->hits, before, during, (long long)g->result);
	if (!g->hits || before || during != (denies(name) ? EPERM : 0))
		return 1;
	return strcmp(name, "fexit") == 0 && g->result != 0;
}

static int fail(const char *why)
{
	fprintf(stderr, "%s\n", why);
	return 2;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 3 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;
	struct globals start = { 0 };
	const volatile struct globals *g;
	struct bpf_map *bss;
	struct bpf_link *link;
	int before, during;

	if (!object || only(object, argv[2]))
		return fail("usage: hooks OBJECT PROGRAM");
	bss = bpf_object__find_map_by_name(object, ".bss");
	start.tgid = getpid();
	if (!bss || bpf_map__value_size(bss) < sizeof(start) ||
	    bpf_map__set_initial_value(bss, &start, bpf_map__value_size(bss)))
		return fail("hooks.bpf.o is not what it was built with");
	before = cause(argv[2]);
	if (bpf_object__load(object))
		return 3;
	program = bpf_object__find_program_by_name(object, argv[2]);
	link = bpf_program__attach(program);
	if (!link) {
		fprintf(stderr, "%s cannot be attached: %s\n", argv[2], strerror(errno));
		return 3;
	}
	g = mmap(NULL, sizeof(*g), PROT_READ, MAP_SHARED, bpf_map__fd(bss), 0);
	if (g == MAP_FAILED)
		return fail("its globals cannot be mapped");
	during = cause(argv[2]);
	return judge(argv[2], g, before, during);
}
