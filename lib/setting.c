/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_set(): "NAME=VALUE" into a `const volatile` global: integers of any base and sign, true and
 * false, 'c', enumerators by name, characters into an array of char. A value that does not fit the
 * type is refused, never cut.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "value.h"

#define RODATA ".rodata"

struct variable {
	const struct btf *btf;
	const char *name;
	uint32_t var;  /* of the VAR itself */
	uint32_t type; /* stripped */
	uint8_t *data;
	size_t bytes;
};

static bool is_rodata(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && strstr(bpf_map__name(map), RODATA);
}

/* Whether the variable's type says `volatile`: without it the compiler has already used the value. */
static bool is_setting(const struct btf *btf, const struct btf_type *var)
{
	const struct btf_type *t = btf__type_by_id(btf, var->type);
	bool is_volatile = false;

	/* The qualifiers of an array are those of its elements. */
	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_array(t))) {
		is_volatile = is_volatile || btf_is_volatile(t);
		t = btf__type_by_id(btf, btf_is_array(t) ? btf_array(t)->type : t->type);
	}
	return is_volatile;
}

typedef bool visit_fn(void *arg, const struct variable *var);

static bool visit_section(const struct btf *btf, struct bpf_map *map, visit_fn *visit, void *arg)
{
	const struct btf_type *sec = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	size_t bytes = 0;
	uint8_t *data = (uint8_t *)bpf_map__initial_value(map, &bytes);

	if (!data || !sec || !btf_is_datasec(sec))
		return false;
	for (uint32_t i = 0; i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		struct variable v = { .btf = btf, .var = info->type, .bytes = info->size };

		if (!is_setting(btf, var) || info->offset > bytes ||
		    bytes - info->offset < info->size)
			continue;
		v.name = btf__name_by_offset(btf, var->name_off);
		v.type = value_strip(btf, var->type);
		v.data = data + info->offset;
		if (visit(arg, &v))
			return true;
	}
	return false;
}

static bool visit_settings(const struct object *obj, visit_fn *visit, void *arg)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	struct bpf_map *map;

	bpf_object__for_each_map(map,
				 obj->bpf) if (btf && is_rodata(map) &&
					       visit_section(btf, map, visit, arg)) return true;
	return false;
}

struct search {
	const char *name;
	size_t length;
	struct variable found;
};

static bool match(void *arg, const struct variable *var)
{
	struct search *search = arg;

	if (strlen(var->name) != search->length || strncmp(var->name, search->name, search->length))
		return false;
	search->found = *var;
	return true;
}

static bool list_name(void *arg, const struct variable *var)
{
	struct buffer *list = arg;

	buffer_format(list, "%s%s", list->bytes ? ", " : "", var->name);
	return false;
}

/* --- values ------------------------------------------------------------------------------------- */

static int set_integer(const struct variable *var, const char *text, bool is_signed, bool is_bool)
{
	uint32_t bits = var->bytes * 8;
	uint64_t value;
	char *end;

	errno = 0;
	if (is_bool && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		value = text[0] == 't';
	} else if (text[0] == '\'' && text[1] && text[2] == '\'' && !text[3]) {
		value = (unsigned char)text[1];
	} else {
		bool minus = text[0] == '-';

		if (!isdigit((unsigned char)text[minus]))
			return -EINVAL;
		value = minus ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
		if (*end)
			return -EINVAL;
		if (errno || (minus && !is_signed && value))
			return -ERANGE;
		if (is_signed && minus && bits < 64 && (int64_t)value < -(1ll << (bits - 1)))
			return -ERANGE;
		if (!minus && is_signed && value >> (bits - 1))
			return -ERANGE;
		if (!minus && !is_signed && bits < 64 && value >> bits)
			return -ERANGE;
		if (is_bool && value > 1)
			return -ERANGE;
	}
	memcpy(var->data, &value, var->bytes);
	return 0;
}

static int set_enum(const struct variable *var, const struct btf_type *t, const char *text)
{
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		bool wide = btf_is_enum64(t);
		uint32_t off = wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		int64_t value =
			wide ? (int64_t)btf_enum64_value(&btf_enum64(t)[i]) : btf_enum(t)[i].val;

		if (strcmp(btf__name_by_offset(var->btf, off), text) == 0) {
			memcpy(var->data, &value, var->bytes);
			return 0;
		}
	}
	return set_integer(var, text, btf_kflag(t), false);
}

static int set_characters(const struct variable *var, const struct btf_type *t, const char *text)
{
	const struct btf_type *elem =
		btf__type_by_id(var->btf, value_strip(var->btf, btf_array(t)->type));
	size_t length = strlen(text);

	if (!elem || !btf_is_int(elem) || elem->size != 1)
		return -ENOTSUP;
	if (length >= var->bytes)
		return -ERANGE;
	memset(var->data, 0, var->bytes);
	memcpy(var->data, text, length);
	return 0;
}

