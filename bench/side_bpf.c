/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The suite through libbpf and bpf(2), answered by the kernel or by an engine of this process. Runs go
 * through BPF_PROG_TEST_RUN in the kernel and skep_prog_run() here, which say how long all repeats took
 * without the call around them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <skep/skep.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "side.h"

enum { CPUS_MAX = 1024, LOG_BYTES = 4096, LOADS_NS_MAX = 300000000 };

struct ring_view {
	uint64_t *consumer;
	const uint64_t *producer;
};

struct bpf_side {
	struct skep_engine *engine; /* NULL: the kernel */
	uint32_t loads;
	struct bpf_object *objects[FILE_MAX];
	char errors[FILE_MAX][SIDE_TEXT_BYTES];
	struct side_load results[PROGRAM_MAX];
	int fds[PROGRAM_MAX];
	struct ring_view ring;
	char warning[SIDE_TEXT_BYTES]; /* libbpf's first */
};

static struct bpf_side *opening; /* libbpf's print function takes no argument */

static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && opening && !opening->warning[0]) {
		vsnprintf(opening->warning, SIDE_TEXT_BYTES, format, args);
		opening->warning[strcspn(opening->warning, "\n")] = 0;
	}
	return 0;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* --- loading, timed --------------------------------------------------------------------------------------- */

static struct side_load *load_of(struct bpf_side *side, const char *name)
{
	for (int i = 0; i < PROGRAM_MAX; i++)
		if (!strcmp(suite_programs[i].name, name))
			return &side->results[i];
	return NULL;
}

static double verify_us_of(const char *log)
{
	const char *at = strstr(log, "verification time ");

	return at ? strtod(at + strlen("verification time "), NULL) : 0;
}

static void keep_least(double *least, double value)
{
	if (!*least || value < *least)
		*least = value;
}

/* libbpf calls it before it loads a program: load it ourselves some times, and time that. */
static int time_loads(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	struct bpf_side *side = (struct bpf_side *)cookie;
	struct side_load *load = load_of(side, bpf_program__name(prog));
	double total = 0;
	char log[LOG_BYTES];

	if (!load)
		return 0;
	load->insns = (uint32_t)bpf_program__insn_cnt(prog);
	for (uint32_t i = 0; i < side->loads && total < LOADS_NS_MAX; i++) {
		struct bpf_prog_load_opts timed = *opts;
		double start = now_ns(), ns;
		int fd;

		log[0] = 0;
		timed.log_level = 4; /* statistics only */
		timed.log_buf = log;
		timed.log_size = sizeof(log);
		fd = bpf_prog_load(bpf_program__type(prog), bpf_program__name(prog), "Dual BSD/GPL",
				   bpf_program__insns(prog), bpf_program__insn_cnt(prog), &timed);
		ns = now_ns() - start;
		if (fd < 0)
			break; /* the real load says why */
		close(fd);
		total += ns;
		keep_least(&load->load_us, ns / 1000);
		keep_least(&load->verify_us, verify_us_of(log));
	}
	return 0;
}

static int load_file(struct bpf_side *side, const char *directory, enum suite_file file)
{
	struct bpf_object *object;
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", directory, suite_files[file]);
	side->warning[0] = 0;
	object = bpf_object__open_file(path, NULL);
	err = object ? bpf_object__load(object) : -errno;
	if (err) {
		snprintf(side->errors[file], SIDE_TEXT_BYTES, "%s: %.120s", strerror(-err),
			 side->warning);
		bpf_object__close(object);
		return err;
	}
	side->objects[file] = object;
	return 0;
}

static int find_programs(struct bpf_side *side)
{
	for (int i = 0; i < PROGRAM_MAX; i++) {
		const struct suite_entry *entry = &suite_programs[i];
		struct bpf_program *prog = NULL;

		if (side->objects[entry->file])
			prog = bpf_object__find_program_by_name(side->objects[entry->file],
								entry->name);
		side->fds[i] = prog ? bpf_program__fd(prog) : -1;
		if (!prog)
			snprintf(side->results[i].error, SIDE_TEXT_BYTES, "%s",
				 side->errors[entry->file]);
	}
	return side->fds[PROGRAM_empty] >= 0 ? 0 : -EINVAL;
}

/* --- maps -------------------------------------------------------------------------------------------------- */

static int fill_elem(struct bpf_side *side, const struct suite_fill *fill, int map, bool percpu,
		     uint32_t i)
{
	uint64_t values[CPUS_MAX] = { 0 };
	union suite_value value;
	union suite_key key;
	char name[32];
	int prog;

	suite_fill_elem(fill->kind, i, &key, &value);
	if (fill->kind == FILL_STAGES) {
		snprintf(name, sizeof(name), "stage_%u", i + 1);
		prog = bpf_program__fd(
			bpf_object__find_program_by_name(side->objects[fill->file], name));
		return bpf_map_update_elem(map, &key, &prog, BPF_ANY);
	}
	return bpf_map_update_elem(map, &key, percpu ? (void *)values : &value, BPF_ANY);
}

