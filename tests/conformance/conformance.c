/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's verifier tests through the engine: does it accept what the running kernel accepts, and what
 * it accepts, does it run to the same result? Where bpf(2) is not allowed, what the table expects of
 * Linux 6.12 stands for the kernel.
 *
 *   conformance TABLE.so [-v] [-m] [-u] [-i] [-t TEXT] [FROM [TO]]
 *     -v  show both logs of each difference        -m  show messages that differ
 *     -u  without capabilities, against the table  -i  interpret instead of compiling
 *     -t  only tests with TEXT in their name
 *
 * The tests run in a child, one after another; when the engine brings the child down or hangs, that is
 * the test's outcome and a new child goes on behind it. Results live in memory both share.
 * Exit 1 when something false was accepted, ran to another result, crashed or hung, and when something
 * was rejected for a reason that is not one of unsupported[].
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "btf/btf.h"
#include "side.h"
#include "skep/skep.h"

enum { REASON_BYTES = 160, TEST_SECONDS_MAX = 120, LOG_LINES_SHOWN = 12, ENOTSUPP = 524 };

enum outcome { NOT_RUN, AGREE, FALSE_ACCEPT, FALSE_REJECT, RAN_DIFFERENTLY, SKIPPED, CRASHED, OUTCOMES };

struct result {
	enum outcome outcome;
	bool ran;                         /* results were compared */
	bool message_wanted, message_found; /* the table's part of the log, which the kernel prints */
	bool text_wanted, text_same;        /* the whole log of a rejection */
	bool steps_wanted, steps_same;      /* "processed N insns" of an accepted program */
	char reason[REASON_BYTES];
};

static struct options {
	bool verbose, messages, unpriv, interpret;
	const char *text;
	uint32_t from, to;
} options = { .to = UINT32_MAX };

static struct table {
	uint32_t (*count)(void);
	const struct table_test *(*get)(uint32_t i);
	const struct table_btf *(*map_btf)(void);
} table;

/* What a machine without kernel objects cannot know; a rejection that says so is no fault. */
static const char *const unsupported[] = {
	"no map of type",
};

/* --- logs ------------------------------------------------------------------------------------------ */

/* How much of log stands before the statistics at its end. */
static size_t text_bytes(const char *log)
{
	const char *end = strstr(log, "verification time ");
	const char *processed = strstr(log, "processed ");

	if (!end || (processed && processed < end))
		end = processed;
	return end ? (size_t)(end - log) : strlen(log);
}

static long steps(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtol(at + strlen("processed "), NULL, 10) : -1;
}

/* Every part of wanted, parted by tabs, in this order. */
static bool has_parts(const char *log, const char *wanted)
{
	char part[256];

	while (*wanted) {
		size_t bytes = strcspn(wanted, "\t");

		if (bytes >= sizeof(part))
			return false;
		memcpy(part, wanted, bytes);
		part[bytes] = '\0';
		log = strstr(log, part);
		if (!log)
			return false;
		log += bytes;
		wanted += bytes + (wanted[bytes] == '\t');
	}
	return true;
}

/* The last line of the log with # for each number, so that one cause gives one text. */
static void give_reason(char reason[REASON_BYTES], const struct side *side, int err)
{
	size_t end = text_bytes(side->log), start, n = 0;

	if (side->failure[0]) {
		snprintf(reason, REASON_BYTES, "%s", side->failure);
		return;
	}
	while (end && side->log[end - 1] == '\n')
		end--;
	for (start = end; start && side->log[start - 1] != '\n';)
		start--;
	if (start == end) {
		snprintf(reason, REASON_BYTES, "(no message) %s", strerror(-err));
		return;
	}
	for (size_t i = start; i < end && n < REASON_BYTES - 1; i++) {
		bool digit = side->log[i] >= '0' && side->log[i] <= '9';

		if (digit && n && reason[n - 1] == '#')
			continue;
		reason[n++] = digit ? '#' : side->log[i];
	}
	reason[n] = '\0';
}

static void print_tail(const struct side *side)
{
	const char *log = side->log, *at = log + strlen(log);

	for (int lines = 0; at > log; at--) {
		if (at[-1] == '\n' && at[0] && ++lines == LOG_LINES_SHOWN)
			break;
	}
	printf("  --- log of %s%s%s\n%s", side->name, side->failure[0] ? ": " : "", side->failure, at);
}

