/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_LOAD: from union bpf_attr to a proven, compiled program behind an fd.
 * Source: kernel/bpf/syscall.c, bpf_prog_load(), in its order of checks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/errno.h"
#include "base/vec.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "object/btf_object.h"
#include "object/map.h"
#include "object/prog.h"
#include "object/prog_array.h"
#include "syscall/call.h"
#include "syscall/prog_object.h"
#include "syscall/refuse.h"
#include "verifier/verify.h"

#define LICENSE_BYTES_MAX 128

#define LOAD_FLAGS                                                                                 \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_TEST_STATE_FREQ | BPF_F_SLEEPABLE |  \
	 BPF_F_TEST_RND_HI32 | BPF_F_XDP_HAS_FRAGS | BPF_F_XDP_DEV_BOUND_ONLY |                    \
	 BPF_F_TEST_REG_INVARIANTS | BPF_F_TOKEN_FD)

/* --- may it be loaded? ------------------------------------------------------------------------ */

/* Capabilities beyond those for using BPF at all. Source: is_net_admin_prog_type and
 * is_perfmon_prog_type; here the type says itself. */
static int check_caps(const struct bpf_call *call, const struct prog_type_ops *ops)
{
	uint32_t type = call->attr.prog_type;

	if (type != BPF_PROG_TYPE_SOCKET_FILTER && type != BPF_PROG_TYPE_CGROUP_SKB &&
	    !call_capable(call, CAPABLE_BPF))
		return -EPERM;
	if (!ops)
		return 0;
	if ((ops->cap_needed & CAPABLE_NET_ADMIN) && !call_capable(call, CAPABLE_NET_ADMIN))
		return -EPERM;
	if ((ops->cap_needed & CAPABLE_PERFMON) && !call_capable(call, CAPABLE_PERFMON))
		return -EPERM;
	return 0;
}

static int check_attr(const struct bpf_call *call, const struct prog_type_ops *ops)
{
	const union bpf_attr *attr = &call->attr;
	uint32_t insns_max =
		call_capable(call, CAPABLE_BPF) ? PROG_INSNS_MAX : PROG_INSNS_UNPRIV_MAX;
	int err;

	if (attr->prog_flags & ~(uint32_t)LOAD_FLAGS)
		return -EINVAL;
	if (attr->prog_flags & BPF_F_TOKEN_FD)
		return refuse(call->engine, -EINVAL, "there are no BPF tokens");
	if (!attr->insn_cnt || attr->insn_cnt > insns_max)
		return -E2BIG;
	err = check_caps(call, ops);
	if (err)
		return err;
	/* Attaching at load and offload belong to types and devices there are none of. */
	if (attr->attach_prog_fd || attr->attach_btf_id)
		return refuse(call->engine, -EINVAL,
			      "program types attached at load are not implemented");
	if (attr->prog_ifindex)
		return refuse(call->engine, -EINVAL, "programs cannot be bound to devices");
	return 0;
}

static bool license_is_gpl(const char *license)
{
	static const char *const gpl[] = { "GPL",	   "GPL v2",	   "GPL and additional rights",
					   "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL" };

	for (size_t i = 0; i < ARRAY_SIZE(gpl); i++)
		if (!strcmp(license, gpl[i]))
			return true;
	return false;
}

/* --- taking the attr over --------------------------------------------------------------------- */

static int take_insns(struct bpf_call *call, struct prog *prog)
{
	size_t bytes = (size_t)call->attr.insn_cnt * sizeof(struct bpf_insn);

	if (engine_charge(call->engine, bytes))
		return -ENOMEM;
	prog->n_loaded = call->attr.insn_cnt; /* charged for: uncharged when freed */
	prog->loaded = mem_alloc(bytes);
	if (!prog->loaded)
		return -ENOMEM;
	return copy_in(call->caller, prog->loaded, call->attr.insns, bytes);
}

static int take_license(struct bpf_call *call, struct prog *prog)
{
	char license[LICENSE_BYTES_MAX] = "";
	ssize_t n = call->caller->ops->copy_str(call->caller, license, call->attr.license,
						sizeof(license));

	if (n < 0 && n != -ENAMETOOLONG)
		return -EFAULT;
	license[sizeof(license) - 1] = '\0';
	prog->gpl_compatible = license_is_gpl(license);
	return 0;
}

