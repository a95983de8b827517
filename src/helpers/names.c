/* SPDX-License-Identifier: BSD-2-Clause */
/* What tbl/helpers.h says of each helper: its name, and why it is refused. */
#include <stddef.h>

#include "base/macros.h"
#include "object/helper.h"

#define REFUSAL_done(note) NULL
#define REFUSAL_later(note) "not supported yet"
#define REFUSAL_refused(note) note

static const struct {
	const char *name;
	const char *refusal;
} helpers[] = {
#define HELPER(id, name, status, note) [id] = { "bpf_" #name, REFUSAL_##status(note) },
#include "tbl/helpers.h"
};

const char *helper_name(uint32_t id)
{
	return id < ARRAY_SIZE(helpers) ? helpers[id].name : NULL;
}

const char *helper_refusal(uint32_t id)
{
	return id < ARRAY_SIZE(helpers) ? helpers[id].refusal : NULL;
}
