/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of devices: programs at tc ingress and egress hand them over through a ring buffer. Nothing
 * stays attached when this process ends, however it ends (hook/hook.h). Packets and losses are counted
 * by the programs: handed over + dropped = passed the expression.
 *
 * Where it is asked what became of packets, they stay in the ring for a while first; a ring more than
 * half full is read sooner.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "buffer.h"
#include "capture/capture.h"
#include "capture/entry.h"
#include "capture/fate.h"
#include "capture/live-api.bpf.h"
#include "capture/ring.h"
#include "capture/signals.h"
#include "capture/sink.h"
#include "engine.h"
#include "hook/hook.h"
#include "hook/link.h"
#include "hook/tc.h"
#include "tool/account.h"
#include "tool/loop.h"
#include "vmlinux.h"
#include "who/cgroup.h"
#include "who/who.h"

#include "live.skel.h" /* last: its .rodata has types of the headers above */
#include "owner.skel.h"

enum {
	LINKTYPE_ETHERNET = 1,
	DEVICES_MAX = 1024,
	TAG_OFF = 12,
	TAG_BYTES = 4,
	WAYS = 2, /* in, out */
	HOOKS_MAX = DEVICES_MAX * WAYS,
	OWNER_HOOKS_MAX = 3,
};

#define NS_PER_S       1000000000ull
#define LOOK_AROUND_NS 500000000ull
#define PAUSE_NS       1000000ull
/* How long a packet has to be dropped in: who reads the man page knows this number. */
#define FATE_NS 10000000ull

/* From so many packets a batch on, the reader lets some gather: being woken for each costs their sender. */
#define BATCH_MANY 64
/* So many packets at a time, before the clock is read and other things get their turn. */
#define BATCH_MOST 4096

struct device {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	bool is_loopback;
};

struct live {
	const struct capture_options *options;
	struct live_settings settings;
	struct device *devices;
	uint32_t n_devices;
	struct live_bpf *bpf;
	struct owner_bpf *owner;
	struct bpf_link *owner_links[OWNER_HOOKS_MAX];
	struct hook *made;
	int entry[WAYS]; /* -1: not asked for */
	struct hook *hooks[HOOKS_MAX];
	uint32_t n_hooks;
	struct loop loop;
	struct who *who;
	struct ring ring;
	struct fates *fates; /* NULL: not watched */
	struct sink *sink;
	struct signals signals;
	uint64_t clock_offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	struct error failure;	  /* of a callback */
	int failed;
	uint8_t *frame; /* a packet with its tag put back */
};

/* --- devices -------------------------------------------------------------------------------------- */

static int read_device(const char *name, struct device *d, struct error *err)
{
	struct ifreq request = { 0 };
	int fd, rc = 0;

	d->ifindex = if_nametoindex(name);
	if (!d->ifindex)
		return error_set(err, -ENODEV,
				 "there is no device %s here (skep capture -D lists "
				 "them)",
				 name);
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		rc = error_set(err, -errno, "cannot ask about device %s: %s", name,
			       strerror(errno));
	if (fd >= 0)
		close(fd);
	d->is_loopback = request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	if (!rc && request.ifr_hwaddr.sa_family != ARPHRD_ETHER && !d->is_loopback)
		rc = error_set(err, -EMEDIUMTYPE,
			       "%s has no Ethernet header: capture there with --by socket", name);
	return rc;
}

static int add_device(struct live *l, const char *name, struct error *err)
{
	struct device d = { 0 };
	int rc = read_device(name, &d, err);

	if (rc)
		return rc;
	if (l->n_devices == DEVICES_MAX)
		return error_set(err, -E2BIG, "more than %d devices", DEVICES_MAX);
	array_grow(l->devices, l->n_devices);
	l->devices[l->n_devices++] = d;
	return 0;
}

/* Every device here that has a link-level header. */
static int add_all_devices(struct live *l, struct error *err)
{
	struct if_nameindex *names = if_nameindex();
	struct error why;
	int rc = 0;

	if (!names)
		return error_set(err, -errno, "cannot list devices: %s", strerror(errno));
	for (uint32_t i = 0; names[i].if_name && !rc; i++) {
		rc = add_device(l, names[i].if_name, &why);
		if (rc == -EMEDIUMTYPE) {
			fprintf(stderr, "skep capture: %s; left out\n", why.text);
			rc = 0;
		} else if (rc == -ENODEV) {
			rc = 0; /* gone since */
		} else if (rc) {
			*err = why;
		}
	}
	if_freenameindex(names);
	if (!rc && !l->n_devices)
		rc = error_set(err, -ENODEV, "there is no device to capture on");
	return rc;
}

