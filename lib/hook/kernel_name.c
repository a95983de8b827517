/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook/kernel_name.h"

#include <bpf/btf.h>
#include <string.h>

#include "buffer.h"
#include "nearest.h"

/* Tracepoints are typedefs of their prototypes, all others functions. */
static bool is_of_kind(const struct btf_type *t, const char *kind)
{
	return strcmp(kind, KERNEL_TRACEPOINT) == 0 ? btf_is_typedef(t) : btf_is_func(t);
}

bool kernel_name_exists(const char *kind, const char *name, char **meant)
{
	struct btf *btf = btf__load_vmlinux_btf();
	size_t length = strlen(kind);
	struct nearest best;
	bool found = !btf;

	nearest_begin(&best, name);
	for (uint32_t id = 1; btf && !found && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *known = btf__name_by_offset(btf, t->name_off);

		if (!is_of_kind(t, kind) || strncmp(known, kind, length) != 0)
			continue;
		found = strcmp(known + length, name) == 0;
		nearest_add(&best, known + length);
	}
	*meant = !found && best.name ? xstrdup(best.name) : NULL;
	btf__free(btf);
	return found;
}
