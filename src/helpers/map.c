/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on maps. An operation a map type lacks is refused by the verifier already. */
#include <errno.h>

#include "base/errno.h"
#include "helpers/call.h"
#include "object/map.h"
#include "object/value.h"

HELPER_CALL(map_lookup_elem)
{
	struct map *map = ptr(r1);

	return (uintptr_t)map->ops->lookup(map, ptr(r2));
}

HELPER_CALL(map_lookup_percpu_elem)
{
	struct map *map = ptr(r1);

	return map->ops->lookup_percpu ?
		       (uintptr_t)map->ops->lookup_percpu(map, ptr(r2), (uint32_t)r3) : 0;
}

HELPER_CALL(map_update_elem)
{
	struct map *map = ptr(r1);

	return map->ops->update ? ret(map->ops->update(map, ptr(r2), ptr(r3), r4)) :
				  ret(-EOPNOTSUPP);
}

HELPER_CALL(map_delete_elem)
{
	struct map *map = ptr(r1);

	return map->ops->delete ? ret(map->ops->delete(map, ptr(r2))) : ret(-EOPNOTSUPP);
}

HELPER_CALL(map_push_elem)
{
	struct map *map = ptr(r1);

	return map->ops->push ? ret(map->ops->push(map, ptr(r2), r3)) : ret(-EOPNOTSUPP);
}

HELPER_CALL(map_pop_elem)
{
	struct map *map = ptr(r1);

	return map->ops->pop ? ret(map->ops->pop(map, ptr(r2))) : ret(-EOPNOTSUPP);
}

HELPER_CALL(map_peek_elem)
{
	struct map *map = ptr(r1);

	return map->ops->peek ? ret(map->ops->peek(map, ptr(r2))) : ret(-EOPNOTSUPP);
}

HELPER_CALL(for_each_map_elem)
{
	struct map *map = ptr(r1);
	struct map_each each = { .prog = run_current()->prog, .callback = r2, .arg = r3 };

	return map->ops->for_each ? ret(map->ops->for_each(map, &each, r4)) : ret(-EOPNOTSUPP);
}

HELPER_CALL(spin_lock)
{
	value_lock(ptr(r1));
	return 0;
}

HELPER_CALL(spin_unlock)
{
	value_unlock(ptr(r1));
	return 0;
}

#define RET_VALUE .ret_type = RET_PTR_TO_MAP_VALUE | PTR_MAYBE_NULL
#define ARG_VALUE_UNINIT (ARG_PTR_TO_MAP_VALUE | MEM_UNINIT | MEM_WRITE)

HELPER_PROTO(map_lookup_elem, RET_VALUE, .pkt_access = true,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY));
HELPER_PROTO(map_lookup_percpu_elem, RET_VALUE, .pkt_access = true,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_ANYTHING));
HELPER_PROTO(map_update_elem, .ret_type = RET_INTEGER, .pkt_access = true,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE, ARG_ANYTHING));
HELPER_PROTO(map_delete_elem, .ret_type = RET_INTEGER, .pkt_access = true,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY));
HELPER_PROTO(map_push_elem, .ret_type = RET_INTEGER, .pkt_access = true,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_VALUE, ARG_ANYTHING));
HELPER_PROTO(map_pop_elem, .ret_type = RET_INTEGER, ARGS(ARG_CONST_MAP_PTR, ARG_VALUE_UNINIT));
HELPER_PROTO(map_peek_elem, .ret_type = RET_INTEGER, ARGS(ARG_CONST_MAP_PTR, ARG_VALUE_UNINIT));
HELPER_PROTO(for_each_map_elem, .ret_type = RET_INTEGER,
	     ARGS(ARG_CONST_MAP_PTR, ARG_PTR_TO_FUNC, ARG_PTR_TO_STACK | PTR_MAYBE_NULL,
		  ARG_ANYTHING));
HELPER_PROTO(spin_lock, .ret_type = RET_VOID, ARGS(ARG_PTR_TO_SPIN_LOCK));
HELPER_PROTO(spin_unlock, .ret_type = RET_VOID, ARGS(ARG_PTR_TO_SPIN_LOCK));
