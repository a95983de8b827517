/* SPDX-License-Identifier: BSD-2-Clause */
/* See refuse.h. */
#include "syscall/refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "object/engine.h"

static __thread struct {
	const struct engine *engine;
	char text[REFUSAL_BYTES];
} last;

/* clang-format off */
#define COMMAND(num, name, handler, status, last) [num] = #name,
static const char *const command_names[] = {
#include "tbl/commands.h"
};

#define MAPTYPE(num, name, print, status, note) [num] = print,
static const char *const map_type_names[] = {
#include "tbl/map_types.h"
};

#define PROG_TYPE(num, name, print, test, hook, status, ctx) [num] = print,
static const char *const prog_type_names[] = {
#include "tbl/prog_types.h"
};
/* clang-format on */

static const char *name_of(const char *const *names, size_t n, uint32_t i)
{
	return i < n && names[i] ? names[i] : "unknown to Linux 6.18 as well";
}

int refuse(struct engine *engine, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(last.text, sizeof(last.text), fmt, args);
	va_end(args);
	last.engine = engine;
	if (engine->refused)
		engine->refused(engine->host_arg, err, last.text);
	return err;
}

int refuse_command(struct engine *engine, int cmd)
{
	return refuse(engine, -EINVAL, "bpf command %d (%s) is not implemented", cmd,
		      name_of(command_names, ARRAY_SIZE(command_names), (uint32_t)cmd));
}

int refuse_map_type(struct engine *engine, uint32_t type)
{
	return refuse(engine, -EINVAL, "map type %u (%s) is not implemented", type,
		      name_of(map_type_names, ARRAY_SIZE(map_type_names), type));
}

int refuse_prog_type(struct engine *engine, uint32_t type)
{
	return refuse(engine, -EINVAL, "program type %u (%s) is not implemented", type,
		      name_of(prog_type_names, ARRAY_SIZE(prog_type_names), type));
}

int refuse_for_limit(struct engine *engine, enum engine_limit limit)
{
	const struct engine_quota *quota = &engine->quota;

	if (limit == ENGINE_LIMIT_BYTES)
		return refuse(engine, -ENOMEM,
			      "limit reached: %llu MiB for maps, programs and BTF in all",
			      (unsigned long long)quota->bytes_max >> 20);
	if (limit == ENGINE_LIMIT_OBJECTS)
		return refuse(engine, -ENOMEM, "limit reached: %u maps, programs and other objects",
			      quota->objects_max);
	return -ENOMEM;
}

const char *refusal_text(const struct engine *engine)
{
	return last.engine == engine ? last.text : "";
}
