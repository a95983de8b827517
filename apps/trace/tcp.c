/* SPDX-License-Identifier: BSD-2-Clause */
/* skep trace tcp: TCP connections, who has them, what they carried and how long they lasted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/libbpf.h>

#include "tool/fields.h"
#include "trace/feed.h"
#include "trace/tcp-api.bpf.h"
#include "trace/tcp_listeners.h"
#include "trace/trace.h"

#include "tcp.skel.h" /* last: its .rodata has types of the headers above */

#define RING_KIB 512

struct tcp {
	struct tool tool;
	struct feed feed;
	struct tcp_bpf *bpf;
	uint64_t ring_kib;
	bool all;
};

/* clang-format off */
static const struct tool_option options[] = {
	{ 'a', "all", NULL, "connections as they are established, too", OPTION_FLAG, offsetof(struct tcp, all) },
	FEED_OPTIONS(struct tcp, ring_kib, feed.rows_max),
};
/* clang-format on */

const struct ability_tool trace_tcp_ability = {
	.name = "trace tcp",
	.does = "TCP connections with bytes, round-trip time and duration",
	.needs = { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_PERFMON, ABILITY_RINGBUF },
	.hooks = { { "raw_tp", { ABILITY_BTF, ABILITY_RAW_TP, ABILITY_PROBE_READ } } },
};

const struct tool_spec trace_tcp_spec = {
	.ability = &trace_tcp_ability,
	.command = "trace tcp",
	.summary = "TCP connections with bytes, round-trip time and duration",
	.about = "One row for each connection that ends (close) or is not established (fail); with -a also\n"
		 "as it is established, from here (connect) or from there (accept). The process is the one\n"
		 "that called connect, listens at the port, or closed the connection; one that none of\n"
		 "these tells is shown without. Durations of connections that were there before\n"
		 "the tool are not known.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.examples = "  skep trace tcp -T\n"
		    "  skep trace tcp -a -p 1234\n"
		    "  skep trace tcp --netns 1234 -o json\n",
};

enum {
	FIELD_EVENT = FIELD_OWN,
	FIELD_DIRECTION,
	FIELD_LOCAL,
	FIELD_LOCAL_PORT,
	FIELD_REMOTE,
	FIELD_REMOTE_PORT,
	FIELD_SENT,
	FIELD_RECEIVED,
	FIELD_RTT,
	FIELD_CONNECT,
	FIELD_DURATION,
	N_FIELDS
};

/* clang-format off */
static const struct field fields[N_FIELDS] = {
	FIELDS_COMMON,
	[FIELD_EVENT] = { "event", "EVENT", FIELD_STRING, -7, FIELD_LABEL, .help = "connect, accept, fail, close" },
	[FIELD_DIRECTION] = { "direction", NULL, FIELD_STRING, -3, FIELD_LABEL, .help = "out or in" },
	[FIELD_LOCAL] = { "laddr", "LADDR", FIELD_IP, -15, .help = "this side's address" },
	[FIELD_LOCAL_PORT] = { "lport", "LPORT", FIELD_U64, 5, .help = "this side's port" },
	[FIELD_REMOTE] = { "raddr", "RADDR", FIELD_IP, -15, .help = "the other side's address" },
	[FIELD_REMOTE_PORT] = { "rport", "RPORT", FIELD_U64, 5, .help = "the other side's port" },
	[FIELD_SENT] = { "sent_bytes", "TX_B", FIELD_BYTES, 10, FIELD_COUNTER, "skep_tcp_sent_bytes_total",
			 "bytes sent and acknowledged" },
	[FIELD_RECEIVED] = { "received_bytes", "RX_B", FIELD_BYTES, 10, FIELD_COUNTER,
			     "skep_tcp_received_bytes_total", "bytes received" },
	[FIELD_RTT] = { "rtt_ns", "RTT(us)", FIELD_DURATION_NS, 8, .help = "round-trip time, smoothed", .unit_ns = 1000 },
	[FIELD_CONNECT] = { "connect_ns", "CONN(us)", FIELD_DURATION_NS, 9,
			    .help = "from connect until it was established, or failed", .unit_ns = 1000 },
	[FIELD_DURATION] = { "duration_ns", "MS", FIELD_DURATION_NS, 12, FIELD_COUNTER,
			     "skep_tcp_connection_seconds_total", "how long connections lasted", 1000000 },
};
/* clang-format on */

