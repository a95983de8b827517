/* SPDX-License-Identifier: BSD-2-Clause */
/* CONSTANT(name) for every enumerator that a table of src/tbl makes; included by the tests here. */
#define COMMAND(num, name, ...) CONSTANT(BPF_##name)
#include "tbl/commands.h"
#define MAPTYPE(num, name, ...) CONSTANT(BPF_MAP_TYPE_##name)
#include "tbl/map_types.h"
#define PROG_TYPE(num, name, ...) CONSTANT(BPF_PROG_TYPE_##name)
#include "tbl/prog_types.h"
#define ATTACH_TYPE(num, name, ...) CONSTANT(BPF_##name)
#include "tbl/attach_types.h"
#define LINK_TYPE(num, name, ...) CONSTANT(BPF_LINK_TYPE_##name)
#include "tbl/link_types.h"
#define HELPER(id, name, ...) CONSTANT(BPF_FUNC_##name)
#include "tbl/helpers.h"
