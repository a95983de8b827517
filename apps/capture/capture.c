/* SPDX-License-Identifier: BSD-2-Clause */
/* skep capture: what is asked for, and the actions that need no packets. */
#include "capture/capture.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bpf_program;
#define PCAP_DONT_INCLUDE_PCAP_BPF_H
#include <pcap/dlt.h>
#include <pcap/pcap.h>
#include <skep/asm.h>

#include "buffer.h"
#include "capture/devices.h"
#include "command.h"

const char capture_usage[] =
	"Usage: skep capture [OPTION...] [EXPRESSION]\n"
	"\n"
	"Captures packets with tcpdump's expressions, flags and lines, and says which process, container\n"
	"and pod sent or got them, and what became of them. With -r it reads a file and needs no privilege.\n"
	"\n"
	"EXPRESSION is one of pcap-filter(7), and may be anded with: pid N, comm NAME, container NAME,\n"
	"pod UID, cgroup PATH; each also with `not` before it. It is judged in the kernel.\n"
	"\n"
	"  -i, --interface DEV[,DEV]  capture there; any (default): every device of this namespace\n"
	"  -r FILE                    read packets from FILE; - is standard input\n"
	"  -w FILE                    write packets to FILE: pcapng, or pcap when it ends with .pcap\n"
	"      --format FORMAT        of -w: pcapng or pcap\n"
	"  -c COUNT                   stop after COUNT packets\n"
	"      --duration SECONDS     stop after that time\n"
	"      --count                only count them\n"
	"  -s, --snapshot-length N    keep at most N bytes of each (default 262144)\n"
	"  -B, --buffer-size KIB      ring between kernel and tool (default 16384)\n"
	"  -Q, --direction WAY        in, out or inout\n"
	"      --by WHAT              tc, socket, or any (default): tc where it is to be had\n"
	"      --owner                show who sent or got each packet, also without -w\n"
	"      --no-verdict           do not find out whether packets were dropped, and why\n"
	"  -F FILE                    the expression\n"
	"  -d, -dd, -ddd              show the classic BPF program of the expression: as text, C, numbers\n"
	"      --ebpf                 show the eBPF program it becomes\n"
	"  -O                         do not optimize it\n"
	"  -D                         list devices\n"
	"  -L                         list link types\n"
	"      --version              show the versions of skep and of libpcap\n"
	"\n"
	"Files: -C SIZE a new file after SIZE million bytes; -G SECONDS a new one every SECONDS, -w being\n"
	"a strftime(3) pattern; -W N at most N of them; -z COMMAND runs COMMAND FILE on each that is done;\n"
	"-U write each packet at once; -Z USER give up privileges for USER's once all is set up.\n"
	"\n"
	"Lines: -n numbers, no names; -e link-level header; -q quick; -v, -vv, -vvv more; -t none, -tt epoch,\n"
	"-ttt since last, -tttt with date, -ttttt since first; -S absolute sequence numbers; -K no checksums;\n"
	"-x, -xx, -X, -XX, -A bytes; -# numbers; -l each line at once; --nano; --print lines as well as -w;\n"
	"-o json one JSON object for each packet.\n"
	"\n"
	"SIGUSR1: say how many packets there were so far; SIGUSR2: write out the file; SIGHUP: end as Ctrl-C.\n"
	"Exit codes: 0 done, also by Ctrl-C; 2 usage or input.\n"
	"\n"
	"  skep capture -r examples/traffic.pcap -n tcp port 80\n"
	"  skep capture -i eth0 -w web.pcapng 'comm nginx and tcp port 443'\n";

const struct ability_tool capture_ability = {
	.name = "capture",
	.does = "capture packets, and say whose they are",
	.hooks = {
		{ "tcx, with owners",
		  { ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN, ABILITY_CAP_PERFMON,
		    ABILITY_RINGBUF, ABILITY_TCX, ABILITY_TP_BTF, ABILITY_CGROUP_SOCK, ABILITY_ITER } },
		{ "tc, with owners",
		  { ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN, ABILITY_CAP_PERFMON,
		    ABILITY_RINGBUF, ABILITY_TC, ABILITY_TP_BTF, ABILITY_CGROUP_SOCK, ABILITY_ITER } },
		{ "tc",
		  { ABILITY_BPF_SYSCALL, ABILITY_CAP_BPF, ABILITY_CAP_NET_ADMIN, ABILITY_RINGBUF,
		    ABILITY_TC },
		  "whose packets are" },
		{ "-r FILE", { ABILITY_NONE }, "live packets" },
	},
};