static int take_btf(struct bpf_call *call, struct prog *prog)
{
	int err;

	if (!call->attr.func_info_cnt && !call->attr.line_info_cnt)
		return 0;
	err = call_btf(call, (int)call->attr.prog_btf_fd, &prog->btf);
	if (err)
		return err;
	return prog->btf->kernel ? -EACCES : 0;
}

static uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int take_attr(struct bpf_call *call, const struct prog_type_ops *ops, struct prog *prog)
{
	const union bpf_attr *attr = &call->attr;
	int err;

	prog->ops = ops;
	prog->type = attr->prog_type;
	prog->attach_type = attr->expected_attach_type;
	prog->load_flags = attr->prog_flags;
	prog->sleepable = attr->prog_flags & BPF_F_SLEEPABLE;
	prog->uid = call->caller->uid;
	prog->caps = call->caller->caps;
	err = ops && ops->check_attach ? ops->check_attach(prog) : 0;
	if (!err)
		err = take_insns(call, prog);
	if (!err)
		err = take_license(call, prog);
	if (!err && (attr->signature || attr->signature_size))
		err = refuse(call->engine, -EINVAL, "there is no keyring to check signatures with");
	if (!err && !ops)
		err = refuse_prog_type(call->engine, attr->prog_type);
	if (err)
		return err;
	prog->load_ns = boottime_ns();
	err = call_name_copy(prog->name, attr->prog_name);
	if (!err)
		prog_tag(prog->loaded, prog->n_loaded, prog->tag);
	return err;
}

/* --- maps that come by fd_array alone --------------------------------------------------------- */

struct bound_maps {
	struct map *maps[PROG_USED_MAPS_MAX];
	uint32_t n;
};

static void bound_maps_deinit(struct bound_maps *bound)
{
	for (uint32_t i = 0; i < bound->n; i++)
		object_put(&bound->maps[i]->obj);
}

/* With fd_array_cnt every entry must be a map or a BTF, and the maps are held (since Linux 6.14). */
static int take_fd_array(struct bpf_call *call, struct bound_maps *bound)
{
	for (uint32_t i = 0; i < call->attr.fd_array_cnt; i++) {
		struct object *obj;
		int32_t fd;
		int err;

		if (copy_in(call->caller, &fd, call->attr.fd_array + i * sizeof(fd), sizeof(fd)))
			return -EFAULT;
		err = call_object(call, fd, OBJECT_MAP, &obj);
		if (!err && bound->n == PROG_USED_MAPS_MAX) {
			object_put(obj);
			return -E2BIG;
		}
		if (!err) {
			bound->maps[bound->n++] = map_of(obj);
			continue;
		}
		if (err != -EINVAL || call_object(call, fd, OBJECT_BTF, &obj))
			return err;
		object_put(obj);
	}
	return 0;
}

static int bind_all(struct prog *prog, const struct bound_maps *bound)
{
	int err = 0;

	for (uint32_t i = 0; i < bound->n && !err; i++)
		err = prog_bind(prog, bound->maps[i]);
	return err;
}

/* --- verification ----------------------------------------------------------------------------- */

static int cb_fd_to_map(void *arg, int fd, struct map **map)
{
	return call_map(arg, fd, map);
}

static int cb_fd_array_get(void *arg, uint32_t index, int *fd)
{
	struct bpf_call *call = arg;
	int32_t value;

	if (copy_in(call->caller, &value, call->attr.fd_array + (uint64_t)index * sizeof(value),
		    sizeof(value)))
		return -EFAULT;
	*fd = value;
	return 0;
}

static bool cb_interrupted(void *arg)
{
	struct bpf_call *call = arg;

	return call->caller->ops->interrupted(call->caller);
}

/* Where one of the attr's record arrays lies in the client. */
struct records_at {
	struct bpf_call *call;
	uint64_t addr;
};

static int cb_read_records(void *cookie, uint64_t off, void *dst, size_t n)
{
	const struct records_at *at = cookie;

	return copy_in(at->call->caller, dst, at->addr + off, n);
}

