/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * Reports the id and path of every cgroup as it is made, renamed or removed: one that lives shorter
 * than it takes to look it up has its name all the same. Runs only then. Where containers are followed,
 * puts their cgroups into a map at once, so that not even the first thing they do is missed: by a look
 * for the name in the path, which who/follow.c corrects when it reads the report.
 */
#include <linux/bpf.h>

#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "who/capture-api.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct capture_wanted wanted[CAPTURE_WANTED_MAX] = {};
const volatile __u32 n_wanted = 0;
const volatile char wanted_path[CAPTURE_PATH_BYTES] = {}; /* of one cgroup; "": none */

/* The record of the events cgroup/cgroup_*; capture.c checks it against the kernel's description. */
struct cgroup_event {
	__u64 common;
	int root; /* of the hierarchy; 0: v2 */
	int level;
	__u64 id;
	__u32 path; /* low half: where it is in the record */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CAPTURE_RING_BYTES);
} cgroups SEC(".maps");

/* Where a record is put together. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_record);
} scratch SEC(".maps");

/* From the id of a cgroup to bits of wanted[]; that of struct follow, where there is one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} followed SEC(".maps");

/* Of the cgroup at wanted_path, the id of the one made last. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} made_again SEC(".maps");

/* --- whose it is ------------------------------------------------------------------------------------ */

static __always_inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Runtimes put a name behind a word of their own: "docker-<id>", "machine-<name>", "pod<uid>", "/<id>". */
static __always_inline bool ends_word(const char *path, __u32 at)
{
	char before = path[at];

	if (at > 2 && before == 'd' && path[at - 1] == 'o' && path[at - 2] == 'p')
		return true;
	return !is_digit(before) && !(before >= 'a' && before <= 'z') &&
	       !(before >= 'A' && before <= 'Z');
}

static __always_inline bool may_end(char next, bool is_id)
{
	return !next || next == '/' || next == '.' ||
	       (is_id && (is_digit(next) || (next >= 'a' && next <= 'f')));
}

struct search {
	__u32 wanted;
	__u32 bits;
};

/* Whether the wanted text stands behind this place; 1 ends the search. */
static long look_at(__u32 at, struct search *search)
{
	__u32 zero = 0, n = search->wanted;
	struct capture_record *record = bpf_map_lookup_elem(&scratch, &zero);

	if (!record || n >= CAPTURE_WANTED_MAX ||
	    at >= CAPTURE_PATH_BYTES - CAPTURE_WANTED_BYTES - 1)
		return 1;
	if (!ends_word(record->path, at))
		return 0;
	for (__u32 i = 0; i < CAPTURE_WANTED_BYTES; i++) {
		char want = wanted[n].text[i], is = record->path[at + 1 + i];

		if (!want) {
			if (!i || !may_end(is, wanted[n].is_id))
				return 0;
			search->bits |= 1u << n;
			return 1;
		}
		/* systemd has no '-' in a pod's uid. */
		if (is != want && !(is == '_' && want == '-'))
			return 0;
	}
	return 1;
}

static __always_inline void follow(__u64 id, __u32 path_bytes)
{
	struct search search = {};

	for (__u32 i = 0; i < CAPTURE_WANTED_MAX; i++) {
		if (i >= n_wanted)
			break;
		search.wanted = i;
		bpf_loop(path_bytes, look_at, &search, 0);
	}
	if (search.bits)
		bpf_map_update_elem(&followed, &id, &search.bits, BPF_ANY);
	else
		bpf_map_delete_elem(&followed, &id);
}

static __always_inline void follow_path(struct capture_record *record)
{
	__u32 zero = 0;

	if (wanted_path[0] &&
	    bpf_strncmp(record->path, CAPTURE_PATH_BYTES, (const char *)wanted_path) == 0)
		bpf_map_update_elem(&made_again, &zero, &record->id, BPF_ANY);
}

/* --- reporting -------------------------------------------------------------------------------------- */

enum what {
	COMES,
	COMES_FOLLOWED,
	GOES,
};

static __always_inline int report(struct cgroup_event *event, enum what what)
{
	__u32 zero = 0;
	struct capture_record *record = bpf_map_lookup_elem(&scratch, &zero);
	long bytes;

	if (!record || event->root)
		return 0;
	record->id = event->id;
	record->is_going = what == GOES;
	bytes = bpf_probe_read_kernel_str(record->path, sizeof(record->path),
					  (char *)event + (event->path & 0xffff));
	if (bytes <= 0 || bytes >= CAPTURE_PATH_BYTES)
		return 0;
	if (what == GOES) {
		bpf_map_delete_elem(&followed, &record->id);
	} else if (what == COMES_FOLLOWED) {
		follow(record->id, bytes);
		follow_path(record);
	}
	bpf_ringbuf_output(&cgroups, record,
			   __builtin_offsetof(struct capture_record, path) + bytes, 0);
	return 0;
}

SEC("tracepoint")
int cgroup_comes(struct cgroup_event *event)
{
	return report(event, COMES);
}

/* In its place where containers are followed, which takes Linux 5.17. */
SEC("tracepoint")
int cgroup_comes_followed(struct cgroup_event *event)
{
	return report(event, COMES_FOLLOWED);
}

SEC("tracepoint")
int cgroup_goes(struct cgroup_event *event)
{
	return report(event, GOES);
}
