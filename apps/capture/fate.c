/* SPDX-License-Identifier: BSD-2-Clause */
/* See fate.h. */
#include "capture/fate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "buffer.h"
#include "capture/live-api.bpf.h"

#include "fate.skel.h"

enum {
	ENTRIES_WANTED = 1 << 18, /* of all CPUs: more than a ring has packets */
	REASONS_MAX = 1 << 16,
	HOOKS = 2,
};

static const char reason_prefix[] = "SKB_DROP_REASON_";

struct fates {
	struct fate_bpf *bpf;
	struct bpf_link *links[HOOKS];
	const uint64_t *entries;
	uint32_t n;
	char **reasons; /* by number; NULL: it has no name */
	uint32_t n_reasons;
	struct fate_counts counts;
};

uint32_t fates_of_cpu(void)
{
	int n = libbpf_num_possible_cpus();
	uint32_t each = LIVE_FATES_MIN;

	while (n > 0 && each * 2 <= ENTRIES_WANTED / (uint32_t)n)
		each *= 2;
	return each;
}

uint32_t fates_of_all(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (uint32_t)n * fates_of_cpu() : 0;
}

/* The kernel's own names of its reasons. */
static int read_reasons(struct fates *f, struct error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	const struct btf_enum *values;
	int id = btf ? btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM) : -ENOENT;

	if (id < 0) {
		btf__free(btf);
		return error_set(err, -ENOENT, "this kernel does not say why it drops packets");
	}
	type = btf__type_by_id(btf, (uint32_t)id);
	values = btf_enum(type);
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__str_by_offset(btf, values[i].name_off);
		uint32_t number = (uint32_t)values[i].val;

		if (number >= REASONS_MAX || !name)
			continue;
		while (f->n_reasons <= number) {
			array_grow(f->reasons, f->n_reasons);
			f->reasons[f->n_reasons++] = NULL;
		}
		if (strncmp(name, reason_prefix, strlen(reason_prefix)) == 0)
			name += strlen(reason_prefix);
		if (!f->reasons[number])
			f->reasons[number] = xstrdup(name);
	}
	btf__free(btf);
	return 0;
}

static int map_entries(struct fates *f, int fates_fd, struct error *err)
{
	void *entries;

	f->n = fates_of_all();
	entries = mmap(NULL, f->n * sizeof(*f->entries), PROT_READ, MAP_SHARED, fates_fd, 0);
	if (entries == MAP_FAILED)
		return error_set(err, -errno, "cannot map the fates of packets: %s",
				 strerror(errno));
	f->entries = entries;
	return 0;
}

static int load(struct fates *f, int skbs_fd, int fates_fd, struct error *err)
{
	int rc;

	f->bpf = fate_bpf__open();
	if (!f->bpf)
		return error_set(err, -errno, "cannot open its programs: %s", strerror(errno));
	rc = bpf_map__reuse_fd(f->bpf->maps.skbs, skbs_fd);
	if (!rc)
		rc = bpf_map__reuse_fd(f->bpf->maps.fates, fates_fd);
	if (!rc)
		rc = fate_bpf__load(f->bpf);
	if (rc)
		return error_set(err, rc, "this kernel does not let drops be watched (%s)",
				 strerror(-rc));
	f->links[0] = bpf_program__attach(f->bpf->progs.consumed);
	f->links[1] = bpf_program__attach(f->bpf->progs.dropped);
	if (!f->links[0] || !f->links[1])
		return error_set(err, -errno, "cannot watch what is dropped: %s", strerror(errno));
	return 0;
}

int fates_open(int skbs_fd, int fates_fd, struct fates **out, struct error *err)
{
	struct fates *f = xcalloc(1, sizeof(*f));
	int rc = read_reasons(f, err);

	if (!rc)
		rc = map_entries(f, fates_fd, err);
	if (!rc)
		rc = load(f, skbs_fd, fates_fd, err);
	if (rc) {
		fates_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

struct fate fates_find(struct fates *f, uint32_t index, uint64_t serial, bool early)
{
	uint64_t entry, ahead;

	if (index >= f->n || !serial)
		return (struct fate){ .kind = FATE_NONE };
	entry = __atomic_load_n(&f->entries[index], __ATOMIC_RELAXED);
	ahead = ((entry >> LIVE_REASON_BITS) - serial) & LIVE_SERIAL_MASK;
	if (!ahead && (entry & LIVE_REASON_MASK) != LIVE_REASON_NONE) {
		uint32_t code = entry & LIVE_REASON_MASK;

		return (struct fate){
			.kind = FATE_DROPPED,
			.reason = code < f->n_reasons ? f->reasons[code] : NULL,
			.code = code,
		};
	}
	/* Written for another: a later packet, not one before it. */
	if (ahead <= LIVE_SERIAL_MASK / 2) {
		f->counts.lost++;
		return (struct fate){ .kind = FATE_UNKNOWN };
	}
	if (early) {
		f->counts.early++;
		return (struct fate){ .kind = FATE_UNKNOWN };
	}
	return (struct fate){ .kind = FATE_PASSED };
}

struct fate_counts fates_counts(const struct fates *f)
{
	return f ? f->counts : (struct fate_counts){ 0 };
}

void fates_close(struct fates *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < HOOKS; i++)
		bpf_link__destroy(f->links[i]);
	fate_bpf__destroy(f->bpf);
	if (f->entries)
		munmap((void *)f->entries, f->n * sizeof(*f->entries));
	for (uint32_t i = 0; i < f->n_reasons; i++)
		free(f->reasons[i]);
	free(f->reasons);
	free(f);
}
