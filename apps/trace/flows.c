/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace flows: bytes and messages by flow, process, container and pod. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "tool/tool.h"
#include "trace/flows-api.bpf.h"
#include "trace/trace.h"

#include "flows.skel.h" /* last: its .rodata has types of the headers above */

enum {
	SLOT_TRIES = 100,
	QUIET_ROUNDS = 60, /* after so many intervals without traffic a flow's entry is given back */
};

struct flow {
	struct flow_key key;
	struct flow_counts total, since; /* since: this interval */
	uint32_t quiet;			 /* intervals without traffic */
	bool in_slot;			 /* a CPU has counts of it that are not in the hash */
};

struct flows {
	struct tool tool;
	struct flows_bpf *bpf;
	const struct flow_slot *slots; /* mapped */
	uint32_t n_slots;
	struct flow *table; /* by key */
	uint32_t n;
	bool top;
	uint64_t rows;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 0, "top", NULL, "a live view: clear the screen before each interval", OPTION_FLAG, offsetof(struct flows, top) },
	{ 'n', "rows", "NUMBER", "show the NUMBER greatest of each interval", OPTION_NUMBER, offsetof(struct flows, rows), 1,
	  FLOWS_MAX },
};
/* clang-format on */

const struct ability_tool trace_flows_ability = {
	.name = "trace flows",
	.does = "bytes and messages by flow and process",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON },
	.hooks = { { "tp_btf", { ABILITY_BTF, ABILITY_TP_BTF } } },
};

const struct tool_spec trace_flows_spec = {
	.ability = &trace_flows_ability,
	.command = "trace flows",
	.summary = "bytes and messages by flow, process and container",
	.about = "What processes send and receive by sockets of IPv4 and IPv6, counted as they do so: also\n"
		 "what never becomes a packet (redirected between sockets). Rows are those with traffic in\n"
		 "the interval, the greatest first. Sockets that are not connected have no remote address.\n",
	.flags = TOOL_INTERVAL,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace flows --top 1\n"
		    "  skep trace flows -d 10 -c nginx -o json\n",
};

enum {
	FIELD_PROTOCOL = FIELD_OWN,
	FIELD_LOCAL,
	FIELD_LOCAL_PORT,
	FIELD_REMOTE,
	FIELD_REMOTE_PORT,
	FIELD_SENT,
	FIELD_RECEIVED,
	FIELD_SENDS,
	FIELD_RECEIVES,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_PROTOCOL] = { "protocol", "PROTO", FIELD_STRING, -5, FIELD_LABEL, .help = "tcp, udp, ..." },
	[FIELD_LOCAL] = { "laddr", "LADDR", FIELD_IP, -15, .help = "this side's address" },
	[FIELD_LOCAL_PORT] = { "lport", "LPORT", FIELD_U64, 5, .help = "this side's port" },
	[FIELD_REMOTE] = { "raddr", "RADDR", FIELD_IP, -15, .help = "the other side's address" },
	[FIELD_REMOTE_PORT] = { "rport", "RPORT", FIELD_U64, 5, .help = "the other side's port" },
	[FIELD_SENT] = { "sent_bytes", "TX_B", FIELD_BYTES, 12, FIELD_COUNTER, "skep_flow_sent_bytes_total", "bytes sent" },
	[FIELD_RECEIVED] = { "received_bytes", "RX_B", FIELD_BYTES, 12, FIELD_COUNTER, "skep_flow_received_bytes_total",
			     "bytes received" },
	[FIELD_SENDS] = { "sends", "TX", FIELD_U64, 9, FIELD_COUNTER, "skep_flow_sends_total", "messages sent" },
	[FIELD_RECEIVES] = { "receives", "RX", FIELD_U64, 9, FIELD_COUNTER, "skep_flow_receives_total", "messages received" },
};
/* clang-format on */

static const struct output_spec output_spec = { .fields = fields, .n_fields = N_FIELDS };

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_key));
}

static int by_bytes(const void *a, const void *b)
{
	const struct flow *x = *(const struct flow *const *)a, *y = *(const struct flow *const *)b;
	uint64_t m = x->since.sent_bytes + x->since.received_bytes;
	uint64_t n = y->since.sent_bytes + y->since.received_bytes;

	if (m != n)
		return m < n ? 1 : -1;
	return by_key(x, y);
}

static void add(struct flow_counts *sum, const struct flow_counts *more)
{
	sum->sent_bytes += more->sent_bytes;
	sum->received_bytes += more->received_bytes;
	sum->sends += more->sends;
	sum->receives += more->receives;
	if (more->cgroup_id) { /* this CPU saw it; a name may be empty */
		sum->cgroup_id = more->cgroup_id;
		memcpy(sum->comm, more->comm, FLOWS_COMM_BYTES);
	}
}