static int find_devices(struct live *l, struct error *err)
{
	const struct capture_options *o = l->options;
	int rc = 0;

	if (!o->n_devices || (o->n_devices == 1 && strcmp(o->devices[0], "any") == 0))
		return add_all_devices(l, err);
	for (uint32_t i = 0; i < o->n_devices && !rc; i++)
		rc = add_device(l, o->devices[i], err);
	return rc;
}

static const char *device_name(const struct live *l, uint32_t ifindex)
{
	for (uint32_t i = 0; i < l->n_devices; i++)
		if (l->devices[i].ifindex == ifindex)
			return l->devices[i].name;
	return NULL;
}

/* --- terms about the owner ------------------------------------------------------------------------ */

static bool is_of_container(const struct owner_term *term)
{
	return term->kind == OWNER_CONTAINER || term->kind == OWNER_POD;
}

static int settle_cgroup(const struct owner_term *term, struct live_term *to, struct error *err)
{
	struct error why;
	uint64_t id;
	int rc = cgroup_id_of(term->text, &id, &to->cgroup_level, &why);

	if (rc)
		return error_set(err, rc, "cgroup %s", why.text);
	to->has_cgroup = 1;
	to->cgroup_id = id;
	return 0;
}

/* Bit i of the map is term i. */
static int follow_containers(struct live *l, const struct expression *e, struct error *err)
{
	const char *names[LIVE_TERMS_MAX] = { 0 };
	struct error later;
	uint32_t found;
	int rc;

	for (uint32_t i = 0; i < e->n_owner; i++)
		if (is_of_container(&e->owner[i]))
			names[i] = e->owner[i].text;
	rc = who_follow(l->who, &l->loop, names, e->n_owner, &later, err);
	if (rc)
		return rc;
	found = who_followed(l->who)->found;
	for (uint32_t i = 0; i < e->n_owner; i++) {
		if (!names[i] || found >> i & 1)
			continue;
		if (*later.text)
			return error_set(err, -ENOENT,
					 "no container '%s' is running, and it cannot be waited "
					 "for: %s",
					 names[i], later.text);
		fprintf(stderr, "skep capture: no container '%s' yet: waiting for it\n", names[i]);
	}
	return 0;
}

static int settle_terms(struct live *l, const struct expression *e, struct error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < e->n_owner && !rc; i++) {
		const struct owner_term *term = &e->owner[i];
		struct live_term *to = &l->settings.terms[i];

		to->negated = term->negated;
		if (term->kind == OWNER_PID) {
			to->kind = LIVE_TERM_PID;
			to->pid = term->pid;
		} else if (term->kind == OWNER_COMM) {
			to->kind = LIVE_TERM_COMM;
			memcpy(to->comm, term->text, strnlen(term->text, LIVE_COMM_BYTES - 1));
		} else {
			to->kind = LIVE_TERM_CGROUP;
			l->settings.follows |= is_of_container(term);
			rc = is_of_container(term) ? 0 : settle_cgroup(term, to, err);
		}
	}
	l->settings.n_terms = e->n_owner;
	return rc || !l->settings.follows ? rc : follow_containers(l, e, err);
}

/* --- loading and attaching ------------------------------------------------------------------------ */

static uint32_t ring_bytes(const struct capture_options *o)
{
	uint32_t bytes = 4096;

	/* A power of two; room for a packet of the greatest size. */
	while (bytes < o->buffer_kib * 1024u || bytes < 2 * LIVE_SNAP_MAX)
		bytes *= 2;
	return bytes;
}

static int load_live(struct live *l, struct error *err)
{
	int rc;

	l->bpf = live_bpf__open();
	if (!l->bpf)
		return error_set(err, -errno, "cannot open its programs: %s", strerror(errno));
	memcpy((void *)&l->bpf->rodata->live, &l->settings, sizeof(l->settings));
	bpf_map__set_max_entries(l->bpf->maps.packets, ring_bytes(l->options));
	if (l->settings.fates)
		bpf_map__set_max_entries(l->bpf->maps.fates, fates_of_all());
	else
		bpf_map__set_max_entries(l->bpf->maps.skbs, 1);
	rc = live_bpf__load(l->bpf);
	return rc ? error_set(err, rc, "cannot load its programs: %s", strerror(-rc)) : 0;
}