static int link_type_of(const struct capture_options *o)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int type = DLT_EN10MB;

	if (!o->read)
		return type;
	pcap = pcap_open_offline(o->read, why);
	if (pcap) {
		type = pcap_datalink(pcap);
		pcap_close(pcap);
	}
	return type;
}

static void print_ebpf(const struct bpf_insn *insns, size_t n)
{
	char *text = NULL;

	if (skep_disasm(insns, n, SKEP_DISASM_NUMBERS, &text) == 0)
		fputs(text, stdout);
	free(text);
}

/* The layout pcap_compile() has for struct bpf_insn: sock_filter's. */
char *bpf_image(const struct sock_filter *insn, int index);

static void print_classic(const struct classic *c, uint32_t form)
{
	if (form == 3)
		printf("%u\n", c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct sock_filter *f = &c->insns[i];

		if (form == 1)
			printf("%s\n", bpf_image(f, (int)i));
		else if (form == 2)
			printf("{ 0x%x, %u, %u, 0x%08x },\n", f->code, f->jt, f->jf, f->k);
		else
			printf("%u %u %u %u\n", f->code, f->jt, f->jf, f->k);
	}
}

static int show_filter(const struct capture_options *o, const struct expression *e,
		       struct error *err)
{
	const struct classic_setup setup = {
		.link_type = link_type_of(o),
		.snap = o->snap,
		.unoptimized = o->unoptimized,
		.netmask = UINT32_MAX,
	};
	struct classic classic = { 0 };
	struct bpf_insn *insns = NULL;
	const char *why = "no memory";
	size_t n, bad;
	int rc = expression_compile(e->packet, &setup, &classic, err);

	if (rc)
		return rc;
	if (o->show_form < 4) {
		print_classic(&classic, o->show_form);
	} else {
		rc = skep_classic_convert(classic.insns, classic.n, SKEP_CLASSIC_DIRECT, &insns, &n,
					  &why, &bad);
		if (rc)
			error_set(err, rc, "'%s' cannot be made a program: %s", e->packet, why);
		else
			print_ebpf(insns, n);
	}
	free(insns);
	free(classic.insns);
	return rc;
}

int capture_become(const struct capture_options *o, struct error *err)
{
	const char *name = o->user;
	const struct passwd *user = name ? getpwnam(name) : NULL;

	if (!name)
		return 0;
	if (!user)
		return error_set(err, -ENOENT, "there is no user %s (-Z)", name);
	if (initgroups(name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid))
		return error_set(err, -errno, "cannot become %s: %s", name, strerror(errno));
	return 0;
}

/* By tc where that is to be had; what only tc can do is not tried otherwise. */
static int capture_devices(const struct capture_options *o, const struct expression *e,
			   struct error *err)
{
	int rc;

	if (o->by == CAPTURE_BY_SOCKET)
		return capture_socket(o, e, err);
	rc = capture_live(o, e, err);
	if (rc != -EMEDIUMTYPE || o->by == CAPTURE_BY_TC || e->n_owner)
		return rc;
	fprintf(stderr, "skep capture: %s; doing so\n", err->text);
	return capture_socket(o, e, err);
}

static int act(const struct capture_options *o, struct error *err)
{
	struct expression e = { 0 };
	int rc = expression_parse(o->expression, &e, err);

	if (rc)
		return rc;
	if (o->action == CAPTURE_SHOW_FILTER)
		rc = show_filter(o, &e, err);
	else if (o->read)
		rc = capture_read(o, &e, err);
	else
		rc = capture_devices(o, &e, err);
	expression_deinit(&e);
	return rc;
}

int capture_main(int argc, char **argv)
{
	struct capture_options o;
	struct error err;
	int rc = capture_options_parse(argc, argv, &o, &err);

	if (rc == 1) {
		fputs(capture_usage, stdout);
		rc = 0;
	} else if (!rc && o.action == CAPTURE_LIST_DEVICES) {
		rc = devices_list(&err);
	} else if (!rc && o.action == CAPTURE_SHOW_VERSION) {
		printf("skep %s\n%s\n", SKEP_VERSION, pcap_lib_version());
	} else if (!rc && o.action == CAPTURE_LIST_LINKS) {
		puts("EN10MB (Ethernet)\nRAW (Raw IP), of devices without link-level header");
	} else if (!rc) {
		rc = act(&o, &err);
	}
	if (rc < 0)
		fprintf(stderr, "skep capture: %s\n", err.text);
	capture_options_deinit(&o);
	return rc < 0 ? EXIT_INPUT : EXIT_DONE;
}
