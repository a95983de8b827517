/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_OBJ_GET_INFO_BY_FD for maps, BTF and links; programs are in prog_info.c.
 * Source: kernel/bpf/syscall.c, bpf_map_get_info_by_fd(); kernel/bpf/btf.c, btf_get_info_by_fd().
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/macros.h"
#include "base/sha256.h"
#include "object/btf_object.h"
#include "object/link.h"
#include "object/map.h"
#include "object/prog.h"
#include "run/epoch.h"
#include "syscall/info.h"

int info_begin(struct bpf_call *call, void *info, uint32_t known, uint32_t fields_end,
	       uint32_t *bytes)
{
	uint32_t given = call->attr.info.info_len;
	int err = call_check_tail(call->caller, call->attr.info.info, fields_end, given);

	if (err)
		return err;
	*bytes = MIN(given, known);
	memset(info, 0, known);
	return copy_in(call->caller, info, call->attr.info.info, *bytes);
}

int info_end(struct bpf_call *call, const void *info, uint32_t bytes)
{
	if (copy_out(call->caller, call->attr.info.info, info, bytes))
		return -EFAULT;
	return call_write_back(call, info.info_len, bytes);
}

/* --- maps ------------------------------------------------------------------------------------- */

/* The hash of an array's contents: what its maker may compare with. */
static int map_hash(struct bpf_call *call, struct map *map, const struct bpf_map_info *in)
{
	uint8_t digest[SHA256_BYTES];
	struct sha256 sha;
	uint32_t first = 0;
	void *values;

	if (!in->hash)
		return in->hash_size ? -EINVAL : 0;
	if (map->type != BPF_MAP_TYPE_ARRAY || in->hash_size != SHA256_BYTES)
		return -EINVAL;
	run_enter(call->engine);
	values = map->ops->lookup(map, &first);
	sha256_init(&sha);
	sha256_add(&sha, values, round_up_u64(map->value_size, 8) * map->max_entries);
	sha256_finish(&sha, digest);
	run_exit(call->engine);
	return copy_out(call->caller, in->hash, digest, sizeof(digest));
}

static int map_info(struct bpf_call *call, struct map *map)
{
	struct bpf_map_info info, in;
	uint32_t bytes;
	int err = info_begin(call, &in, sizeof(in), sizeof(in), &bytes);

	if (err)
		return err;
	info = in; /* what is not set, such as the BTF of a map without, stays as the client had it */
	info.type = map->type;
	info.id = map->obj.id;
	info.key_size = map->key_size;
	info.value_size = map->value_size;
	info.max_entries = map->max_entries;
	info.map_flags = map->flags;
	info.map_extra = map->extra;
	memcpy(info.name, map->name, sizeof(info.name));
	if (map->btf) {
		info.btf_id = map->btf->obj.id;
		info.btf_key_type_id = map->btf_key_type_id;
		info.btf_value_type_id = map->btf_value_type_id;
	}
	info.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
	err = map_hash(call, map, &in);
	return err ? err : info_end(call, &info, bytes);
}

/* --- BTF -------------------------------------------------------------------------------------- */

/* The name, cut to the client's room: 0, -ENOSPC when it was cut, or -EFAULT. */
static int put_name(struct bpf_call *call, const char *name, uint64_t to, uint32_t room)
{
	uint32_t bytes = (uint32_t)strlen(name) + 1;

	if (room >= bytes)
		return copy_out(call->caller, to, name, bytes);
	if (copy_out(call->caller, to, name, room - 1) ||
	    copy_out(call->caller, to + room - 1, "", 1))
		return -EFAULT;
	return -ENOSPC;
}

static int btf_info(struct bpf_call *call, const struct btf_object *btf)
{
	struct bpf_btf_info info;
	/* Unlike the others, it looks at nothing behind what it knows. */
	uint32_t bytes = MIN(call->attr.info.info_len, (uint32_t)sizeof(info));
	uint32_t name_room;
	int ret = 0;

	memset(&info, 0, sizeof(info));
	if (copy_in(call->caller, &info, call->attr.info.info, bytes))
		return -EFAULT;
	if (copy_out(call->caller, info.btf, btf->data, MIN(btf->data_bytes, info.btf_size)))
		return -EFAULT;
	name_room = info.name_len;
	if (!info.name != !name_room)
		return -EINVAL;
	info.id = btf->obj.id;
	info.btf_size = btf->data_bytes;
	info.kernel_btf = btf->kernel;
	info.name_len = (uint32_t)strlen(btf->name);
	if (info.name)
		ret = put_name(call, btf->name, info.name, name_room);
	if (ret == -EFAULT || info_end(call, &info, bytes))
		return -EFAULT;
	return ret;
}

/* --- links ------------------------------------------------------------------------------------ */

/*
 * A raw tracepoint's name goes to the client's buffer; the link's fill_info leaves our address in
 * tp_name and its length in tp_name_len. Source: bpf_raw_tp_link_fill_link_info.
 */
static int put_tp_name(struct bpf_call *call, struct bpf_link_info *info, uint64_t to,
		       uint32_t room)
{
	const char *name = (const char *)(uintptr_t)info->raw_tracepoint.tp_name;
	int err = 0;

	info->raw_tracepoint.tp_name = to;
	info->raw_tracepoint.tp_name_len = name ? (uint32_t)strlen(name) + 1 : 0;
	if (!to != !room)
		return -EINVAL;
	if (to && name)
		err = put_name(call, name, to, room);
	return err;
}

static int link_info(struct bpf_call *call, const struct bpf_link *link)
{
	struct bpf_link_info info, in;
	const struct prog *prog;
	uint32_t bytes;
	int err = info_begin(call, &in, sizeof(in), sizeof(in), &bytes);

	if (err)
		return err;
	info = in;
	info.type = link->type;
	info.id = link->obj.id;
	run_enter(call->engine);
	prog = atomic_load_explicit(&link->prog, memory_order_acquire);
	info.prog_id = prog ? prog->obj.id : 0;
	run_exit(call->engine);
	if (link->ops->fill_info)
		link->ops->fill_info(link, &info);
	if (link->type == BPF_LINK_TYPE_RAW_TRACEPOINT)
		err = put_tp_name(call, &info, in.raw_tracepoint.tp_name,
				  in.raw_tracepoint.tp_name_len);
	if (err && err != -ENOSPC)
		return err;
	return info_end(call, &info, bytes) ? -EFAULT : err;
}

int cmd_obj_get_info_by_fd(struct bpf_call *call)
{
	struct object *obj;
	int err = call->caller->ops->fd_to_object(call->caller, (int)call->attr.info.bpf_fd, &obj,
						  NULL);

	if (err)
		return err == -EBADF ? -EBADFD : err;
	switch ((enum object_kind)obj->kind) {
	case OBJECT_MAP:
		err = map_info(call, map_of(obj));
		break;
	case OBJECT_PROG:
		err = prog_info(call, prog_of(obj));
		break;
	case OBJECT_BTF:
		err = btf_info(call, btf_object_of(obj));
		break;
	case OBJECT_LINK:
		err = link_info(call, link_of(obj));
		break;
	case OBJECT_PERF_EVENT:
	case OBJECT_STATS:
	case OBJECT_KIND_MAX:
		err = -EINVAL;
		break;
	}
	object_put(obj);
	return err;
}