static const struct output_spec output_spec = {
	.fields = fields,
	.n_fields = N_FIELDS,
	.rows_metric = "skep_tcp_events_total",
	.rows_help = "connections that ended, failed or (with -a) were established",
};

static struct ip ip_of(const struct tcp_record *record, const uint8_t bytes[16])
{
	struct ip ip = { .version = record->family == AF_INET ? 4 : 6 };

	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	return ip;
}

static void address_cells(const struct tcp_record *record, struct cell *cells)
{
	cells[FIELD_LOCAL] = cell_ip(ip_of(record, record->local));
	cells[FIELD_LOCAL_PORT] = cell_u64(record->local_port);
	cells[FIELD_REMOTE] = cell_ip(ip_of(record, record->remote));
	cells[FIELD_REMOTE_PORT] = cell_u64(record->remote_port);
}

/* Nobody is known to own it: what tool_cells() made of an empty head goes. */
static void forget_owner(struct cell *cells)
{
	for (int i = FIELD_PID; i < FIELD_OWN; i++)
		cells[i] = (struct cell){ 0 };
}

static int take_record(void *arg, void *data, size_t bytes)
{
	static const char *const events[] = { "connect", "accept", "fail", "close" };
	static const char *const directions[] = { NULL, "out", "in" };
	const struct tcp_record *record = data;
	struct cell cells[N_FIELDS] = { 0 };
	struct tcp *t = arg;

	if (!feed_wants_more(&t->feed) || bytes < sizeof(*record) ||
	    record->event > TCP_EVENT_CLOSE || record->direction > TCP_INBOUND)
		return 0;
	tool_cells(&t->tool, &record->head, cells);
	if (!record->owned)
		forget_owner(cells);
	cells[FIELD_EVENT] = cell_text(events[record->event]);
	cells[FIELD_DIRECTION] = cell_text(directions[record->direction]);
	address_cells(record, cells);
	if (record->event == TCP_EVENT_CLOSE) {
		cells[FIELD_SENT] = cell_u64(record->sent_bytes);
		cells[FIELD_RECEIVED] = cell_u64(record->received_bytes);
	}
	if (record->rtt_us)
		cells[FIELD_RTT] = cell_u64(record->rtt_us * 1000ull);
	if (record->connect_ns)
		cells[FIELD_CONNECT] = cell_u64(record->connect_ns);
	if (record->duration_ns)
		cells[FIELD_DURATION] = cell_u64(record->duration_ns);
	output_row(&t->tool.output, cells);
	return feed_shown(&t->feed);
}

static int start(struct tcp *t, struct error *err)
{
	uint32_t found;
	int rc;

	t->bpf = tcp_bpf__open_opts(tool_open_options(&t->tool));
	if (!t->bpf)
		return error_set(err, -errno, "cannot open its program: %s", strerror(errno));
	memcpy((void *)&t->bpf->rodata->filter, &t->tool.settings, sizeof(t->tool.settings));
	t->bpf->rodata->all_events = t->all;
	feed_open(&t->feed, &t->tool, t->bpf->obj, t->ring_kib);
	rc = tool_load(&t->tool, t->bpf->obj, err);
	if (rc)
		return rc;
	tool_want_names(&t->tool, false);
	rc = feed_listen(&t->feed, take_record, t, err);
	if (rc)
		return rc;
	rc = tcp_bpf__attach(t->bpf);
	if (rc)
		return error_set(err, rc, "cannot attach to raw_tp:inet_sock_set_state: %s",
				 strerror(-rc));
	tool_say(&t->tool, "hook: raw_tp:inet_sock_set_state");
	found = tcp_listeners_seed(bpf_map__fd(t->bpf->maps.listeners), &t->tool.settings,
				   t->tool.options.filter.container);
	tool_say(&t->tool, "%u listeners that were there before", found);
	return tool_watch(&t->tool, t->bpf->obj);
}

static void detach(void *arg)
{
	tcp_bpf__detach(((struct tcp *)arg)->bpf);
}

int trace_tcp_main(int argc, char **argv)
{
	struct tcp *t = xcalloc(1, sizeof(*t));
	struct error err;
	int code;

	t->ring_kib = RING_KIB;
	if (tool_begin(&t->tool, &trace_tcp_spec, &output_spec, t, argc, argv, &code)) {
		if (start(t, &err))
			tool_fail(&t->tool, &err);
		else
			feed_run(&t->feed, detach, t);
		feed_close(&t->feed);
		tcp_bpf__destroy(t->bpf);
		code = tool_end(&t->tool);
	}
	free(t);
	return code;
}
