/* SPDX-License-Identifier: BSD-2-Clause */
#include "result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/macros.h"

enum { ADDRESS_DIGITS_MIN = 11 };

void *shared_new(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return memory;
}

/* --- logs ------------------------------------------------------------------------------------------ */

size_t log_text_bytes(const char *log)
{
	const char *end = strstr(log, "verification time ");
	const char *processed = strstr(log, "processed ");

	if (!end || (processed && processed < end))
		end = processed;
	return end ? (size_t)(end - log) : strlen(log);
}

/* The bytes of an address ("0x…" of more than ADDRESS_DIGITS_MIN digits) and the blanks behind it. */
static size_t address_bytes(const char *text)
{
	size_t digits;

	if (text[0] != '0' || text[1] != 'x')
		return 0;
	digits = strspn(text + 2, "0123456789abcdef");
	if (digits < ADDRESS_DIGITS_MIN)
		return 0;
	return 2 + digits + strspn(text + 2 + digits, " ");
}

/* FNV-1a. */
uint64_t log_text_hash(const char *text)
{
	size_t bytes = log_text_bytes(text);
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < bytes; i++) {
		size_t skip = address_bytes(text + i);

		h = (h ^ (skip ? '@' : (uint8_t)text[i])) * 0x100000001b3;
		i += skip ? skip - 1 : 0;
	}
	return h;
}

long log_steps(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtol(at + strlen("processed "), NULL, 10) : -1;
}

void log_reason(char reason[RESULT_REASON_BYTES], const char *log, int err)
{
	size_t end = log_text_bytes(log), start, n = 0;

	while (end && log[end - 1] == '\n')
		end--;
	for (start = end; start && log[start - 1] != '\n';)
		start--;
	if (start == end) {
		snprintf(reason, RESULT_REASON_BYTES, "(no message) %s", strerror(-err));
		return;
	}
	for (size_t i = start; i < end && n < RESULT_REASON_BYTES - 1; i++) {
		bool digit = log[i] >= '0' && log[i] <= '9';

		if (digit && n && reason[n - 1] == '#')
			continue;
		reason[n++] = digit ? '#' : log[i];
	}
	reason[n] = '\0';
}

const char *log_tail(const char *log, int lines)
{
	const char *at = log + strlen(log);

	for (int seen = 0; at > log; at--) {
		if (at[-1] == '\n' && at[0] && ++seen == lines)
			break;
	}
	return at;
}

/* --- report ---------------------------------------------------------------------------------------- */

const char *outcome_str(enum outcome outcome)
{
	static const char *const names[OUTCOMES] = {
		[FALSE_ACCEPT] = "FALSE ACCEPT",
		[FALSE_REJECT] = "false reject",
		[RAN_DIFFERENTLY] = "RAN DIFFERENTLY",
		[CRASHED] = "CRASHED",
	};

	return names[outcome];
}

struct reason_class {
	const char *text;
	uint32_t n;
};

static int by_reason(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

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

static bool is_excused(const char *reason, const char *const *excuses)
{
	for (; *excuses; excuses++) {
		if (strstr(reason, *excuses))
			return true;
	}
	return false;
}

struct sums {
	uint32_t outcomes[OUTCOMES], tests, hollow, ran, unexcused;
	uint32_t messages, messages_found, texts, texts_same, steps, steps_same;
};

static void sum_up(struct sums *sums, const struct result *r, const char *const *excuses)
{
	sums->outcomes[r->outcome]++;
	sums->tests += r->outcome != NOT_RUN;
	sums->hollow += r->hollow;
	sums->ran += r->ran;
	sums->unexcused += r->outcome == FALSE_REJECT && !is_excused(r->reason, excuses);
	sums->messages += r->message_wanted;
	sums->messages_found += r->message_found;
	sums->texts += r->text_wanted;
	sums->texts_same += r->text_same;
	sums->steps += r->steps_wanted;
	sums->steps_same += r->steps_same;
}

int results_report(const char *name, const struct result *results, uint32_t n,
		   const char *const *excuses)
{
	struct sums sums = { .tests = 0 };
	const uint32_t *by = sums.outcomes;

	for (uint32_t i = 0; i < n; i++)
		sum_up(&sums, &results[i], excuses);
	print_reasons("skipped:", SKIPPED, results, n);
	print_reasons("false rejects, by what skep says:", FALSE_REJECT, results, n);
	printf("rejected by both, but by skep because it lacks something: %u\n", sums.hollow);
	printf("messages: %u of %u\n", sums.messages_found, sums.messages);
	if (sums.texts || sums.steps)
		printf("whole logs: %u of %u the same; steps of accepted programs: %u of %u the same\n",
		       sums.texts_same, sums.texts, sums.steps_same, sums.steps);
	printf("runs: %u compared, %u differ; crashes: %u; false rejects not excused: %u\n", sums.ran,
	       by[RAN_DIFFERENTLY], by[CRASHED], sums.unexcused);
	printf("%s: %u tests, %u agree, %u false accepts, %u false rejects, %u skipped\n", name,
	       sums.tests, by[AGREE], by[FALSE_ACCEPT], by[FALSE_REJECT], by[SKIPPED]);
	return by[FALSE_ACCEPT] || by[RAN_DIFFERENTLY] || by[CRASHED] || sums.unexcused || !by[AGREE];
}