static void read_hash(struct flows *f, struct flow **table, uint32_t *n)
{
	int n_cpus = libbpf_num_possible_cpus(), fd = bpf_map__fd(f->bpf->maps.flows);
	struct flow_counts *cpus = xcalloc((size_t)n_cpus, sizeof(*cpus));
	struct flow_key key, *last = NULL;

	while (bpf_map_get_next_key(fd, last, &key) == 0) {
		if (bpf_map_lookup_elem(fd, &key, cpus) == 0) {
			struct flow flow = { .key = key };

			for (int cpu = 0; cpu < n_cpus; cpu++)
				add(&flow.total, &cpus[cpu]);
			array_grow(*table, *n);
			(*table)[(*n)++] = flow;
		}
		last = &key;
	}
	free(cpus);
}

/* Whether it could be read while no CPU gave it to another flow. */
static bool read_slot(const struct flow_slot *slot, struct flow_slot *copy)
{
	for (int i = 0; i < SLOT_TRIES; i++) {
		__u32 given = __atomic_load_n(&slot->given, __ATOMIC_ACQUIRE);

		memcpy(copy, slot, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (given % 2 == 0 && __atomic_load_n(&slot->given, __ATOMIC_RELAXED) == given)
			return true;
	}
	return false;
}

/* The flow of a slot that is being given away for long is missing this once. */
static void read_slots(struct flows *f, struct flow **table, uint32_t *n)
{
	struct flow_slot slot;

	for (uint32_t i = 0; i < f->n_slots; i++) {
		if (!read_slot(&f->slots[i], &slot) || !slot.counts.cgroup_id)
			continue;
		array_grow(*table, *n);
		(*table)[(*n)++] =
			(struct flow){ .key = slot.key, .total = slot.counts, .in_slot = true };
	}
}

/* A flow may be on its way from its first slot to the hash, and in neither when they are read. */
static void recall(const struct flows *f, struct flow **table, uint32_t *n)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct flow flow = { .key = f->table[i].key };

		flow.total.cgroup_id = f->table[i].total.cgroup_id;
		memcpy(flow.total.comm, f->table[i].total.comm, FLOWS_COMM_BYTES);
		array_grow(*table, *n);
		(*table)[(*n)++] = flow;
	}
}

/* One row for each flow, in the order of keys. */
static uint32_t merge(struct flow *table, uint32_t n)
{
	uint32_t kept = 0;

	if (n)
		qsort(table, n, sizeof(*table), by_key);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && by_key(&table[kept - 1], &table[i]) == 0) {
			add(&table[kept - 1].total, &table[i].total);
			table[kept - 1].in_slot |= table[i].in_slot;
		} else {
			table[kept++] = table[i];
		}
	}
	return kept;
}

/* What went from a slot to the hash while both were read, the hash first, is missing this once. */
static uint64_t since(__u64 *total, uint64_t before)
{
	if (*total < before)
		*total = before;
	return *total - before;
}

/* Bytes alone: the message was seen before. */
static bool has_counts(const struct flow_counts *counts)
{
	return counts->sends || counts->receives || counts->sent_bytes || counts->received_bytes;
}

static void subtract(struct flow *flow, const struct flow *before)
{
	static const struct flow_counts none;
	const struct flow_counts *then = before ? &before->total : &none;

	flow->since.sent_bytes = since(&flow->total.sent_bytes, then->sent_bytes);
	flow->since.received_bytes = since(&flow->total.received_bytes, then->received_bytes);
	flow->since.sends = since(&flow->total.sends, then->sends);
	flow->since.receives = since(&flow->total.receives, then->receives);
	flow->quiet = has_counts(&flow->since) ? 0 : before ? before->quiet + 1 : 1;
}

/* Reads all flows; those long quiet lose their entry, and count from 0 should they go on. */
static void gather(struct flows *f)
{
	struct flow *table = NULL;
	uint32_t n = 0, kept = 0;

	recall(f, &table, &n);
	read_hash(f, &table, &n);
	read_slots(f, &table, &n);
	n = merge(table, n);
	for (uint32_t i = 0; i < n; i++) {
		subtract(&table[i], f->n ? bsearch(&table[i], f->table, f->n, sizeof(*table), by_key)
					 : NULL);
		if (table[i].quiet > QUIET_ROUNDS && !table[i].in_slot)
			bpf_map_delete_elem(bpf_map__fd(f->bpf->maps.flows), &table[i].key);
		else
			table[kept++] = table[i];
	}
	free(f->table);
	f->table = table;
	f->n = kept;
}

static const char *protocol_name(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	}
	return "other";
}

static struct cell address_cell(const struct flow_key *key, const uint32_t words[4])
{
	struct ip ip = { .version = key->family == AF_INET ? 4 : 6 };

	memcpy(ip.bytes, words, sizeof(ip.bytes));
	return cell_ip(ip);
}

