/* SPDX-License-Identifier: BSD-2-Clause */
/* The doctor's report for programs. The keys are interface: skep-doctor(1) has them; only added to. */
#include "json.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "tools.h"

static void put_answer(struct json *j, const struct ability_answer *answer)
{
	json_bool(j, "has", answer->has);
	json_int(j, "errno", -answer->err);
	json_string(j, "why", answer->why);
	json_string(j, "remedy", answer->remedy);
}

static void put_abilities(const struct doctor *d, struct json *j)
{
	json_array_begin(j, "abilities");
	for (enum ability a = ABILITY_NONE + 1; a < ABILITY_MAX; a++) {
		if (!doctor_shows(d, a))
			continue;
		json_object_begin(j, NULL);
		json_string(j, "key", ability_key(a));
		json_string(j, "group", ability_group_title(ability_group_of(a)));
		json_string(j, "title", ability_title(a));
		json_bool(j, "ran", doctor_ask(d, a)->has && !d->quick && ability_has_trial(a));
		put_answer(j, doctor_ask(d, a));
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_prog_types(const struct doctor *d, struct json *j)
{
	json_array_begin(j, "program_types");
	for (uint32_t type = 1; type < ability_n_prog_types(); type++) {
		const struct ability_answer *answer = ability_prog_type(type);

		json_object_begin(j, NULL);
		json_string(j, "name", ability_prog_type_name(type));
		put_answer(j, answer);
		if (d->verbose) {
			json_array_begin(j, "helpers");
			for (uint32_t id = 1; answer->has && id < ability_n_helpers(); id++)
				if (ability_helper(type, id))
					json_string(j, NULL, ability_helper_name(id));
			json_array_end(j);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_map_types(struct json *j)
{
	json_array_begin(j, "map_types");
	for (uint32_t type = 1; type < ability_n_map_types(); type++) {
		json_object_begin(j, NULL);
		json_string(j, "name", ability_map_type_name(type));
		put_answer(j, ability_map_type(type));
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_needs(struct json *j, const enum ability *needs)
{
	json_array_begin(j, "needs");
	for (uint32_t i = 0; i < ABILITY_NEEDS_MAX && needs[i]; i++)
		json_string(j, NULL, ability_key(needs[i]));
	json_array_end(j);
}

static void put_tool(struct json *j, const struct ability_tool *tool)
{
	struct error err = { "" };
	int taken = ability_choose(tool, NULL, &err);

	json_object_begin(j, NULL);
	json_string(j, "name", tool->name);
	json_bool(j, "works", taken >= 0);
	json_bool(j, "optional", tool->optional);
	if (taken >= 0 && tool->hooks[taken].name)
		json_string(j, "way", tool->hooks[taken].name);
	else
		json_null(j, "way");
	json_string(j, "why", taken < 0 ? err.text : "");
	put_needs(j, tool->needs);
	json_array_begin(j, "ways");
	for (int i = 0; i < ABILITY_HOOKS_MAX && tool->hooks[i].name; i++) {
		json_object_begin(j, NULL);
		json_string(j, "name", tool->hooks[i].name);
		put_needs(j, tool->hooks[i].needs);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

void doctor_json(const struct doctor *d, struct buffer *out)
{
	struct json j = { 0 };
	struct utsname name = { 0 };

	uname(&name);
	json_object_begin(&j, NULL);
	json_string(&j, "engine", d->user_engine ? "user" : "kernel");
	json_string(&j, "release", name.release);
	json_string(&j, "machine", name.machine);
	json_uint(&j, "uid", geteuid());
	put_abilities(d, &j);
	put_prog_types(d, &j);
	put_map_types(&j);
	json_array_begin(&j, "tools");
	for (uint32_t i = 0; !d->user_engine && tools[i]; i++)
		if (doctor_shows_tool(d, tools[i]))
			put_tool(&j, tools[i]);
	json_array_end(&j);
	json_object_end(&j);
	buffer_add(out, j.out.data, j.out.bytes);
	buffer_text(out, "\n");
	buffer_deinit(&j.out);
}
