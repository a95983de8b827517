/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses any bytes as a program's BTF and as a base BTF. What is accepted is then asked everything
 * the lookups answer, for every id and one more: sizes agree with each other, nothing crashes.
 */
#include "btf/btf.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "btf/fields.h"
#include "btf/show.h"
#include "fuzz.h"

static void swallow(void *cookie, const char *fmt, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, args);
	*(size_t *)cookie += strlen(line);
}

/* Values of the type from bytes that may be too few. */
static void show_type(const struct btf *btf, uint32_t id)
{
	static const uint8_t bytes[96] = { 1, 0, 0, 'a', 0, 255, 255, 255, 255, 255, 255, 255, 7 };
	struct btf_value v = { .btf = btf, .type_id = id, .data = bytes, .size = sizeof(bytes) };
	struct strbuf sb = STRBUF_INIT;

	for (uint64_t flags = 0; flags < 16; flags += 5)
		btf_show_text(&sb, &v, flags);
	btf_show_json(&sb, &v);
	strbuf_deinit(&sb);
}

static void ask_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf_type_by_id(btf, id), *sized;
	uint32_t size_id = id, bytes = 0, walked = 0, off, type;
	struct btf_record *rec = NULL;

	if (!t)
		return;
	sized = btf_type_id_size(btf, &size_id, &bytes);
	if (sized && !btf_is_var(t) && !btf_is_datasec(sized) &&
	    btf_resolve_size(btf, t, &walked, NULL, NULL))
		FUZZ_CHECK(walked == bytes);
	btf_skip_qualifiers(btf, id, NULL);
	btf_resolve_func_ptr(btf, id, NULL);
	btf_func_proto(btf, id);
	btf_find_next_decl_tag(btf, id, -1, "arg:", 0);
	btf_find_member_deep(btf, t, "a", &off, &type);
	if (t->name_off)
		FUZZ_CHECK(btf_find_by_name_kind(btf, btf_name_by_offset(btf, t->name_off),
						 btf_kind(t)) <= (int32_t)id);
	show_type(btf, id);
	if (btf->is_base || !btf_has_size(t))
		return;
	if (!btf_parse_fields(btf, NULL, id, BTF_MAP_VALUE_FIELDS, t->size, &rec))
		btf_record_free(rec);
}

static bool ask(const uint8_t *data, size_t size,
		int (*parse)(const uint8_t *, uint32_t, const struct btf_log *, struct btf **))
{
	size_t said = 0;
	struct btf_log log = { .level = 1, .vlog = swallow, .cookie = &said };
	struct btf *btf;

	if (parse(data, (uint32_t)size, &log, &btf))
		return false;
	FUZZ_CHECK(btf->data_size == size && !memcmp(btf->data, data, size));
	for (uint32_t id = 0; id <= btf->nr_types; id++)
		ask_type(btf, id);
	btf_free(btf);
	return true;
}

static int parse_prog(const uint8_t *data, uint32_t size, const struct btf_log *log,
		      struct btf **out)
{
	return btf_parse(data, size, NULL, log, out);
}

static int parse_base(const uint8_t *data, uint32_t size, const struct btf_log *log,
		      struct btf **out)
{
	return btf_parse_base(data, size, log, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	fuzz_count(ask(data, size, parse_prog));
	ask(data, size, parse_base);
	return 0;
}
