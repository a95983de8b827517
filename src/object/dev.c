/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's devices: an array sorted by ifindex, replaced as a whole on every change, so that
 * programs read it inside an epoch without a lock. Changes are under engine->lock and O(n).
 */
#include "object/dev.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "object/engine.h"

#define DEV_MTU 1500

struct dev_list {
	struct epoch_node node;
	uint32_t n;
	struct netdev *devs[];
};

struct dev_table {
	struct dev_list *_Atomic list;
	uint32_t next_ifindex;
};

static struct dev_list *list_new(uint32_t n)
{
	struct dev_list *list = mem_zalloc(sizeof(*list) + n * sizeof(list->devs[0]));

	if (list)
		list->n = n;
	return list;
}

int dev_table_init(struct engine *engine)
{
	struct dev_table *t = mem_zalloc(sizeof(*t));
	struct dev_list *list = list_new(0);

	if (!t || !list) {
		free(t);
		free(list);
		return -ENOMEM;
	}
	atomic_init(&t->list, list);
	t->next_ifindex = 1;
	engine->devs = t;
	return 0;
}

void dev_table_deinit(struct engine *engine)
{
	struct dev_table *t = engine->devs;

	if (!t)
		return;
	assert(atomic_load(&t->list)->n == 0);
	free(atomic_load(&t->list));
	free(t);
	engine->devs = NULL;
}

static void free_list(struct epoch_node *node)
{
	mem_free_late(container_of(node, struct dev_list, node));
}

static void free_dev(struct epoch_node *node)
{
	mem_free_late(container_of(node, struct netdev, free_node));
}

static void defer(struct engine *engine, struct epoch_node *node,
		  void (*fn)(struct epoch_node *node))
{
	if (engine->defer)
		engine->defer(engine, node, fn);
	else
		fn(node);
}

/* Index of the first device whose ifindex is not below @ifindex. */
static uint32_t lower_bound(const struct dev_list *list, uint32_t ifindex)
{
	uint32_t low = 0, high = list->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (list->devs[mid]->ifindex < ifindex)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct netdev *dev_by_index(const struct engine *engine, uint32_t ifindex)
{
	const struct dev_list *list =
		atomic_load_explicit(&engine->devs->list, memory_order_acquire);
	uint32_t i = lower_bound(list, ifindex);

	return i < list->n && list->devs[i]->ifindex == ifindex ? list->devs[i] : NULL;
}

struct netdev *dev_next(const struct engine *engine, uint32_t after)
{
	const struct dev_list *list =
		atomic_load_explicit(&engine->devs->list, memory_order_acquire);
	uint32_t i = after == UINT32_MAX ? list->n : lower_bound(list, after + 1);

	return i < list->n ? list->devs[i] : NULL;
}

struct netdev *dev_by_name(const struct engine *engine, const char *name)
{
	const struct dev_list *list =
		atomic_load_explicit(&engine->devs->list, memory_order_acquire);

	for (uint32_t i = 0; i < list->n; i++)
		if (!strcmp(list->devs[i]->name, name))
			return list->devs[i];
	return NULL;
}

static uint32_t free_ifindex(const struct engine *engine)
{
	uint32_t ifindex = engine->devs->next_ifindex;

	while (dev_by_index(engine, ifindex))
		ifindex++;
	return ifindex;
}

/* engine->lock held. */
static int insert(struct engine *engine, struct netdev *dev)
{
	struct dev_list *old = atomic_load(&engine->devs->list);
	struct dev_list *list;
	uint32_t at;

	if (dev_by_index(engine, dev->ifindex) || dev_by_name(engine, dev->name))
		return -EEXIST;
	list = list_new(old->n + 1);
	if (!list)
		return -ENOMEM;
	at = lower_bound(old, dev->ifindex);
	memcpy(list->devs, old->devs, at * sizeof(old->devs[0]));
	list->devs[at] = dev;
	memcpy(list->devs + at + 1, old->devs + at, (old->n - at) * sizeof(old->devs[0]));
	atomic_store_explicit(&engine->devs->list, list, memory_order_release);
	defer(engine, &old->node, free_list);
	return 0;
}

int dev_add(struct engine *engine, const char *name, uint32_t ifindex, struct netdev **dev)
{
	struct netdev *new;
	int err;

	if (!name[0] || strlen(name) >= NETDEV_NAME_BYTES || ifindex > INT32_MAX)
		return -EINVAL;
	new = mem_zalloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->engine = engine;
	new->mtu = DEV_MTU;
	strcpy(new->name, name);
	pthread_mutex_lock(&engine->lock);
	new->ifindex = ifindex ? ifindex : free_ifindex(engine);
	/* Locally administered, with the number in it. */
	new->mac[0] = 2;
	for (int i = 0; i < 4; i++)
		new->mac[5 - i] = (uint8_t)(new->ifindex >> (8 * i));
	err = insert(engine, new);
	pthread_mutex_unlock(&engine->lock);
	if (err)
		free(new);
	else
		*dev = new;
	return err;
}

void dev_remove(struct netdev *dev)
{
	struct engine *engine = dev->engine;
	struct dev_list *old, *list;
	uint32_t at;

	pthread_mutex_lock(&engine->lock);
	old = atomic_load(&engine->devs->list);
	at = lower_bound(old, dev->ifindex);
	assert(at < old->n && old->devs[at] == dev);
	list = list_new(old->n - 1);
	if (!list)
		abort(); /* a few bytes; and no way to keep the device out of sight without them */
	memcpy(list->devs, old->devs, at * sizeof(old->devs[0]));
	memcpy(list->devs + at, old->devs + at + 1, (old->n - at - 1) * sizeof(old->devs[0]));
	atomic_store_explicit(&engine->devs->list, list, memory_order_release);
	defer(engine, &old->node, free_list);
	pthread_mutex_unlock(&engine->lock);
	defer(engine, &dev->free_node, free_dev);
}
