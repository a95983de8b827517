/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps/common.h"

#include "base/errno.h"
#include "maps/types.h"

int map_refuse_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id)
{
	return -ENOTSUPP;
}

int map_key_has_btf(const struct map *map, uint32_t key_type_id, uint32_t value_type_id)
{
	return key_type_id ? 0 : -EINVAL;
}
