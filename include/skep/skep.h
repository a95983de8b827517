/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep: eBPF behind bpf(2), in your own process.
 *
 * An engine is one independent world of maps, programs, BTF and links. skep_bpf() is bpf(2) on it;
 * an unmodified libbpf uses an installed engine when the program is linked with
 * -Wl,--wrap=syscall,--wrap=epoll_ctl,--wrap=ioctl,--wrap=statfs,--wrap=statfs64,--wrap=setrlimit,
 * --wrap=setrlimit64 and libskep-wrap.a. Descriptors are real descriptors of this process (memfds):
 * close, dup, fork, SCM_RIGHTS and mmap work as with the kernel's.
 *
 * Functions return 0 (or what they say) or -errno. Any thread may call any function; an engine is
 * freed when no call and no run is going on in it. The library has no thread of its own but one per
 * engine that fires timers, started with the first bpf_timer_init(); a host with a clock fires them itself.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"
#include "skep/host.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_engine;

/* What programs and callers of an engine may do; numbers are skep's own. */
enum skep_capability {
	SKEP_CAP_BPF = 1u << 0,
	SKEP_CAP_PERFMON = 1u << 1,
	SKEP_CAP_NET_ADMIN = 1u << 2,
	SKEP_CAP_SYS_ADMIN = 1u << 3, /* ids; stands for the others */
	SKEP_CAP_ALL = 0xf,
};

enum skep_flag {
	SKEP_INTERPRET = 1u << 0,    /* never compile to native code */
	SKEP_UNPRIVILEGED = 1u << 1, /* caps 0 means none, not the default */
	SKEP_COPY_BY_KERNEL = 1u << 2, /* reach attrs and buffers by system calls: slower, and needs no
					  handler of SIGSEGV (for hosts whose own does not chain) */
};

/* A zeroed struct with its size set is the default engine. */
struct skep_opts {
	size_t size;             /* sizeof(struct skep_opts): later versions append */
	uint32_t flags;          /* enum skep_flag */
	uint32_t caps;           /* enum skep_capability; 0: all of them */
	uint32_t n_cpus;         /* CPU slots; 0: the machine's possible CPUs */
	uint32_t objects_max;    /* 0: 65536 */
	uint64_t bytes_max;      /* of maps, BTF and programs; 0: the machine's memory */
	const char *base_btf;    /* file with the BTF called "vmlinux"; NULL: the machine's, or a
				    small one of skep's where there is none */
	const struct skep_host *host; /* NULL: the default host; must outlive the engine */
	void *host_arg;          /* of the host's functions and of refused */
	/*
	 * NULL, or called on the refusing thread with one sentence each time something is refused
	 * that Linux has and skep has not. libbpf's probes cause some: they are no errors.
	 */
	void (*refused)(void *host_arg, int err, const char *why);
};

/* Needs /proc and memfds: -ENOENT, -EMFILE, … where they are not to be had. opts may be NULL. */
SKEP_API int skep_engine_new(const struct skep_opts *opts, struct skep_engine **engine);

/* Ends it: links are detached, objects freed though clients still have descriptors. */
SKEP_API void skep_engine_free(struct skep_engine *engine);

/* bpf(2): what the system call would return, or -errno. attr is a union bpf_attr of size bytes. */
SKEP_API int skep_bpf(struct skep_engine *engine, int cmd, void *attr, unsigned int size);

/* The last such sentence of the calling thread, "" before the first. Valid until its next call. */
SKEP_API const char *skep_engine_error(const struct skep_engine *engine);

/*
 * From now on bpf(2) of this process (through the wrapped or preloaded symbols) goes to @engine;
 * NULL: to the kernel. Choose before the first call of libbpf, which remembers what it has found
 * out about "the kernel". -EBUSY: another one is installed.
 */
SKEP_API int skep_engine_install(struct skep_engine *engine);
SKEP_API struct skep_engine *skep_engine_installed(void);

/*
 * Readable when a descriptor of the engine has been closed somewhere: then skep_engine_poll() drops
 * what it kept alive. Every skep_bpf() does so too; only prompt detaching of links needs it. -1:
 * the process has no inotify left.
 */
SKEP_API int skep_engine_fd(const struct skep_engine *engine);
SKEP_API void skep_engine_poll(struct skep_engine *engine);

/* BPF_OBJ_PIN may make pins beneath this existing directory, and statfs(2) calls it bpffs. */
SKEP_API int skep_pin_dir_add(struct skep_engine *engine, const char *path);

/* The eventfd to poll (edge-triggered) in place of a map's descriptor; -EINVAL: it has none. */
SKEP_API int skep_map_event_fd(struct skep_engine *engine, int map_fd);

/* --- timers of programs (bpf_timer_start) ------------------------------------------------------ */

/*
 * Where the host has a clock_ns, timers fire when it says so, in its time: skep_timers_next() gives the
 * time (of SKEP_CLOCK_MONOTONIC, in ns) the next one is due at, 0, or -ENOENT: none is armed.
 * skep_timers_run() fires those due by now, on the calling thread, one after another, each once (what
 * they arm waits for the next call); how many, or -EBUSY: from inside a run.
 */
SKEP_API int skep_timers_next(struct skep_engine *engine, uint64_t *ns);
SKEP_API int skep_timers_run(struct skep_engine *engine);

/* --- running a program on one input ----------------------------------------------------------- */

enum skep_run_flag {
	SKEP_RUN_HOOK = 1u << 0, /* frame as the real hook does; else as BPF_PROG_TEST_RUN does */
};

struct skep_run {
	size_t size;          /* sizeof(struct skep_run) */
	const void *data;     /* packet from its first header; NULL: none */
	uint32_t data_bytes;
	uint32_t wire_bytes;  /* SKEP_RUN_HOOK: length before a capture cut it, programs'
				 __sk_buff.wire_len; 0: data_bytes */
	const void *ctx;      /* struct xdp_md, __sk_buff, arguments, …; NULL: none */
	uint32_t ctx_bytes;
	uint32_t ifindex;     /* device it comes in by; 0: the type's default */
	uint32_t flags;       /* enum skep_run_flag */
	uint32_t repeat;      /* 0: once */
	/* out */
	uint64_t retval;      /* R0 */
	uint64_t ns;          /* all repeats together, the program alone */
	void *data_out;       /* buffer of data_out_room bytes, or NULL */
	uint32_t data_out_room;
	uint32_t data_out_bytes; /* what there was, also beyond the room */
	void *ctx_out;
	uint32_t ctx_out_room;
	uint32_t ctx_out_bytes;
};

/*
 * 0; -EBADF, -EINVAL (no program; an input its type cannot take), -ENOTSUP (the type cannot be run
 * so), -EINTR (a signal between repeats), -ENOMEM.
 */
SKEP_API int skep_prog_run(struct skep_engine *engine, int prog_fd, struct skep_run *run);

#ifdef __cplusplus
}
#endif

#endif
