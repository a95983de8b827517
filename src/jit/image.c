/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiling as a whole: code from the backend into the arena, and what hangs on a jited program. */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hostile.h"
#include "jit/backend.h"
#include "jit/fixup.h"
#include "jit/jit.h"
#include "object/prog.h"

static uint64_t jit_run_callback(const struct prog *prog, uint64_t callback, const uint64_t args[5])
{
	(void)prog; /* the callback is its code's address */
	return ((helper_fn)(uintptr_t)callback)(args[0], args[1], args[2], args[3], args[4]);
}

/* The one with the faulting instruction at @off: they ascend. NULL: none. */
static const struct jit_fault *find_fault(const struct jit_image *image, uint32_t off)
{
	uint32_t lo = 0, hi = image->n_faults;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (image->faults[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < image->n_faults && image->faults[lo].off == off ? &image->faults[lo] : NULL;
}

static bool fixup_load(struct fault_range *range, uintptr_t pc, void *ucontext)
{
	const struct jit_image *image = container_of(range, struct jit_image, range);
	const struct jit_fault *fault = find_fault(image, (uint32_t)(pc - range->start));

	if (!fault)
		return false;
	jit_fixup_load(ucontext, fault->reg, range->start + fault->resume);
	return true;
}

static void image_free(struct jit_image *image)
{
	if (!image)
		return;
	if (image->n_faults)
		fault_range_del(&image->range);
	jit_code_free(&image->code);
	free(image->insn_off);
	free(image->subprog_off);
	free(image->faults);
	free(image);
}

/* Final code into the arena. */
static int place_code(const struct jit_gen *gen, struct jit_image *image)
{
	uint32_t bytes = jit_gen_bytes(gen);
	uint8_t *final = mem_alloc(bytes);
	int err;

	if (!final)
		return -ENOMEM;
	err = jit_code_alloc(&image->code, bytes);
	if (!err)
		err = jit_gen_link(gen, (uintptr_t)image->code.start, final, image);
	if (!err)
		err = jit_code_write(&image->code, final);
	free(final);
	return err;
}

static int watch_faults(struct jit_image *image)
{
	int err;

	if (!image->n_faults)
		return 0;
	image->range = (struct fault_range){
		.start = (uintptr_t)image->code.start,
		.end = (uintptr_t)image->code.start + image->code.bytes,
		.fixup = fixup_load,
	};
	err = fault_range_add(&image->range);
	if (err)
		image->n_faults = 0; /* so that it is not taken back */
	return err;
}

static int image_new(struct prog *prog, uint32_t flags, struct jit_image **out)
{
	struct jit_image *image = mem_zalloc(sizeof(*image));
	struct jit_gen *gen = NULL;
	int err;

	if (!image)
		return -ENOMEM;
	image->prog = prog;
	err = jit_generate(prog, flags, &gen);
	if (!err)
		err = place_code(gen, image);
	jit_gen_free(gen);
	if (!err)
		err = watch_faults(image);
	if (err) {
		/* A half-linked image has counted its faults, but they are not watched. */
		image->n_faults = 0;
		image_free(image);
		return err;
	}
	*out = image;
	return 0;
}

int jit_compile_flags(struct prog *prog, uint32_t flags)
{
	struct jit_image *image;
	int err = image_new(prog, flags, &image);

	if (err == -ERANGE)
		err = image_new(prog, flags | JIT_FAR_CALLS, &image);
	if (err == -E2BIG)
		err = -ENOTSUP;
	if (err)
		return err;
	prog->image = image->code.start;
	prog->image_bytes = image->code.bytes;
	prog->jit_info = image;
	prog->jited = true;
	prog->run = (uint64_t(*)(const void *, const struct prog *))(uintptr_t)image->code.start;
	prog->run_callback = jit_run_callback;
	for (uint32_t i = 0; i < prog->n_subprogs; i++)
		prog->subprogs[i].image = image->code.start + image->subprog_off[i];
	return 0;
}

int jit_compile(struct prog *prog)
{
	return jit_compile_flags(prog, TUNE_JIT_FLAGS);
}

void jit_free(struct prog *prog)
{
	if (!prog->jited)
		return;
	image_free(prog->jit_info);
	prog->image = NULL;
	prog->image_bytes = 0;
	prog->jit_info = NULL;
	prog->jited = false;
	prog->run = NULL;
	prog->run_callback = NULL;
	for (uint32_t i = 0; i < prog->n_subprogs; i++)
		prog->subprogs[i].image = NULL;
}

const void *jit_subprog_code(const struct prog *prog, uint32_t i, uint32_t *bytes)
{
	const struct jit_image *image = prog->jit_info;

	*bytes = image->subprog_off[i + 1] - image->subprog_off[i];
	return image->code.start + image->subprog_off[i];
}

uint32_t jit_insn_off(const struct prog *prog, uint32_t pc)
{
	const struct jit_image *image = prog->jit_info;

	return image->insn_off[pc];
}
