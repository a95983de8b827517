/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of maps: shared, so that it outlives fork, and touched page by page (MAP_NORESERVE).
 *
 * The client kind is the map's memfd and can be had once per map; the engine kind no client fd
 * reaches. What holds pointers is private to the process.
 * All are charged to the engine's quota for their whole size, before they are made.
 */
#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/check.h"
#include "object/engine.h"
#include "object/fd.h"
#include "object/map.h"

#define PAGE_BYTES 4096

static int alloc_client(struct map *map, size_t bytes, void **mem)
{
	int err = object_fd_create(&map->obj, bytes, mem);

	if (err)
		return err == -EINVAL || err == -EFBIG ? -ENOMEM : err;
	map->client_mem = *mem;
	map->client_mem_bytes = bytes;
	return 0;
}

static int alloc_pages(size_t bytes, int shared, void **mem)
{
	void *p;

	if (mem_must_fail())
		return -ENOMEM;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, shared | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	*mem = p;
	return 0;
}

/* Puts an area where @old is; beyond MAP_AREAS_MAX they are not noted. */
static void area_note(struct map *map, const void *old, void *start, size_t bytes)
{
	for (size_t i = 0; i < MAP_AREAS_MAX; i++) {
		if (map->areas[i].start == old) {
			map->areas[i] = (struct map_area){ start, bytes };
			return;
		}
	}
}

int map_mem_alloc(struct map *map, size_t bytes, enum map_mem_kind kind, void **mem)
{
	uint64_t size;
	int err;

	assert(kind == MAP_MEM_ENGINE || !map->client_mem);
	if (!bytes || check_round_up(bytes, PAGE_BYTES, &size) || size > INT64_MAX)
		return bytes ? -ENOMEM : -EINVAL;
	err = engine_charge(map->obj.engine, size);
	if (err)
		return err;
	err = kind == MAP_MEM_CLIENT ? alloc_client(map, size, mem) : alloc_pages(size, MAP_SHARED, mem);
	if (err) {
		engine_uncharge(map->obj.engine, size);
		return err;
	}
	atomic_fetch_add_explicit(&map->mem_bytes, size, memory_order_relaxed);
	area_note(map, NULL, *mem, size);
	return 0;
}

void map_mem_free(struct map *map, void *mem, size_t bytes)
{
	uint64_t size = round_up_u64(bytes, PAGE_BYTES);

	if (!mem)
		return;
	area_note(map, mem, NULL, 0);
	munmap(mem, size);
	if (mem == map->client_mem)
		map->client_mem = NULL;
	atomic_fetch_sub_explicit(&map->mem_bytes, size, memory_order_relaxed);
	engine_uncharge(map->obj.engine, size);
}

int map_private_alloc(struct map *map, uint64_t bytes, void **mem)
{
	int err = engine_charge(map->obj.engine, bytes);

	if (err)
		return err;
	err = alloc_pages(bytes, MAP_PRIVATE, mem);
	if (err)
		engine_uncharge(map->obj.engine, bytes);
	return err;
}

void map_private_free(struct map *map, void *mem, uint64_t bytes)
{
	if (!mem)
		return;
	munmap(mem, bytes);
	engine_uncharge(map->obj.engine, bytes);
}
