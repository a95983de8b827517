/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over tbl/commands.h: sizes and tails of union bpf_attr, then the command.
 * Source of the rules: kernel/bpf/syscall.c, __sys_bpf() and CHECK_ATTR().
 */
#include "syscall/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hostile.h"
#include "base/macros.h"
#include "object/btf_object.h"
#include "object/link.h"
#include "object/map.h"
#include "object/prog.h"
#include "syscall/call.h"
#include "syscall/refuse.h"

#define ATTR_BYTES_MAX 4096 /* PAGE_SIZE: a longer attr is E2BIG whatever it holds */
#define TAIL_CHUNK_BYTES 256

struct command {
	int (*handler)(struct bpf_call *call);
	uint32_t last_end; /* end of the last field it reads */
};

/* clang-format off */
#define ATTR_END(field) (uint32_t)(offsetof(union bpf_attr, field) + \
				   sizeof(((union bpf_attr *)0)->field))
#define COMMAND_done(handler, last)    { cmd_##handler, ATTR_END(last) },
#define COMMAND_refused(handler, last) { NULL, 0 },
#define COMMAND_later(handler, last)   { NULL, 0 },
#define COMMAND(num, name, handler, status, last) COMMAND_##status(handler, last)
static const struct command commands[] = {
#include "tbl/commands.h"
};
/* clang-format on */

static bool all_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

int call_check_tail(struct caller *caller, uint64_t addr, size_t known, size_t given)
{
	uint8_t chunk[TAIL_CHUNK_BYTES];

	if (given > ATTR_BYTES_MAX)
		return -E2BIG;
	for (size_t at = known; at < given; at += sizeof(chunk)) {
		size_t n = MIN(sizeof(chunk), given - at);

		if (copy_in(caller, chunk, addr + at, n))
			return -EFAULT;
		if (!all_zero(chunk, n))
			return -E2BIG;
	}
	return 0;
}

/* Commands on elements and runs neither show nor need what other descriptors did: they are spared
 * the look at close events. */
static bool is_fast(int cmd)
{
	return cmd == BPF_MAP_LOOKUP_ELEM || cmd == BPF_MAP_UPDATE_ELEM ||
	       cmd == BPF_MAP_DELETE_ELEM || cmd == BPF_MAP_GET_NEXT_KEY ||
	       cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM || cmd == BPF_PROG_TEST_RUN ||
	       (cmd >= BPF_MAP_LOOKUP_BATCH && cmd <= BPF_MAP_DELETE_BATCH);
}

/*
 * One allocation of the command fails, chosen at random. Who is told -ENOMEM asks again and must find
 * nothing changed. Runs are spared: a helper's failure is the program's to see.
 */
static int run_short_of_memory(const struct command *command, const struct bpf_call *call)
{
	static _Thread_local uint64_t random = TUNE_FAIL_SEED;
	struct bpf_call first = *call, again = *call;
	bool met;
	int err;

	if (mem_fail_at || command->handler == cmd_prog_test_run)
		return command->handler(&first);
	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	mem_fail_at = 1 + (uint32_t)(random % MAX(TUNE_FAIL_ALLOCS, 1));
	err = command->handler(&first);
	met = !mem_fail_at;
	mem_fail_at = 0;
	/* ENOSPC: so does a log that was cut before it was too long */
	if (!met || (err != -ENOMEM && err != -ENOSPC))
		return err;
	engine_poll(call->engine); /* as every command begins */
	engine_take_limit();
	return command->handler(&again);
}

int syscall_bpf(struct caller *caller, int cmd, uint64_t uattr, uint32_t size)
{
	struct bpf_call call = { .caller = caller, .engine = caller->engine, .uattr = uattr };
	const struct command *command;
	int err, ret;

	err = call_check_tail(caller, uattr, sizeof(call.attr), size);
	if (err)
		return err;
	call.size = MIN(size, (uint32_t)sizeof(call.attr));
	if (copy_in(caller, &call.attr, uattr, call.size))
		return -EFAULT;
	if (cmd < 0 || (size_t)cmd >= ARRAY_SIZE(commands) || !commands[cmd].handler)
		return refuse_command(call.engine, cmd);
	command = &commands[cmd];
	if (!all_zero((uint8_t *)&call.attr + command->last_end,
		      sizeof(call.attr) - command->last_end))
		return -EINVAL;
	/* While runs are counted, whether they still are is worth a look each time. */
	if (!is_fast(cmd) || atomic_load(&call.engine->stats_enabled))
		engine_poll(call.engine);
	engine_take_limit();
	ret = TUNE_FAIL_ALLOCS ? run_short_of_memory(command, &call) : command->handler(&call);
	return ret == -ENOMEM ? refuse_for_limit(call.engine, engine_take_limit()) : ret;
}

/* --- what the commands share ------------------------------------------------------------------ */

int call_object_mode(struct bpf_call *call, int fd, enum object_kind kind, struct object **obj,
		     int *mode)
{
	struct object *found;
	int err = call->caller->ops->fd_to_object(call->caller, fd, &found, mode);

	if (err)
		return err;
	if (found->kind != kind) {
		object_put(found);
		return -EINVAL;
	}
	*obj = found;
	return 0;
}

int call_object(struct bpf_call *call, int fd, enum object_kind kind, struct object **obj)
{
	return call_object_mode(call, fd, kind, obj, NULL);
}

int call_map(struct bpf_call *call, int fd, struct map **map)
{
	struct object *obj;
	int err = call_object(call, fd, OBJECT_MAP, &obj);

	if (!err)
		*map = map_of(obj);
	return err;
}

int call_prog(struct bpf_call *call, int fd, struct prog **prog)
{
	struct object *obj;
	int err = call_object(call, fd, OBJECT_PROG, &obj);

	if (!err)
		*prog = prog_of(obj);
	return err;
}

int call_btf(struct bpf_call *call, int fd, struct btf_object **btf)
{
	struct object *obj;
	int err = call_object(call, fd, OBJECT_BTF, &obj);

	if (!err)
		*btf = btf_object_of(obj);
	return err;
}

int call_link(struct bpf_call *call, int fd, struct bpf_link **link)
{
	struct object *obj;
	int err = call_object(call, fd, OBJECT_LINK, &obj);

	if (!err)
		*link = link_of(obj);
	return err;
}

int call_publish(struct bpf_call *call, struct object *obj, int open_flags)
{
	int ret = object_publish(obj);

	if (!ret)
		ret = call->caller->ops->install_fd(call->caller, obj, open_flags);
	/* No client ever had it: what it did ends now, not when its memory goes. */
	if (ret < 0 && obj->ops->release_uref)
		obj->ops->release_uref(obj);
	object_put(obj);
	return ret;
}

int call_open_flags(uint32_t flags)
{
	if ((flags & BPF_F_RDONLY) && (flags & BPF_F_WRONLY))
		return -EINVAL;
	if (flags & BPF_F_RDONLY)
		return O_RDONLY;
	return flags & BPF_F_WRONLY ? O_WRONLY : O_RDWR;
}

static bool name_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

int call_name_copy(char dst[BPF_OBJ_NAME_LEN], const char src[BPF_OBJ_NAME_LEN])
{
	size_t n = strnlen(src, BPF_OBJ_NAME_LEN);

	if (n == BPF_OBJ_NAME_LEN)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!name_char_ok(src[i]))
			return -EINVAL;
	memset(dst, 0, BPF_OBJ_NAME_LEN);
	memcpy(dst, src, n);
	return 0;
}