/* --- one test ---------------------------------------------------------------------------------------- */

struct loaded {
	struct side_maps maps;
	int fd;
};

static void unload(struct loaded *loaded)
{
	if (loaded->fd >= 0)
		close(loaded->fd);
	side_maps_close(&loaded->maps);
}

static void compare_logs(const struct table_test *test, const struct side *kernel,
			 const struct side *own, bool accepted, struct result *result)
{
	const char *errstr = options.unpriv ? test->errstr_unpriv : test->errstr;
	size_t bytes = kernel ? text_bytes(kernel->log) : 0;

	if (!accepted && errstr && (!kernel || has_parts(kernel->log, errstr))) {
		result->message_wanted = true;
		result->message_found = has_parts(own->log, errstr);
	}
	if (!accepted && kernel) {
		result->text_wanted = true;
		result->text_same = bytes == text_bytes(own->log) &&
				    !memcmp(kernel->log, own->log, bytes);
	}
	if (accepted && kernel) {
		result->steps_wanted = true;
		result->steps_same = steps(kernel->log) == steps(own->log);
	}
}

/* Runs of the program on each side; kernel may be NULL. */
static void compare_runs(const struct table_test *test, struct side *kernel, int kernel_fd,
			 struct side *own, int own_fd, struct result *result)
{
	for (int i = 0; i < test->n_runs; i++) {
		uint32_t wanted = test->runs[i].expect_retval, found;
		int err = kernel ? side_run(kernel, kernel_fd, test->runs[i].data, &wanted) : 0;
		int own_err;

		if (err == -ENOTSUPP || (!kernel && wanted == TABLE_RETVAL_ANY))
			continue;
		own_err = side_run(own, own_fd, test->runs[i].data, &found);
		if (!kernel && own_err == -ENOTSUPP)
			continue;
		result->ran = true;
		if (err == own_err && (err || wanted == found ||
				       test->runs[i].expect_retval == TABLE_RETVAL_ANY))
			continue;
		result->outcome = RAN_DIFFERENTLY;
		snprintf(result->reason, REASON_BYTES, "run %d: %s: %d, result %#x; skep: %d, result %#x",
			 i, kernel ? "kernel" : "table", err, wanted, own_err, found);
		return;
	}
}

static void print_difference(uint32_t i, const struct table_test *test, const struct side *kernel,
			     const struct side *own, const struct result *result)
{
	static const char *const names[OUTCOMES] = {
		[FALSE_ACCEPT] = "FALSE ACCEPT",
		[FALSE_REJECT] = "false reject",
		[RAN_DIFFERENTLY] = "RAN DIFFERENTLY",
	};
	bool message = options.messages && result->text_wanted && !result->text_same;

	if (!names[result->outcome] && !message)
		return;
	if (!options.verbose && !message && result->outcome == FALSE_REJECT)
		return;
	printf("#%u %s: %s%s%s\n", i, test->descr,
	       names[result->outcome] ? names[result->outcome] : "other message",
	       result->reason[0] ? ": " : "", result->reason);
	if (options.verbose || message) {
		if (kernel)
			print_tail(kernel);
		print_tail(own);
	}
}

static void judge(const struct table_test *test, struct side *kernel, struct side *own,
		  struct result *result)
{
	struct loaded theirs = { .fd = -1 }, ours = { .fd = -1 };
	bool accept = options.unpriv ? test->expect_accept_unpriv : test->expect_accept;

	memset(&theirs.maps, 0xff, sizeof(theirs.maps));
	if (kernel) {
		theirs.fd = side_load(kernel, test, &theirs.maps);
		accept = theirs.fd >= 0;
	}
	if (kernel && (kernel->failure[0] || theirs.fd == -ENOTSUPP)) {
		result->outcome = SKIPPED;
		give_reason(result->reason, kernel, theirs.fd);
		unload(&theirs);
		return;
	}
	ours.fd = side_load(own, test, &ours.maps);
	result->outcome = AGREE;
	if (accept && ours.fd < 0) {
		result->outcome = FALSE_REJECT;
		give_reason(result->reason, own, ours.fd);
	} else if (!accept && ours.fd >= 0) {
		result->outcome = FALSE_ACCEPT;
		give_reason(result->reason, kernel ? kernel : own, theirs.fd);
	} else {
		compare_logs(test, kernel, own, accept, result);
		if (accept && !options.unpriv)
			compare_runs(test, kernel, theirs.fd, own, ours.fd, result);
	}
	unload(&theirs);
	unload(&ours);
}

