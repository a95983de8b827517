/* SPDX-License-Identifier: BSD-2-Clause */
#include "side.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *const side_names[SIDE_MAX] = { "kernel", "jit", "interp", "native" };

struct side {
	const struct side_ops *ops;
	void *state;
};

double side_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int fill_all(struct side *side, const struct side_options *options,
		    char why[SIDE_TEXT_BYTES])
{
	for (const struct suite_fill *fill = suite_fills; fill->map; fill++) {
		uint32_t n = options->fill_max && options->fill_max < fill->n ? options->fill_max :
										fill->n;
		int err = 0;

		if (suite_file_is_wanted(fill->file, options->only))
			err = side->ops->fill(side->state, fill, n);
		if (err) {
			snprintf(why, SIDE_TEXT_BYTES, "map %s cannot be filled: error %d",
				 fill->map, -err);
			return err;
		}
	}
	return 0;
}

struct side *side_new(const struct side_options *options, char why[SIDE_TEXT_BYTES])
{
	struct side *side = calloc(1, sizeof(*side));

	if (!side)
		return NULL;
	side->ops = options->kind == SIDE_NATIVE ? &side_native_ops : &side_bpf_ops;
	side->state = side->ops->open(options, why);
	if (side->state && !fill_all(side, options, why))
		return side;
	side_free(side);
	return NULL;
}

void side_free(struct side *side)
{
	if (side && side->state)
		side->ops->close(side->state);
	free(side);
}

void side_load_result(const struct side *side, enum suite_program program, struct side_load *load)
{
	side->ops->load_result(side->state, program, load);
}

static int reset_counters(struct side *side, enum suite_file file)
{
	int err = 0;

	for (const struct suite_fill *fill = suite_fills; fill->map && !err; fill++)
		if (fill->file == file && fill->kind == FILL_COUNTERS)
			err = side->ops->fill(side->state, fill, fill->n);
	return err;
}

double side_run(struct side *side, enum suite_program program, uint8_t packet[SUITE_PACKET_BYTES],
		uint32_t runs, bool reset)
{
	int err = reset ? reset_counters(side, suite_programs[program].file) : 0;

	return err ? err : side->ops->run(side->state, program, packet, runs);
}