static void show_flow(struct flows *f, const struct flow *flow, uint64_t now)
{
	const struct who_cgroup *cgroup = who_cgroup(f->tool.who, flow->total.cgroup_id);
	struct cell cells[N_FIELDS] = { 0 };

	cells[FIELD_TS] = cell_u64(now);
	cells[FIELD_PID] = cell_u64(flow->key.pid);
	cells[FIELD_COMM] = cell_text(flow->total.comm);
	cells[FIELD_CGROUP] = cell_text(*cgroup->path ? cgroup->path : NULL);
	cells[FIELD_CONTAINER] = cell_text(*cgroup->container.name ? cgroup->container.name : NULL);
	cells[FIELD_POD] = cell_text(*cgroup->container.pod ? cgroup->container.pod : NULL);
	cells[FIELD_PROTOCOL] = cell_text(protocol_name(flow->key.protocol));
	cells[FIELD_LOCAL] = address_cell(&flow->key, flow->key.local);
	cells[FIELD_LOCAL_PORT] = cell_u64(flow->key.local_port);
	if (flow->key.remote_port) {
		cells[FIELD_REMOTE] = address_cell(&flow->key, flow->key.remote);
		cells[FIELD_REMOTE_PORT] = cell_u64(ntohs(flow->key.remote_port));
	}
	cells[FIELD_SENT] = cell_u64(flow->since.sent_bytes);
	cells[FIELD_RECEIVED] = cell_u64(flow->since.received_bytes);
	cells[FIELD_SENDS] = cell_u64(flow->since.sends);
	cells[FIELD_RECEIVES] = cell_u64(flow->since.receives);
	output_row(&f->tool.output, cells);
}

static void show(struct flows *f)
{
	const struct flow **rows = xcalloc(f->n ? f->n : 1, sizeof(*rows));
	uint64_t now = loop_realtime_ns(loop_now_ns());
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		if (!f->table[i].quiet)
			rows[n++] = &f->table[i];
	qsort(rows, n, sizeof(*rows), by_bytes);
	if (f->rows && n > f->rows)
		n = (uint32_t)f->rows;
	/* Home, and clear to the end: what was there does not flicker. */
	if (f->top && f->tool.options.format == OUTPUT_COLUMNS && isatty(STDOUT_FILENO)) {
		output_line(&f->tool.output, "\033[H\033[J");
		f->tool.output.headed = false;
	}
	for (uint32_t i = 0; i < n; i++)
		show_flow(f, rows[i], now);
	if (!f->top && f->tool.options.interval_ns)
		output_line(&f->tool.output, "");
	output_flush(&f->tool.output);
	free(rows);
}

/* Messages of flows for which the hash had no room. */
static void say_lost(struct flows *f)
{
	struct account account;
	struct error err;

	if (account_read(bpf_map__fd(f->bpf->maps.account), &account, &err))
		tool_fail(&f->tool, &err);
	else if (account.dropped || f->tool.options.verbose)
		tool_note(&f->tool, "%llu messages were not counted: more than %u flows",
			  (unsigned long long)account.dropped, FLOWS_MAX);
}

static int map_slots(struct flows *f, struct error *err)
{
	void *slots = mmap(NULL, f->n_slots * sizeof(*f->slots), PROT_READ, MAP_SHARED,
			   bpf_map__fd(f->bpf->maps.slots), 0);

	if (slots == MAP_FAILED)
		return error_set(err, -errno, "cannot map what its program counts: %s", strerror(errno));
	f->slots = slots;
	return 0;
}

static int start(struct flows *f, struct error *err)
{
	int rc = tool_answer_live(&f->tool, err);

	if (rc)
		return rc;
	f->bpf = flows_bpf__open_opts(tool_open_options(&f->tool));
	if (!f->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&f->bpf->rodata->filter, &f->tool.settings, sizeof(f->tool.settings));
	f->n_slots = FLOWS_SLOTS * (uint32_t)libbpf_num_possible_cpus();
	bpf_map__set_max_entries(f->bpf->maps.slots, f->n_slots);
	rc = tool_load(&f->tool, f->bpf->obj, err);
	if (!rc)
		rc = map_slots(f, err);
	if (rc)
		return rc;
	tool_want_names(&f->tool, false);
	rc = flows_bpf__attach(f->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to tp_btf:sock_send_length: %s",
				 strerror(-rc));
	tool_say(&f->tool, "hooks: tp_btf:sock_send_length, sock_recv_length");
	return tool_watch(&f->tool, f->bpf->obj);
}

int trace_flows_main(int argc, char **argv)
{
	struct flows *f = xcalloc(1, sizeof(*f));
	struct error err;
	bool more;
	int code;

	if (tool_begin(&f->tool, &trace_flows_spec, &output_spec, f, argc, argv, &code)) {
		output_hide(&f->tool.output, FIELD_TID);
		output_hide(&f->tool.output, FIELD_UID);
		if (start(f, &err)) {
			tool_fail(&f->tool, &err);
		} else {
			do {
				more = loop_wait(&f->tool.loop);
				/* What moves between maps while they are read would be missing. */
				if (!more)
					flows_bpf__detach(f->bpf);
				gather(f);
				show(f);
			} while (more);
			say_lost(f);
		}
		flows_bpf__destroy(f->bpf);
		if (f->slots)
			munmap((void *)f->slots, f->n_slots * sizeof(*f->slots));
		free(f->table);
		code = tool_end(&f->tool);
	}
	free(f);
	return code;
}