static int bpf_side_fill(void *state, const struct suite_fill *fill, uint32_t n)
{
	struct bpf_side *side = state;
	struct bpf_object *object = side->objects[fill->file];
	struct bpf_map *map = object ? bpf_object__find_map_by_name(object, fill->map) : NULL;
	int err = 0;

	if (!object)
		return 0; /* told by load_result */
	if (!map || libbpf_num_possible_cpus() > CPUS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n && !err; i++)
		err = fill_elem(side, fill, bpf_map__fd(map),
				bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY, i);
	return err;
}

static int map_ring(struct bpf_side *side)
{
	long page = sysconf(_SC_PAGESIZE);
	struct bpf_map *map;
	void *at;
	int fd;

	if (!side->objects[FILE_ringbuf])
		return 0;
	map = bpf_object__find_map_by_name(side->objects[FILE_ringbuf], "records");
	fd = bpf_map__fd(map);
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	side->ring.consumer = at;
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);
	if (at == MAP_FAILED)
		return -errno;
	side->ring.producer = at;
	return 0;
}

/* --- life --------------------------------------------------------------------------------------------------- */

static void bpf_side_close(void *state)
{
	struct bpf_side *side = state;

	for (int i = 0; i < FILE_MAX; i++)
		bpf_object__close(side->objects[i]);
	if (side->engine) {
		skep_engine_install(NULL);
		skep_engine_free(side->engine);
	}
	free(side);
}

static int enter_engine(struct bpf_side *side, enum side_kind kind)
{
	struct skep_opts opts = {
		.size = sizeof(opts),
		.flags = kind == SIDE_INTERP ? SKEP_INTERPRET : 0,
	};
	int err;

	if (kind == SIDE_KERNEL)
		return 0;
	err = skep_engine_new(&opts, &side->engine);
	return err ? err : skep_engine_install(side->engine);
}

static void *bpf_side_open(const struct side_options *options, char why[SIDE_TEXT_BYTES])
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = time_loads);
	struct bpf_side *side = calloc(1, sizeof(*side));
	int err;

	if (!side)
		return NULL;
	opening = side;
	side->loads = options->loads;
	handler.cookie = (long)side;
	libbpf_set_print(keep_warning);
	err = enter_engine(side, options->kind);
	if (!err)
		err = libbpf_register_prog_handler("xdp", BPF_PROG_TYPE_XDP, 0, &handler);
	if (err < 0) {
		snprintf(why, SIDE_TEXT_BYTES, "%s", strerror(-err));
		bpf_side_close(side);
		return NULL;
	}
	for (int file = 0; file < FILE_MAX; file++) {
		err = load_file(side, options->objects, file);
		if (err == -EPERM)
			break;
	}
	if (find_programs(side) || map_ring(side)) {
		snprintf(why, SIDE_TEXT_BYTES, "%s",
			 err == -EPERM ? "bpf(2) is not allowed (root is needed)" :
					 side->errors[FILE_empty]);
		bpf_side_close(side);
		return NULL;
	}
	return side;
}

static void bpf_side_load_result(void *state, enum suite_program program, struct side_load *load)
{
	*load = ((struct bpf_side *)state)->results[program];
}

/* --- running --------------------------------------------------------------------------------------------------- */

static double run_kernel(int fd, uint8_t *packet, uint32_t runs)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_out = packet,
		    .data_size_in = SUITE_PACKET_BYTES, .data_size_out = SUITE_PACKET_BYTES,
		    .repeat = (int)runs);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (!err && opts.retval != 2) /* XDP_PASS */
		err = -EPROTO;
	return err ? err : (double)opts.duration * runs;
}

/* Wall time without the setup, or CPU time with it: whichever was disturbed less. */
static double run_engine(struct skep_engine *engine, int fd, uint8_t *packet, uint32_t runs)
{
	struct skep_run run = {
		.size = sizeof(run),
		.data = packet,
		.data_bytes = SUITE_PACKET_BYTES,
		.repeat = runs,
		.data_out = packet,
		.data_out_room = SUITE_PACKET_BYTES,
	};
	double start = side_cpu_ns(), cpu_ns;
	int err = skep_prog_run(engine, fd, &run);

	cpu_ns = side_cpu_ns() - start;
	if (!err && run.retval != 2)
		err = -EPROTO;
	if (err)
		return err;
	return cpu_ns < run.ns ? cpu_ns : run.ns;
}

static double bpf_side_run(void *state, enum suite_program program, uint8_t *packet, uint32_t runs)
{
	struct bpf_side *side = state;
	double ns;

	if (side->fds[program] < 0)
		return -ENOENT;
	ns = side->engine ? run_engine(side->engine, side->fds[program], packet, runs) :
			    run_kernel(side->fds[program], packet, runs);
	if (program == PROGRAM_m_ringbuf)
		__atomic_store_n(side->ring.consumer,
				 __atomic_load_n(side->ring.producer, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	return ns;
}

const struct side_ops side_bpf_ops = {
	.open = bpf_side_open,
	.close = bpf_side_close,
	.load_result = bpf_side_load_result,
	.fill = bpf_side_fill,
	.run = bpf_side_run,
};