/* One pass over all descriptors of all processes. */
static int walk_descriptors(struct live *l)
{
	struct bpf_link *link = bpf_program__attach_iter(l->owner->progs.walk, NULL);
	char unread[256];
	int fd;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && read(fd, unread, sizeof(unread)) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return fd < 0 ? fd : 0;
}

/* The cgroup below which sockets are watched as they are made: that of a term, else the root. */
static const char *watched_cgroup(const struct expression *e)
{
	for (uint32_t i = 0; i < e->n_owner; i++)
		if (e->owner[i].kind == OWNER_CGROUP && !e->owner[i].negated)
			return e->owner[i].text;
	return "/";
}

static int attach_made(struct live *l, const struct expression *e, struct error *err)
{
	const char *cgroup = watched_cgroup(e);
	char mount[CGROUP_PATH_BYTES];
	char *path;
	int rc = cgroup_mount(mount, err);

	if (rc)
		return rc;
	path = strncmp(cgroup, mount, strlen(mount)) == 0 ? xstrdup(cgroup)
							  : xformat("%s/%s", mount, cgroup);
	rc = hook_attach_cgroup(bpf_program__fd(l->owner->progs.made), path,
				BPF_CGROUP_INET_SOCK_CREATE, &l->made, err);
	free(path);
	return rc;
}

/* Begins to remember whose sockets are. */
static int start_owners(struct live *l, const struct expression *e, struct error *err)
{
	int rc;

	l->owner = owner_bpf__open();
	if (!l->owner)
		return error_set(err, -errno, "cannot open its programs: %s", strerror(errno));
	memcpy((void *)&l->owner->rodata->live, &l->settings, sizeof(l->settings));
	rc = bpf_map__reuse_fd(l->owner->maps.owners, bpf_map__fd(l->bpf->maps.owners));
	if (!rc && l->settings.follows)
		rc = bpf_map__reuse_fd(l->owner->maps.followed, who_followed(l->who)->map_fd);
	if (!rc)
		rc = bpf_map__reuse_fd(l->owner->maps.changes, bpf_map__fd(l->bpf->maps.changes));
	if (!rc)
		rc = owner_bpf__load(l->owner);
	if (rc == -ESRCH && access(VMLINUX_BTF_PATH, R_OK) == 0)
		return error_set(err, rc,
				 "this kernel has no tracepoints for what sockets send and "
				 "receive (sock_send_length), which say whose they are");
	if (rc == -ESRCH)
		return vmlinux_missing("telling whose packets are", err);
	if (rc)
		return error_set(err, rc,
				 "this kernel does not let processes be told apart (%s); "
				 "skep doctor capture says why",
				 strerror(-rc));
	l->owner_links[0] = bpf_program__attach(l->owner->progs.sent);
	l->owner_links[1] = bpf_program__attach(l->owner->progs.received);
	if (!l->owner_links[0] || !l->owner_links[1])
		return error_set(err, -errno, "cannot watch what sockets send: %s",
				 strerror(errno));
	rc = attach_made(l, e, err);
	if (rc)
		return rc;
	rc = walk_descriptors(l);
	return rc ? error_set(err, rc, "cannot look at open sockets: %s", strerror(-rc)) : 0;
}

/* Packets without a verdict are still packets. */
static void start_fates(struct live *l)
{
	struct error why;

	if (fates_open(bpf_map__fd(l->bpf->maps.skbs), bpf_map__fd(l->bpf->maps.fates), &l->fates,
		       &why) == 0)
		return;
	if (l->options->line.verbose)
		fprintf(stderr, "skep capture: %s; packets have no verdicts\n", why.text);
}

static int load_entries(struct live *l, const struct expression *e, struct error *err)
{
	const struct classic_setup setup = {
		.link_type = LINKTYPE_ETHERNET,
		.snap = l->options->snap,
		.unoptimized = l->options->unoptimized,
		.netmask = UINT32_MAX,
	};
	struct classic classic = { 0 };
	int rc = expression_compile(e->packet, &setup, &classic, err);

	for (uint32_t way = 0; way < WAYS && !rc; way++) {
		if (l->options->way == (way ? SAVEFILE_WAY_IN : SAVEFILE_WAY_OUT))
			continue;
		l->entry[way] = entry_load_live(&classic, bpf_map__fd(l->bpf->maps.next), way, err);
		if (l->entry[way] < 0)
			rc = l->entry[way];
	}
	free(classic.insns);
	return rc;
}

