/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct bpf_call: one bpf(2) call on its way through this room. Every command is
 * int cmd_<handler>(struct bpf_call *call): what bpf(2) returns, or -errno.
 *
 * The attr is our copy: bytes the client did not give are 0, bytes behind the command's last field
 * have been checked to be 0. Whatever is read through its pointers goes through the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/caller.h"
#include "object/engine.h"
#include "object/object.h"
#include "tbl/uapi.h"

struct bpf_link;
struct btf_object;
struct map;
struct prog;

struct bpf_call {
	struct caller *caller;
	struct engine *engine; /* caller->engine */
	union bpf_attr attr;
	uint64_t uattr; /* the client's attr, for what is written back */
	uint32_t size;  /* bytes of it the client gave; at most what we know */
};

/* clang-format off */
#define COMMAND_done(handler)    int cmd_##handler(struct bpf_call *call);
#define COMMAND_refused(handler)
#define COMMAND_later(handler)
#define COMMAND(num, name, handler, status, last) COMMAND_##status(handler)
#include "tbl/commands.h"
#undef COMMAND_done
#undef COMMAND_refused
#undef COMMAND_later
/* clang-format on */

/* Writes @field of @value's type back to the client's attr: 0 or -EFAULT. */
#define call_write_back(call, field, value)                                                        \
	({                                                                                         \
		__typeof__((call)->attr.field) _wb = (value);                                      \
		copy_out((call)->caller, (call)->uattr + offsetof(union bpf_attr, field), &_wb,    \
			 sizeof(_wb));                                                             \
	})

/* The call has the capability; CAP_SYS_ADMIN stands for the others. */
static inline bool call_capable(const struct bpf_call *call, enum skep_cap cap)
{
	return caps_have(call->caller->caps, cap);
}

/*
 * The object behind a client's fd, a reference taken: 0, -EBADF (not open, or of another engine),
 * -EINVAL (an object of another kind).
 */
int call_object(struct bpf_call *call, int fd, enum object_kind kind, struct object **obj);
/* The same with the mode the fd was opened in (O_RDWR, …). */
int call_object_mode(struct bpf_call *call, int fd, enum object_kind kind, struct object **obj,
		     int *mode);
int call_map(struct bpf_call *call, int fd, struct map **map);
int call_prog(struct bpf_call *call, int fd, struct prog **prog);
int call_btf(struct bpf_call *call, int fd, struct btf_object **btf);
int call_link(struct bpf_call *call, int fd, struct bpf_link **link);

/* Publishes a new object and gives the client an fd on it; consumes the reference in any case. */
int call_publish(struct bpf_call *call, struct object *obj, int open_flags);

/* BPF_F_RDONLY and BPF_F_WRONLY as an open mode; -EINVAL for both. Source: bpf_get_file_flag. */
int call_open_flags(uint32_t flags);

/* Bytes [known, given) of a client's struct are 0: 0, -E2BIG, or -EFAULT. */
int call_check_tail(struct caller *caller, uint64_t addr, size_t known, size_t given);

/* A name of BPF_OBJ_NAME_LEN bytes: letters, digits, _ and . up to a NUL: 0 or -EINVAL. */
int call_name_copy(char dst[BPF_OBJ_NAME_LEN], const char src[BPF_OBJ_NAME_LEN]);