/* --- all of them, in children --------------------------------------------------------------------------- */

/* Without privilege Linux lets only these two types be loaded. */
static bool is_wanted(const struct table_test *test)
{
	if (options.text && !strstr(test->descr, options.text))
		return false;
	return !options.unpriv || test->prog_type == BPF_PROG_TYPE_SOCKET_FILTER ||
	       test->prog_type == BPF_PROG_TYPE_CGROUP_SKB;
}

static uint32_t last_test(void)
{
	return MIN(options.to, table.count() - 1);
}

/* In the child: from is where it starts, *at says where it is. Returns its exit status. */
static int run_from(uint32_t from, uint32_t *at, struct result *results)
{
	static struct side kernel, own;
	struct btf *vmlinux = NULL;
	bool has_kernel = !options.unpriv && !side_open_kernel(&kernel);
	int err = side_open_engine(&own, options.unpriv ? 0 : SKEP_CAP_ALL, options.interpret);

	if (err) {
		fprintf(stderr, "conformance: no engine: %s\n", strerror(-err));
		return 2;
	}
	btf_load_base(NULL, &vmlinux);
	kernel.vmlinux = own.vmlinux = vmlinux;
	kernel.map_btf = own.map_btf = table.map_btf();
	kernel.log_level = own.log_level = options.verbose ? BPF_LOG_LEVEL1 : 0;
	if (has_kernel)
		own.prog_flags_known = kernel.prog_flags_known;
	for (uint32_t i = from; i <= last_test(); i++) {
		const struct table_test *test = table.get(i);

		*at = i;
		if (!is_wanted(test))
			continue;
		alarm(TEST_SECONDS_MAX);
		judge(test, has_kernel ? &kernel : NULL, &own, &results[i]);
		print_difference(i, test, has_kernel ? &kernel : NULL, &own, &results[i]);
		fflush(stdout);
	}
	alarm(0);
	side_close(&own);
	if (has_kernel)
		side_close(&kernel);
	btf_free(vmlinux);
	return 0;
}

static void note_crash(uint32_t i, int status, struct result *result)
{
	result->outcome = CRASHED;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(result->reason, REASON_BYTES, "hung for %d s", TEST_SECONDS_MAX);
	else if (WIFSIGNALED(status))
		snprintf(result->reason, REASON_BYTES, "%s", strsignal(WTERMSIG(status)));
	else
		snprintf(result->reason, REASON_BYTES, "exit status %d", WEXITSTATUS(status));
	printf("#%u %s: CRASHED: %s\n", i, table.get(i)->descr, result->reason);
}

static int run_all(struct result *results)
{
	uint32_t *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	for (uint32_t from = options.from; from <= last_test(); from = *at + 1) {
		int status;
		pid_t pid;

		*at = UINT32_MAX;
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			return -errno;
		if (!pid) {
			status = run_from(from, at, results);
			fflush(stdout);
			_exit(status);
		}
		if (waitpid(pid, &status, 0) < 0)
			return -errno;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 2 && *at == UINT32_MAX)
			return -EIO;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			break;
		if (*at == UINT32_MAX || *at >= table.count())
			return -EIO; /* before the first test: no test is to blame */
		note_crash(*at, status, &results[*at]);
	}
	return 0;
}

/* --- the report ------------------------------------------------------------------------------------------- */