static int attach_one(struct live *l, const struct device *d, bool is_egress, struct error *err)
{
	struct hook *hook = NULL;
	int fd = l->entry[is_egress];
	int rc = hook_attach_tcx(fd, d->ifindex, is_egress, &hook, err);

	if (rc == -EINVAL)
		rc = hook_attach_tc(fd, d->ifindex, is_egress, &hook, err);
	if (!rc)
		l->hooks[l->n_hooks++] = hook;
	return rc;
}

static int attach(struct live *l, struct error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < l->n_devices && !rc; i++) {
		const struct device *d = &l->devices[i];

		for (uint32_t way = 0; way < WAYS && !rc; way++) {
			/* A loopback's packets come in as they went out: once is enough. */
			if (l->entry[way] < 0 ||
			    (d->is_loopback && way && l->options->way != SAVEFILE_WAY_OUT))
				continue;
			rc = attach_one(l, d, way, err);
		}
	}
	return rc;
}

static void detach(struct live *l)
{
	for (uint32_t i = 0; i < l->n_hooks; i++)
		hook_detach(l->hooks[i]);
	l->n_hooks = 0;
}

/* --- packets -------------------------------------------------------------------------------------- */

/* The frame as it was on the wire, its tag back in place. */
static const uint8_t *put_tag(struct live *l, const struct live_packet *p, const uint8_t *data,
			      uint32_t *bytes)
{
	uint16_t tci = htons(p->vlan_tci);
	uint32_t n = *bytes;

	memcpy(l->frame, data, TAG_OFF);
	memcpy(l->frame + TAG_OFF, &p->vlan_proto, 2);
	memcpy(l->frame + TAG_OFF + 2, &tci, 2);
	memcpy(l->frame + TAG_OFF + TAG_BYTES, data + TAG_OFF, n - TAG_OFF);
	n += TAG_BYTES;
	*bytes = n < l->options->snap ? n : l->options->snap;
	return l->frame;
}

static void fill_owner(struct live *l, const struct live_packet *p, struct captured *c)
{
	const struct who_cgroup *cgroup;

	if (!p->owner.pid)
		return;
	c->pid = p->owner.pid;
	c->comm = p->owner.comm;
	if (!p->owner.cgroup_id)
		return;
	cgroup = who_cgroup(l->who, p->owner.cgroup_id);
	c->cgroup = cgroup->path;
	c->container = cgroup->container.name;
	c->pod = cgroup->container.pod;
}

/* 0; 1: it was the last one; -errno with a sentence in l->failure. */
static int take_record(struct live *l, const struct live_packet *p, uint32_t bytes, bool early)
{
	struct captured c = { 0 };
	uint32_t n;

	if (bytes < sizeof(*p) || p->bytes > bytes - sizeof(*p))
		return 0;
	n = p->bytes;
	c.packet.data = (const uint8_t *)(p + 1);
	c.packet.wire_bytes = p->wire_bytes;
	if (p->vlan_proto && n >= TAG_OFF) {
		c.packet.data = put_tag(l, p, c.packet.data, &n);
		c.packet.wire_bytes += TAG_BYTES;
	}
	c.packet.bytes = n;
	c.packet.time_ns = p->ktime_ns + l->clock_offset_ns;
	c.interface = device_name(l, p->ifindex);
	c.way = p->is_egress ? SAVEFILE_WAY_OUT : SAVEFILE_WAY_IN;
	fill_owner(l, p, &c);
	if (l->fates)
		c.fate = fates_find(l->fates, p->fate, p->serial, early);
	return sink_packet(l->sink, &c, &l->failure);
}

static bool is_ripe(const struct live *l, const struct live_packet *p, uint64_t now_ns)
{
	return !l->fates || p->ktime_ns + FATE_NS <= now_ns;
}

/* Takes what is ripe, at most a batch: how many. @all: what is not, too. */
static uint32_t take_records(struct live *l, uint64_t now_ns, bool all)
{
	const struct live_packet *p;
	uint32_t n = 0, bytes;
	int rc = 0;

	while (!rc && n < BATCH_MOST && (p = ring_look(&l->ring, &bytes))) {
		bool early = !is_ripe(l, p, now_ns);

		if (early && !all && !ring_is_pressed(&l->ring))
			break;
		rc = take_record(l, p, bytes, early);
		ring_pass(&l->ring);
		n++;
	}
	ring_release(&l->ring);
	if (rc) {
		l->failed = rc < 0 ? rc : 0;
		loop_stop(&l->loop);
	}
	return n;
}

