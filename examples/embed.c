/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host that runs a filter on its own records: it makes an engine, lets libbpf load and attach a
 * program to an event of its own, fires the event for each record, and reads what the program
 * counted. No privilege, no kernel BPF. Build: docs/howto/embed.md.
 *
 *   embed orders.bpf.o
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <skep/event.h>
#include <skep/skep.h>

/* What the program gets: 8-byte fields, a raw tracepoint's arguments. */
struct order {
	uint64_t number, country, cents;
};

static const struct order orders[] = {
	{ 1, 49, 1999 }, { 2, 33, 250000 }, { 3, 49, 100000 }, { 4, 33, 100001 }, { 5, 44, 999999 },
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "embed: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return 1;
}

static void print_refused(int map_fd)
{
	uint32_t country, *last = NULL;
	uint64_t n;

	while (!bpf_map_get_next_key(map_fd, last, &country)) {
		last = &country;
		if (!bpf_map_lookup_elem(map_fd, &country, &n))
			printf("country %u: %llu refused\n", country, (unsigned long long)n);
	}
}

static int take_orders(struct skep_engine *engine, struct skep_event *event)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		uint64_t verdict;
		int ran = skep_event_fire(engine, event, &orders[i], sizeof(orders[i]), &verdict);

		if (ran < 0)
			return fail("fire", ran);
		printf("order %llu: %s\n", (unsigned long long)orders[i].number,
		       verdict ? "taken" : "refused");
	}
	return 0;
}

static int load_and_run(struct skep_engine *engine, struct skep_event *event, const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program = object ? bpf_object__next_program(object, NULL) : NULL;
	struct bpf_link *link = NULL;
	int err = 1;

	if (!program || bpf_object__load(object)) {
		fprintf(stderr, "embed: cannot load %s\n", path);
	} else {
		link = bpf_program__attach(program);
		err = link ? take_orders(engine, event) : fail("attach", errno);
	}
	if (!err)
		print_refused(bpf_object__find_map_fd_by_name(object, "refused"));
	bpf_link__destroy(link);
	bpf_object__close(object);
	return err;
}

int main(int argc, char **argv)
{
	struct skep_engine *engine;
	struct skep_event *event;
	int err = argc == 2 ? skep_engine_new(NULL, &engine) : -EINVAL;

	if (err)
		return fail("usage: embed OBJECT", err);
	err = skep_event_register(engine, "order", SKEP_EVENT_TRACEPOINT, sizeof(struct order), &event);
	if (!err)
		err = skep_engine_install(engine); /* from here libbpf talks to it */
	err = err ? fail("engine", err) : load_and_run(engine, event, argv[1]);
	skep_engine_install(NULL);
	skep_engine_free(engine);
	return err;
}
