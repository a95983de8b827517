/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins (OBJ_PIN, OBJ_GET) and ids (*_GET_NEXT_ID, *_GET_FD_BY_ID).
 * Source: kernel/bpf/syscall.c, bpf_obj_pin() to bpf_map_get_fd_by_id(); kernel/bpf/inode.c.
 */
#include <errno.h>
#include <fcntl.h>

#include "syscall/bpf.h"
#include "syscall/call.h"
#include "syscall/refuse.h"

#define OBJ_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY)

/* --- pins ------------------------------------------------------------------------------------- */

static int pin_dirfd(const union bpf_attr *attr)
{
	return attr->file_flags & BPF_F_PATH_FD ? attr->path_fd : AT_FDCWD;
}

static bool path_fd_ok(const union bpf_attr *attr)
{
	return (attr->file_flags & BPF_F_PATH_FD) || !attr->path_fd;
}

int cmd_obj_pin(struct bpf_call *call)
{
	const union bpf_attr *attr = &call->attr;
	struct object *obj;
	int err;

	if ((attr->file_flags & ~(uint32_t)BPF_F_PATH_FD) || !path_fd_ok(attr))
		return -EINVAL;
	/* The kernel tries one kind after the other and has one error for all of them. */
	if (call->caller->ops->fd_to_object(call->caller, (int)attr->bpf_fd, &obj, NULL))
		return -EINVAL;
	if (obj->kind == OBJECT_BTF || obj->kind == OBJECT_PERF_EVENT || obj->kind == OBJECT_STATS)
		err = -EINVAL;
	else
		err = call->caller->ops->pin(call->caller, pin_dirfd(attr), attr->pathname, obj);
	object_put(obj);
	return err;
}

int cmd_obj_get(struct bpf_call *call)
{
	const union bpf_attr *attr = &call->attr;
	int open_flags = call_open_flags(attr->file_flags);
	struct object *obj;
	int ret;

	if (attr->bpf_fd || (attr->file_flags & ~(uint32_t)(OBJ_FLAGS | BPF_F_PATH_FD)) ||
	    !path_fd_ok(attr))
		return -EINVAL;
	if (open_flags < 0)
		return open_flags;
	ret = call->caller->ops->pinned(call->caller, pin_dirfd(attr), attr->pathname, &obj);
	if (ret)
		return ret;
	/* Only maps can be had for less than reading and writing; links not at all so. */
	if (obj->kind == OBJECT_LINK && open_flags != O_RDWR)
		ret = -EINVAL;
	else
		ret = call->caller->ops->install_fd(call->caller, obj,
						    obj->kind == OBJECT_MAP ? open_flags : O_RDWR);
	object_put(obj);
	return ret;
}

/* --- ids -------------------------------------------------------------------------------------- */

static int next_id(struct bpf_call *call, enum object_kind kind)
{
	uint32_t id;

	if (call->attr.start_id >= INT32_MAX)
		return -EINVAL;
	if (!call_capable(call, CAPABLE_SYS_ADMIN))
		return -EPERM;
	id = object_next_id(call->engine, kind, call->attr.start_id);
	return id ? call_write_back(call, next_id, id) : -ENOENT;
}

int cmd_prog_get_next_id(struct bpf_call *call)
{
	return next_id(call, OBJECT_PROG);
}

int cmd_map_get_next_id(struct bpf_call *call)
{
	return next_id(call, OBJECT_MAP);
}

int cmd_btf_get_next_id(struct bpf_call *call)
{
	struct btf_object *base;
	int err = engine_base_btf_load(call->engine, &base); /* it is listed as the kernel's is */

	return err ? err : next_id(call, OBJECT_BTF);
}

int cmd_link_get_next_id(struct bpf_call *call)
{
	return next_id(call, OBJECT_LINK);
}

static int fd_by_id(struct bpf_call *call, enum object_kind kind, int open_flags)
{
	struct object *obj;
	int fd;

	if (!call_capable(call, CAPABLE_SYS_ADMIN))
		return -EPERM;
	if (open_flags < 0)
		return open_flags;
	obj = object_by_id(call->engine, kind, call->attr.start_id);
	if (!obj)
		return -ENOENT;
	fd = call->caller->ops->install_fd(call->caller, obj, open_flags);
	object_put(obj);
	return fd;
}

int cmd_prog_get_fd_by_id(struct bpf_call *call)
{
	return fd_by_id(call, OBJECT_PROG, O_RDWR);
}

int cmd_map_get_fd_by_id(struct bpf_call *call)
{
	if (call->attr.open_flags & ~(uint32_t)OBJ_FLAGS)
		return -EINVAL;
	return fd_by_id(call, OBJECT_MAP, call_open_flags(call->attr.open_flags));
}

int cmd_btf_get_fd_by_id(struct bpf_call *call)
{
	if (call->attr.open_flags & ~(uint32_t)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (call->attr.open_flags & BPF_F_TOKEN_FD)
		return refuse(call->engine, -EINVAL, "there are no BPF tokens");
	return fd_by_id(call, OBJECT_BTF, O_RDWR);
}

int cmd_link_get_fd_by_id(struct bpf_call *call)
{
	return fd_by_id(call, OBJECT_LINK, O_RDWR);
}