static void pause_until(uint64_t now_ns, uint64_t when_ns)
{
	uint64_t ns = when_ns > now_ns + PAUSE_NS ? when_ns - now_ns : PAUSE_NS;
	const struct timespec pause = { .tv_nsec = (long)(ns < NS_PER_S ? ns : NS_PER_S - 1) };

	nanosleep(&pause, NULL);
}

static void flush(void *arg)
{
	struct live *l = arg;

	if (!l->failed)
		l->failed = sink_flush(l->sink, &l->failure);
	if (l->failed)
		loop_stop(&l->loop);
}

/* There are packets, ripe or not. */
static void on_packets(void *arg)
{
	struct live *l = arg;
	uint64_t now = loop_now_ns();
	uint32_t n = take_records(l, now, false), bytes;
	const struct live_packet *first;

	if (n == BATCH_MOST)
		return;
	flush(l);
	first = ring_look(&l->ring, &bytes);
	if (l->loop.stopped)
		return;
	if (first && l->fates)
		pause_until(now, first->ktime_ns + FATE_NS);
	else if (n >= BATCH_MANY)
		pause_until(now, now);
}

/* Devices that went away: said once each; with the last, the capture ends. */
static void check_devices(struct live *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_hooks; i++) {
		if (hook_is_gone(l->hooks[i])) {
			fprintf(stderr, "skep capture: %s is gone\n", l->hooks[i]->what);
			hook_detach(l->hooks[i]);
		} else {
			l->hooks[n++] = l->hooks[i];
		}
	}
	l->n_hooks = n;
	if (!n)
		loop_stop(&l->loop);
}

/* Now and then, the first time before any packet. */
static uint64_t look_around(void *arg, uint64_t now_ns)
{
	struct live *l = arg;

	l->clock_offset_ns = loop_realtime_ns(0);
	check_devices(l);
	return now_ns + LOOK_AROUND_NS;
}

/* --- the whole ------------------------------------------------------------------------------------ */

static void announce(const struct live *l)
{
	struct buffer names = { 0 };

	for (uint32_t i = 0; i < l->n_devices && i < CAPTURE_DEVICES_MAX; i++)
		buffer_format(&names, "%s%s", i ? "," : "", l->devices[i].name);
	fprintf(stderr,
		"listening on %s%s, link-type EN10MB (Ethernet), snapshot length %u bytes\n",
		names.data, l->n_devices > CAPTURE_DEVICES_MAX ? ",..." : "", l->options->snap);
	buffer_deinit(&names);
}

static int set_up(struct live *l, const struct expression *e, struct error *err)
{
	const struct engine_setup engine = { .kind = ENGINE_KERNEL };
	const struct loop_setup loop = { .duration_ns = l->options->duration_ns };
	struct error why;
	int rc = engine_enter(&engine, err);

	libbpf_set_print(NULL); /* sentences are ours */
	if (!rc)
		rc = find_devices(l, err);
	if (!rc)
		rc = loop_init(&l->loop, &loop, err);
	if (!rc)
		rc = signals_open(&l->signals, &l->loop, err);
	if (!rc)
		rc = settle_terms(l, e, err);
	if (!rc)
		rc = load_live(l, err);
	if (!rc && l->settings.owners) {
		who_capture(l->who, &l->loop, &why);
		rc = start_owners(l, e, err);
		/* A file of packets without owners is still one; a term about them is not. */
		if (rc && !e->n_owner) {
			fprintf(stderr, "skep capture: %s; packets have no owners\n", err->text);
			rc = 0;
		}
	}
	if (!rc)
		rc = load_entries(l, e, err);
	if (!rc)
		rc = ring_open(bpf_map__fd(l->bpf->maps.packets), ring_bytes(l->options), &l->ring,
			       err);
	if (!rc)
		rc = loop_add_fd(&l->loop, bpf_map__fd(l->bpf->maps.packets), on_packets, l, err);
	if (!rc && l->settings.fates)
		start_fates(l);
	if (!rc)
		rc = attach(l, err);
	/* Before its files are made: those that follow must be allowed to replace them. */
	if (!rc)
		rc = capture_become(l->options, err);
	if (!rc)
		rc = sink_open(l->options, LINKTYPE_ETHERNET, l->options->snap, &l->sink, err);
	return rc;
}