static int set_value(const struct variable *var, const char *text)
{
	const struct btf_type *t = btf__type_by_id(var->btf, var->type);

	if (!t || var->bytes == 0)
		return -ENOTSUP;
	if (btf_is_int(t) && var->bytes <= 8)
		return set_integer(var, text, btf_int_encoding(t) & BTF_INT_SIGNED,
				   btf_int_encoding(t) & BTF_INT_BOOL);
	if ((btf_is_enum(t) || btf_is_enum64(t)) && var->bytes <= 8)
		return set_enum(var, t, text);
	if (btf_is_array(t))
		return set_characters(var, t, text);
	return -ENOTSUP;
}

static const char *complaint(int rc)
{
	switch (rc) {
	case -ERANGE:
		return "is out of range";
	case -ENOTSUP:
		return "cannot be set from a command line";
	}
	return "is not a value it takes";
}

static int unknown_name(const struct object *obj, const struct search *search, struct error *err)
{
	struct buffer list = { 0 };
	int rc;

	visit_settings(obj, list_name, &list);
	rc = error_set(err, -ENOENT,
		       "--set %.*s: %s has no `const volatile` global of this name; it "
		       "has %s",
		       (int)search->length, search->name, obj->path,
		       list.bytes ? list.data : "none");
	buffer_deinit(&list);
	return rc;
}

/* "__u16 blocked_port" for a message: the declared type's name, when it has one. */
static const char *type_name(const struct variable *var)
{
	const struct btf_type *t = btf__type_by_id(var->btf, var->type);
	const char *name = t ? btf__name_by_offset(var->btf, t->name_off) : "";

	return *name ? name : t && btf_is_array(t) ? "array" : "type";
}

/* What the variable takes, for a message. */
static void say_range(const struct variable *var, struct buffer *out)
{
	const struct btf_type *t = btf__type_by_id(var->btf, var->type);
	uint32_t bits = var->bytes * 8;

	buffer_format(out, "%s", type_name(var));
	if (btf_is_array(t))
		buffer_format(out, " of %zu bytes with the closing 0", var->bytes);
	else if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		buffer_text(out, ": true or false");
	else if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_SIGNED && bits <= 64)
		buffer_format(out, ": %lld to %lld", -(1ll << (bits - 2)) * 2,
			      (long long)(UINT64_MAX >> (65 - bits)));
	else if (btf_is_int(t) && bits <= 64)
		buffer_format(out, ": 0 to %llu", (unsigned long long)(UINT64_MAX >> (64 - bits)));
	for (uint32_t i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
		buffer_format(out, "%s %s", i ? "," : ":",
			      btf__name_by_offset(var->btf, btf_enum(t)[i].name_off));
}

static int refuse_value(const struct variable *var, int rc, const char *text, struct error *err)
{
	struct buffer range = { 0 };

	say_range(var, &range);
	error_set(err, rc, "--set %s: '%s' %s (%s)", var->name, text, complaint(rc),
		  buffer_string(&range));
	buffer_deinit(&range);
	return rc;
}

int object_set(struct object *obj, const char *setting, struct error *err)
{
	struct search search = { .name = setting, .length = strcspn(setting, "=") };
	const char *text = setting + search.length;
	int rc;

	if (*text++ != '=' || !search.length)
		return error_set(err, -EINVAL, "--set '%s': write NAME=VALUE", setting);
	if (!visit_settings(obj, match, &search))
		return unknown_name(obj, &search, err);
	rc = set_value(&search.found, text);
	if (rc)
		return refuse_value(&search.found, rc, text, err);
	return 0;
}

/* --- listing --------------------------------------------------------------------------------------- */

struct listing {
	object_setting_fn *fn;
	void *arg;
};

/* What a tag of the declaration says. */
static const char *help_of(const struct variable *var)
{
	for (uint32_t id = 1; id < btf__type_cnt(var->btf); id++) {
		const struct btf_type *t = btf__type_by_id(var->btf, id);

		if (btf_is_decl_tag(t) && t->type == var->var &&
		    btf_decl_tag(t)->component_idx == -1)
			return btf__name_by_offset(var->btf, t->name_off);
	}
	return "";
}

static bool list_setting(void *arg, const struct variable *var)
{
	const struct listing *listing = arg;
	struct buffer value = { 0 };

	value_text(var->btf, var->type, var->data, var->bytes, &value);
	listing->fn(listing->arg, var->name, type_name(var), buffer_string(&value), help_of(var));
	buffer_deinit(&value);
	return false;
}

void object_list_settings(const struct object *obj, object_setting_fn *fn, void *arg)
{
	struct listing listing = { fn, arg };

	visit_settings(obj, list_setting, &listing);
}