/* What verification left for the client. */
static int write_back(struct bpf_call *call, const struct verify_opts *opts)
{
	const union bpf_attr *attr = &call->attr;

	if (opts->func_info_want && call_write_back(call, func_info_rec_size, opts->func_info_want))
		return -EFAULT;
	if (opts->line_info_want && call_write_back(call, line_info_rec_size, opts->line_info_want))
		return -EFAULT;
	if (copy_out(call->caller, attr->log_buf, opts->log_text, opts->log_text_bytes))
		return -EFAULT;
	if (call->size >= offsetof(union bpf_attr, log_true_size) + sizeof(attr->log_true_size) &&
	    call_write_back(call, log_true_size, opts->log_true_size))
		return -EFAULT;
	return 0;
}

static int verify(struct bpf_call *call, struct prog *prog)
{
	const union bpf_attr *attr = &call->attr;
	struct records_at funcs = { call, attr->func_info }, lines = { call, attr->line_info };
	struct verify_opts opts = {
		.prog = prog,
		.arg = call,
		.fd_to_map = cb_fd_to_map,
		.fd_array_get = attr->fd_array ? cb_fd_array_get : NULL,
		.fd_array_given = attr->fd_array != 0,
		.interrupted = cb_interrupted,
		.func_info = { attr->func_info_cnt, attr->func_info_rec_size, cb_read_records,
			       &funcs },
		.line_info = { attr->line_info_cnt, attr->line_info_rec_size, cb_read_records,
			       &lines },
		.log_level = attr->log_level,
		.log_has_buf = attr->log_buf != 0,
		.log_size = attr->log_size,
		.bytes_max = call->engine->quota.verifier_bytes_max,
		.ns_max = call->engine->quota.verifier_ns_max,
	};
	int err, wb_err;

	err = verify_prog(&opts);
	prog->verified_insns = opts.stats.insns;
	wb_err = write_back(call, &opts);
	free(opts.log_text);
	return wb_err ? wb_err : err;
}

/* Native code, or the interpreter where there is none to be had. */
static int make_runnable(const struct engine *engine, struct prog *prog)
{
	int err = engine->jit ? jit_compile(prog) : -ENOTSUP;

	return err == -ENOTSUP ? interp_prepare(prog) : err;
}

/* Whatever a program's maps hold must be as it is: it may jump there. Source: bpf_check_tail_call. */
static int own_maps(struct prog *prog)
{
	for (uint32_t i = 0; i < prog->n_used_maps; i++) {
		struct map *map = prog->used_maps[i];

		if ((map->type == BPF_MAP_TYPE_PROG_ARRAY || map->type == BPF_MAP_TYPE_DEVMAP ||
		     map->type == BPF_MAP_TYPE_CPUMAP) &&
		    !prog_array_accepts(map, prog))
			return -EINVAL;
	}
	return 0;
}

static int load(struct bpf_call *call, const struct prog_type_ops *ops, struct prog *prog)
{
	_cleanup_(bound_maps_deinit) struct bound_maps bound = { .n = 0 };
	int err = take_attr(call, ops, prog);

	if (!err)
		err = take_btf(call, prog);
	if (!err)
		err = take_fd_array(call, &bound);
	if (!err && call->attr.core_relo_cnt)
		err = refuse(call->engine, -ENOTSUPP,
			     "CO-RE relocation at load (light skeletons) is not implemented");
	if (!err)
		err = verify(call, prog);
	if (!err)
		err = bind_all(prog, &bound);
	if (!err)
		err = make_runnable(call->engine, prog);
	if (!err)
		err = own_maps(prog);
	return err;
}

int cmd_prog_load(struct bpf_call *call)
{
	const struct prog_type_ops *ops = prog_ops_by_type(call->attr.prog_type);
	struct prog *prog;
	int err = check_attr(call, ops);

	if (err)
		return err;
	prog = prog_object_new(call->engine);
	if (!prog)
		return -ENOMEM;
	err = load(call, ops, prog);
	if (err) {
		object_put(&prog->obj);
		return err;
	}
	return call_publish(call, &prog->obj, O_RDWR);
}

int cmd_prog_bind_map(struct bpf_call *call)
{
	struct prog *prog;
	struct map *map;
	int err;

	if (call->attr.prog_bind_map.flags)
		return -EINVAL;
	err = call_prog(call, (int)call->attr.prog_bind_map.prog_fd, &prog);
	if (err)
		return err;
	err = call_map(call, (int)call->attr.prog_bind_map.map_fd, &map);
	if (!err) {
		err = prog_bind(prog, map);
		object_put(&map->obj);
	}
	object_put(&prog->obj);
	return err;
}
