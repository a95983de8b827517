/* SPDX-License-Identifier: BSD-2-Clause */
#include "btfcheck.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "buffer.h"
#include "elfcode.h"

enum mark { UNSEEN, OPEN, DONE };

struct check {
	const struct btf *btf;
	uint32_t n_types;
	uint8_t *marks; /* enum mark per type: what contains what by value */
	const char *wrong;
};

static bool complain(struct check *c, const char *what)
{
	c->wrong = what;
	return false;
}

static bool name_ok(struct check *c, uint32_t offset)
{
	return btf__name_by_offset(c->btf, offset) ||
	       complain(c, "a name lies outside of its strings");
}

static bool type_ok(struct check *c, uint32_t id)
{
	return id < c->n_types || complain(c, "a type is named that it does not have");
}

static bool both_ok(struct check *c, uint32_t name, uint32_t type)
{
	return name_ok(c, name) && type_ok(c, type);
}

/* What hangs behind a type: members, values, parameters, variables. */
static bool tail_ok(struct check *c, const struct btf_type *t)
{
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		bool ok = true;

		if (btf_is_composite(t))
			ok = both_ok(c, btf_members(t)[i].name_off, btf_members(t)[i].type);
		else if (btf_is_enum(t))
			ok = name_ok(c, btf_enum(t)[i].name_off);
		else if (btf_is_enum64(t))
			ok = name_ok(c, btf_enum64(t)[i].name_off);
		else if (btf_is_func_proto(t))
			ok = both_ok(c, btf_params(t)[i].name_off, btf_params(t)[i].type);
		else if (btf_is_datasec(t))
			ok = type_ok(c, btf_var_secinfos(t)[i].type);
		if (!ok)
			return false;
	}
	return true;
}

static bool names_a_type(const struct btf_type *t)
{
	return btf_is_ptr(t) || btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t) ||
	       btf_is_func(t) || btf_is_func_proto(t) || btf_is_var(t) || btf_is_decl_tag(t);
}

static bool references_ok(struct check *c, const struct btf_type *t)
{
	if (!name_ok(c, t->name_off))
		return false;
	if (names_a_type(t) && !type_ok(c, t->type))
		return false;
	if (btf_is_array(t) &&
	    (!type_ok(c, btf_array(t)->type) || !type_ok(c, btf_array(t)->index_type)))
		return false;
	return tail_ok(c, t);
}

static bool depth_ok(struct check *c, uint32_t id, uint32_t depth);

static bool inside_ok(struct check *c, const struct btf_type *t, uint32_t depth)
{
	if (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t) || btf_is_var(t))
		return depth_ok(c, t->type, depth);
	if (btf_is_array(t))
		return depth_ok(c, btf_array(t)->type, depth);
	for (uint32_t i = 0; btf_is_composite(t) && i < btf_vlen(t); i++)
		if (!depth_ok(c, btf_members(t)[i].type, depth))
			return false;
	for (uint32_t i = 0; btf_is_datasec(t) && i < btf_vlen(t); i++)
		if (!depth_ok(c, btf_var_secinfos(t)[i].type, depth))
			return false;
	return true;
}

/* Follows what a type holds by value; references are known to exist. */
static bool depth_ok(struct check *c, uint32_t id, uint32_t depth)
{
	if (c->marks[id] == DONE)
		return true;
	if (c->marks[id] == OPEN)
		return complain(c, "a type contains itself");
	if (depth == BTFCHECK_DEPTH_MAX)
		return complain(c, "types are nested too deeply");
	c->marks[id] = OPEN;
	if (!inside_ok(c, btf__type_by_id(c->btf, id), depth + 1))
		return false;
	c->marks[id] = DONE;
	return true;
}

const char *btfcheck(const struct btf *btf)
{
	struct check c = { .btf = btf, .n_types = btf__type_cnt(btf) };

	for (uint32_t id = 1; id < c.n_types; id++)
		if (!references_ok(&c, btf__type_by_id(btf, id)))
			return c.wrong;
	c.marks = calloc(c.n_types, 1);
	if (!c.marks)
		return "there is no memory to look at it";
	for (uint32_t id = 1; id < c.n_types && !c.wrong; id++)
		depth_ok(&c, id, 0);
	free(c.marks);
	return c.wrong;
}

const char *btfcheck_object(const struct buffer *image)
{
	const char *wrong;
	struct btf *btf;
	size_t bytes;
	const void *data = elfcode_btf(image, &bytes);

	if (!data)
		return NULL;
	btf = btf__new(data, (uint32_t)bytes);
	if (!btf)
		return "its records cannot be told apart";
	wrong = btfcheck(btf);
	btf__free(btf);
	return wrong;
}
