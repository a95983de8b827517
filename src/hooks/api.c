/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/cgroup.h, dev.h and event.h: public names are casts of this room's structs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "hooks/dev.h"
#include "hooks/event.h"
#include "object/cgroup.h"
#include "object/engine.h"
#include "skep/cgroup.h"
#include "skep/dev.h"
#include "skep/event.h"

_Static_assert((int)SKEP_PASSED == (int)PKT_PASSED && (int)SKEP_DROPPED == (int)PKT_DROPPED &&
		       (int)SKEP_TX == (int)PKT_TX && (int)SKEP_REDIRECTED == (int)PKT_REDIRECTED,
	       "the public fates are the room's");
_Static_assert((int)SKEP_EVENT_TRACEPOINT == (int)EVENT_TRACEPOINT &&
		       (int)SKEP_EVENT_KPROBE == (int)EVENT_KPROBE &&
		       (int)SKEP_EVENT_PERF == (int)EVENT_PERF,
	       "the public kinds of event are the room's");

_Static_assert(SKEP_CGROUPS_MAX == CGROUPS_MAX && SKEP_CGROUP_LEVELS_MAX == CGROUP_LEVELS_MAX,
	       "the public limits are the room's");

/* The public form of a device: what its sink is. */
struct skep_dev {
	struct netdev *dev;
	skep_sink sink;
	void *arg;
};

static void to_sink(struct netdev *dev, const uint8_t *frame, uint32_t bytes, void *arg)
{
	struct skep_dev *d = arg;

	if (d->sink)
		d->sink(d->arg, frame, bytes);
}

int skep_dev_add(struct skep_engine *engine, const char *name, uint32_t ifindex, skep_sink sink,
		 void *arg, struct skep_dev **dev)
{
	struct skep_dev *d;
	int err;

	if (!name || !name[0] || strlen(name) >= NETDEV_NAME_BYTES || ifindex > INT32_MAX)
		return -EINVAL;
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->sink = sink;
	d->arg = arg;
	err = hook_dev_add((struct engine *)engine, name, ifindex, to_sink, d, &d->dev);
	if (err)
		free(d);
	else
		*dev = d;
	return err;
}

void skep_dev_remove(struct skep_dev *dev)
{
	if (!dev)
		return;
	hook_dev_remove(dev->dev);
	free(dev);
}

uint32_t skep_dev_ifindex(const struct skep_dev *dev)
{
	return dev->dev->ifindex;
}

/* Gives the passed frame to the caller's buffer and frees ours. */
static void frame_out(struct skep_received *out, struct pkt_result *result)
{
	out->bytes = result->fate == PKT_PASSED ? result->bytes : 0;
	if (out->bytes && out->frame)
		memcpy(out->frame, result->data, MIN(out->bytes, out->room));
	free(result->data);
}

int skep_dev_receive(struct skep_dev *dev, const void *frame, uint32_t bytes,
		     struct skep_received *out)
{
	struct pkt_result result = { 0 };
	int err;

	if (out->size < sizeof(*out))
		return -EINVAL;
	err = hook_dev_receive(dev->dev, frame, bytes, &result);
	if (err)
		return err;
	out->fate = result.fate;
	out->xdp_action = result.xdp_action;
	out->tc_action = result.tc_action;
	frame_out(out, &result);
	return 0;
}

int skep_event_register(struct skep_engine *engine, const char *name, enum skep_event_kind kind,
			uint32_t bytes, struct skep_event **event)
{
	return event_register((struct engine *)engine, name, (enum event_kind)kind, bytes,
			      (struct event **)event);
}

uint32_t skep_event_id(const struct skep_event *event)
{
	return event_id((const struct event *)event);
}

int skep_event_fire(struct skep_engine *engine, struct skep_event *event, const void *record,
		    uint32_t bytes, uint64_t *verdict)
{
	struct event_result result = { .verdict = UINT64_MAX };
	int err = event_fire((struct engine *)engine, (struct event *)event, record, bytes, &result);

	if (err)
		return err;
	if (verdict)
		*verdict = result.verdict;
	return (int)result.n_programs;
}

int skep_fire(struct skep_engine *engine, const char *name, const void *record, uint32_t bytes)
{
	struct event *event = event_find((struct engine *)engine, name);

	if (!event)
		return -ENOENT;
	return skep_event_fire(engine, (struct skep_event *)event, record, bytes, NULL);
}

int skep_cgroup_add(struct skep_engine *engine, int dirfd, uint64_t id, uint64_t parent)
{
	return cgroup_add((struct engine *)engine, dirfd, id, parent);
}

int skep_cgroup_of(struct skep_engine *engine, int dirfd, uint64_t *id)
{
	struct cgroup *cgroup;
	int err = cgroup_of_fd((struct engine *)engine, dirfd, &cgroup);

	if (!err)
		*id = cgroup->id;
	return err;
}