/* Packets whose fate could not be told, by cause. */
static void report_fates(const struct live *l)
{
	struct fate_counts counts = fates_counts(l->fates);

	if (counts.early)
		fprintf(stderr, "%llu verdicts not known (ring more than half full)\n",
			(unsigned long long)counts.early);
	if (counts.lost)
		fprintf(stderr, "%llu verdicts not known (place taken by another packet)\n",
			(unsigned long long)counts.lost);
}

static void report(struct live *l)
{
	struct savefile_counts counts = { 0 };
	struct account account = { 0 };
	struct error unread;
	uint64_t n = sink_packets(l->sink);

	if (account_read(bpf_map__fd(l->bpf->maps.account), &account, &unread))
		return;
	counts.received = counts.accepted = account.occurred;
	counts.dropped = account.dropped;
	sink_counts(l->sink, &counts);
	fprintf(stderr,
		"%llu packet%s captured\n%llu packet%s passed the filter\n"
		"%llu packet%s dropped (ring full)\n",
		(unsigned long long)n, n == 1 ? "" : "s", (unsigned long long)account.occurred,
		account.occurred == 1 ? "" : "s", (unsigned long long)account.dropped,
		account.dropped == 1 ? "" : "s");
	report_fates(l);
}

/* SIGUSR1: how far it is. */
static void tell(void *arg)
{
	struct live *l = arg;
	struct account account = { 0 };
	struct error unread;

	if (l->sink && account_read(bpf_map__fd(l->bpf->maps.account), &account, &unread) == 0)
		signals_tell(sink_packets(l->sink), account.occurred, account.dropped);
}

/* SIGUSR2. */
static void write_out(void *arg)
{
	struct live *l = arg;

	if (!l->failed && l->sink)
		l->failed = sink_write_out(l->sink, &l->failure);
	if (l->failed)
		loop_stop(&l->loop);
}

/* What is still in the ring, once nothing is added. */
static void drain(struct live *l)
{
	uint64_t now = loop_now_ns();

	if (l->failed || (l->options->count && sink_packets(l->sink) >= l->options->count))
		return;
	if (l->fates)
		pause_until(now, now + FATE_NS);
	now = loop_now_ns();
	while (take_records(l, now, true) == BATCH_MOST && !l->failed)
		;
}

static int capture(struct live *l, struct error *err)
{
	l->loop.idle = flush;
	l->loop.idle_arg = l;
	l->loop.chore = look_around;
	l->loop.chore_arg = l;
	announce(l);
	while (loop_wait(&l->loop))
		;
	detach(l);
	drain(l);
	report(l);
	if (l->options->count_only)
		sink_print_count(l->sink);
	if (l->failed)
		*err = l->failure;
	return l->failed;
}

static void tear_down(struct live *l)
{
	detach(l);
	hook_detach(l->made);
	for (uint32_t i = 0; i < OWNER_HOOKS_MAX; i++)
		bpf_link__destroy(l->owner_links[i]);
	for (uint32_t way = 0; way < WAYS; way++)
		if (l->entry[way] >= 0)
			close(l->entry[way]);
	fates_close(l->fates);
	ring_close(&l->ring);
	owner_bpf__destroy(l->owner);
	live_bpf__destroy(l->bpf);
	who_free(l->who);
	signals_close(&l->signals);
	loop_deinit(&l->loop);
	free(l->devices);
	free(l->frame);
}

/* What the programs are to find out, by what there is to show it. */
static void settle_wishes(struct live *l, const struct expression *e)
{
	const struct capture_options *o = l->options;
	bool in_file = o->write && o->format == SAVEFILE_PCAPNG;

	l->settings.snap = o->snap;
	l->settings.owners = o->owners || e->n_owner || o->json || in_file;
	if (!o->no_verdict && !o->count_only &&
	    (o->owners || o->json || in_file || o->line.verbose))
		l->settings.fates = fates_of_cpu();
}

int capture_live(const struct capture_options *options, const struct expression *e,
		 struct error *err)
{
	struct live *l = xcalloc(1, sizeof(*l));
	struct error second;
	int rc, close_rc = 0;

	l->options = options;
	l->entry[0] = l->entry[1] = -1;
	l->signals = (struct signals){ .fd = -1, .tell = tell, .write_out = write_out, .arg = l };
	settle_wishes(l, e);
	l->who = who_new();
	l->frame = xcalloc(1, LIVE_SNAP_MAX + TAG_BYTES);
	rc = set_up(l, e, err);
	if (!rc)
		rc = capture(l, err);
	if (l->sink)
		close_rc = sink_close(l->sink, rc ? &second : err);
	tear_down(l);
	free(l);
	return rc ? rc : close_rc;
}