static int by_reason(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct reason_class {
	const char *text;
	uint32_t n;
};

static int by_count(const void *a, const void *b)
{
	const struct reason_class *x = a, *y = b;

	return x->n == y->n ? strcmp(x->text, y->text) : x->n < y->n ? 1 : -1;
}

/* "N  reason" for every reason of this outcome, the most frequent first. */
static void print_reasons(const char *title, enum outcome outcome, const struct result *results,
			  uint32_t n)
{
	const char **reasons = calloc(n, sizeof(*reasons));
	struct reason_class *classes = calloc(n, sizeof(*classes));
	uint32_t n_reasons = 0, n_classes = 0;

	if (!reasons || !classes)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		if (results[i].outcome == outcome)
			reasons[n_reasons++] = results[i].reason;
	}
	qsort(reasons, n_reasons, sizeof(*reasons), by_reason);
	for (uint32_t i = 0; i < n_reasons; i++) {
		if (!i || strcmp(reasons[i - 1], reasons[i]))
			classes[n_classes++].text = reasons[i];
		classes[n_classes - 1].n++;
	}
	qsort(classes, n_classes, sizeof(*classes), by_count);
	if (n_classes)
		printf("%s\n", title);
	for (uint32_t i = 0; i < n_classes; i++)
		printf("%6u  %s\n", classes[i].n, classes[i].text);
	free(reasons);
	free(classes);
}

static bool is_unsupported(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
		if (strstr(reason, unsupported[i]))
			return true;
	}
	return false;
}

static int report(const struct result *results, uint32_t n)
{
	uint32_t by[OUTCOMES] = { 0 }, tests = 0, ran = 0, unexcused = 0;
	uint32_t message[2] = { 0 }, text[2] = { 0 }, same_steps[2] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct result *r = &results[i];

		by[r->outcome]++;
		tests += r->outcome != NOT_RUN;
		ran += r->ran;
		unexcused += r->outcome == FALSE_REJECT && !is_unsupported(r->reason);
		message[0] += r->message_found;
		message[1] += r->message_wanted;
		text[0] += r->text_same;
		text[1] += r->text_wanted;
		same_steps[0] += r->steps_same;
		same_steps[1] += r->steps_wanted;
	}
	print_reasons("skipped:", SKIPPED, results, n);
	print_reasons("false rejects, by what skep says:", FALSE_REJECT, results, n);
	printf("messages: %u of %u\n", message[0], message[1]);
	if (text[1] || same_steps[1])
		printf("whole texts of rejections: %u of %u; same number of steps: %u of %u\n", text[0],
		       text[1], same_steps[0], same_steps[1]);
	printf("runs: %u compared, %u differ; crashes: %u\n", ran, by[RAN_DIFFERENTLY], by[CRASHED]);
	printf("conformance: %u tests, %u agree, %u false accepts, %u false rejects, %u skipped\n", tests,
	       by[AGREE], by[FALSE_ACCEPT], by[FALSE_REJECT], by[SKIPPED]);
	return by[FALSE_ACCEPT] || by[RAN_DIFFERENTLY] || by[CRASHED] || unexcused || !by[AGREE];
}

/* --- main -------------------------------------------------------------------------------------------------- */

static void load_table(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (object) {
		table.count = (uint32_t(*)(void))dlsym(object, "table_count");
		table.get = (const struct table_test *(*)(uint32_t))dlsym(object, "table_get");
		table.map_btf = (const struct table_btf *(*)(void))dlsym(object, "table_map_btf");
	}
	if (!object || !table.count || !table.get || !table.map_btf) {
		fprintf(stderr, "conformance: %s\n", dlerror());
		exit(2);
	}
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "vmuit:")) != -1) {
		options.verbose |= c == 'v';
		options.messages |= c == 'm';
		options.unpriv |= c == 'u';
		options.interpret |= c == 'i';
		if (c == 't')
			options.text = optarg;
		if (c == '?')
			exit(2);
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: conformance TABLE.so [-v] [-m] [-u] [-i] [-t TEXT] [FROM [TO]]\n");
		exit(2);
	}
	load_table(argv[optind++]);
	if (optind < argc) {
		options.from = (uint32_t)strtoul(argv[optind++], NULL, 0);
		options.to = optind < argc ? (uint32_t)strtoul(argv[optind], NULL, 0) : options.from;
	}
}

int main(int argc, char **argv)
{
	struct side probe;
	struct result *results;
	int err;

	read_options(argc, argv);
	results = mmap(NULL, table.count() * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED) {
		perror("conformance");
		return 2;
	}
	err = side_open_kernel(&probe);
	if (err && !options.unpriv)
		printf("bpf(2) is not allowed here (%s): the table's expectations stand for the kernel\n",
		       strerror(-err));
	if (!err)
		side_close(&probe);
	err = run_all(results);
	if (err) {
		fprintf(stderr, "conformance: %s\n", strerror(-err));
		return 2;
	}
	return report(results, table.count());
}
