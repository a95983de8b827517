/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/call.h"

#include <errno.h>
#include <string.h>

#include "base/errno.h"
#include "btf/fields.h"
#include "isa/disasm.h"
#include "object/engine.h"
#include "verifier/backtrack.h"
#include "verifier/dynptr.h"
#include "verifier/env.h"
#include "verifier/func.h"
#include "verifier/mem.h"
#include "verifier/print.h"
#include "verifier/regs.h"
#include "verifier/state.h"

#define MAX_ERRNO 4095

const char *func_id_name(int32_t id)
{
	return isa_helper_name(id);
}

/* --- may it be called at all? ------------------------------------------------------------------------ */

static int find_proto(struct verifier_env *env, int32_t id, const struct helper_proto **fn)
{
	const char *why;

	if (id < 0 || id >= __BPF_FUNC_MAX_ID)
		return reject(env, -EINVAL, "invalid func %s#%d\n", func_id_name(id), id);
	*fn = env->ops->get_func_proto(id, env->prog);
	if (*fn && (*fn)->func)
		return 0;
	verbose(env, "program of this type cannot use helper %s#%d\n", func_id_name(id), id);
	why = helper_refusal(id);
	if (why)
		verbose(env, "helper %s is not supported by this engine: %s\n", func_id_name(id),
			why);
	return -EINVAL;
}

static int check_allowed(struct verifier_env *env, const struct helper_proto *fn)
{
	if (fn->gpl_only && !env->prog->gpl_compatible)
		return reject(env, -EINVAL,
			      "cannot call GPL-restricted function from non-GPL compatible program\n");
	if (fn->allowed && !fn->allowed(env->prog))
		return reject(env, -EINVAL, "helper call is not allowed in probe\n");
	if (fn->might_sleep && !env->cur_state->in_sleepable)
		return reject(env, -EINVAL, "helper call might sleep in a non-sleepable prog\n");
	if (fn->pkt_changes && fn->arg_type[0] != ARG_PTR_TO_CTX)
		return reject(env, -EINVAL,
			      "kernel subsystem misconfigured func %s#%u: r1 != ctx\n", fn->name,
			      fn->id);
	return 0;
}

/* --- what fixups want to know ------------------------------------------------------------------------ */

static bool func_has_map(uint32_t id)
{
	switch (id) {
	case BPF_FUNC_tail_call:
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_map_push_elem:
	case BPF_FUNC_map_pop_elem:
	case BPF_FUNC_map_peek_elem:
	case BPF_FUNC_for_each_map_elem:
	case BPF_FUNC_redirect_map:
	case BPF_FUNC_map_lookup_percpu_elem:
		return true;
	default:
		return false;
	}
}

static bool func_writes_map(uint32_t id)
{
	return id == BPF_FUNC_map_delete_elem || id == BPF_FUNC_map_update_elem ||
	       id == BPF_FUNC_map_push_elem || id == BPF_FUNC_map_pop_elem;
}

static int note_map(struct verifier_env *env, const struct call_meta *meta)
{
	struct insn_aux *aux = &env->aux[env->insn_idx];

	if (!func_has_map(meta->fn->id))
		return 0;
	if (!meta->map)
		return reject(env, -EFAULT, "verifier bug: expected map for helper call\n");
	if (meta->map->flags & BPF_F_RDONLY_PROG && func_writes_map(meta->fn->id))
		return reject(env, -EACCES, "write into map forbidden\n");
	if (aux->map_state == AUX_UNSET) {
		aux->map_state = AUX_SET;
		aux->map_ptr = meta->map;
	} else if (aux->map_ptr != meta->map) {
		aux->map_state = AUX_POISON;
	}
	return 0;
}

/* A tail call whose index is known jumps directly. */
static int note_tail_call_key(struct verifier_env *env, const struct call_meta *meta)
{
	struct insn_aux *aux = &env->aux[env->insn_idx];
	const struct reg_state *reg = &cur_regs(env)[BPF_REG_3];
	int err;

	if (meta->fn->id != BPF_FUNC_tail_call)
		return 0;
	if (!meta->map || meta->map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return reject(env, -EINVAL, "expected prog array map for tail call");
	if (reg->type != SCALAR_VALUE || !scalar_is_const(&reg->s) ||
	    reg->s.var_off.value >= meta->map->max_entries) {
		aux->key_state = AUX_POISON;
		return 0;
	}
	err = precise_mark_reg(env, BPF_REG_3);
	if (err)
		return err;
	if (aux->key_state == AUX_UNSET) {
		aux->key_state = AUX_SET;
		aux->map_key = reg->s.var_off.value;
	} else if (aux->key_state == AUX_SET && aux->map_key != reg->s.var_off.value) {
		aux->key_state = AUX_POISON;
	}
	return 0;
}

/* --- what it does to the state -------------------------------------------------------------------------- */

static void drop_pkt(struct verifier_env *env, struct reg_state *reg, void *arg)
{
	(void)arg;
	if (reg->type == PTR_TO_PACKET || reg->type == PTR_TO_PACKET_META ||
	    reg->type == PTR_TO_PACKET_END)
		reg_invalidate(env, reg);
}

void call_drop_pkt_pointers(struct verifier_env *env)
{
	state_for_each_reg(env, env->cur_state, drop_pkt, NULL);
}

static int release(struct verifier_env *env, struct call_meta *meta)
{
	int err = -EINVAL;

	if (!meta->release_regno)
		return 0;
	if (arg_is_dynptr(meta->fn->arg_type[meta->release_regno - BPF_REG_1])) {
		err = dynptr_release(env, meta->release_regno);
	} else if (meta->ref_obj_id) {
		err = ref_release(env, meta->ref_obj_id);
	} else if (reg_is_null(&cur_regs(env)[meta->release_regno])) {
		err = 0;
	}
	if (err)
		return reject(env, err, "func %s#%u reference has not been acquired before\n",
			      func_id_name(meta->fn->id), meta->fn->id);
	return 0;
}

/* Bytes a helper fills are data from here on. */
static int mark_raw_bytes(struct verifier_env *env, const struct call_meta *meta)
{
	struct mem_access a = { .regno = meta->regno,
				.bpf_size = BPF_B,
				.type = BPF_WRITE,
				.value_regno = -1 };
	int err;

	for (a.off = 0; a.off < meta->access_size; a.off++) {
		err = mem_check(env, &a);
		if (err)
			return err;
	}
	return 0;
}

static int check_tail_call(struct verifier_env *env)
{
	return func_check_leaks(env, true, "tail_call");
}

static int check_snprintf(struct verifier_env *env)
{
	const struct reg_state *fmt = &cur_regs(env)[BPF_REG_3];
	const struct reg_state *len = &cur_regs(env)[BPF_REG_5];
	uint64_t addr;
	int err;

	if (len->s.var_off.value % 8 || !scalar_is_const(&len->s))
		return -EINVAL;
	err = fmt->map->ops->direct_value_addr(fmt->map, &addr,
					       fmt->off + (uint32_t)fmt->s.var_off.value);
	if (err)
		return reject(env, -EFAULT, "failed to retrieve map value address\n");
	err = fmt_check((const char *)(uintptr_t)addr, (uint32_t)(len->s.var_off.value / 8));
	return err ? reject(env, err, "Invalid format string\n") : 0;
}

static bool loop_flags_zero(struct verifier_env *env)
{
	bool zero = reg_is_null(&cur_regs(env)[BPF_REG_4]);

	if (zero)
		precise_mark_reg(env, BPF_REG_4);
	return zero;
}

static void note_loop(struct verifier_env *env, uint32_t subprogno)
{
	struct insn_aux *aux = &env->aux[env->insn_idx];

	if (!aux->loop_inline.initialized) {
		aux->loop_inline.initialized = true;
		aux->loop_inline.fit_for_inline = loop_flags_zero(env);
		aux->loop_inline.callback_subprogno = subprogno;
	} else if (aux->loop_inline.fit_for_inline) {
		aux->loop_inline.fit_for_inline =
			loop_flags_zero(env) && aux->loop_inline.callback_subprogno == subprogno;
	}
}

static int check_loop(struct verifier_env *env, const struct call_meta *meta)
{
	int err;

	note_loop(env, meta->subprogno);
	err = precise_mark_reg(env, BPF_REG_1);
	if (err)
		return err;
	if (cur_func(env)->callback_depth < cur_regs(env)[BPF_REG_1].s.umax)
		return callback_push(env, meta);
	cur_func(env)->callback_depth = 0;
	if (verbose2(env))
		verbose(env, "frame%u bpf_loop iteration limit reached\n",
			env->cur_state->curframe);
	return 0;
}

/* Only map values: nothing else stays where it is for as long as a dynptr may live. */
static int check_dynptr_from_mem(struct verifier_env *env)
{
	const struct reg_state *data = &cur_regs(env)[BPF_REG_1];

	if (data->type != PTR_TO_MAP_VALUE)
		return reject(env, -EACCES,
			      "Unsupported reg type %s for bpf_dynptr_from_mem data\n",
			      reg_type_str(env, data->type));
	return 0;
}

static int check_special(struct verifier_env *env, struct call_meta *meta)
{
	switch (meta->fn->id) {
	case BPF_FUNC_tail_call:
		return check_tail_call(env);
	case BPF_FUNC_for_each_map_elem:
	case BPF_FUNC_user_ringbuf_drain:
		return callback_push(env, meta);
	case BPF_FUNC_dynptr_from_mem:
		return check_dynptr_from_mem(env);
	case BPF_FUNC_dynptr_data:
		dynptr_note(env, BPF_REG_1, meta);
		return 0;
	case BPF_FUNC_snprintf:
		return check_snprintf(env);
	case BPF_FUNC_loop:
		return check_loop(env, meta);
	case BPF_FUNC_get_func_ip:
		if (env->prog->type != BPF_PROG_TYPE_KPROBE)
			return reject(env, -ENOTSUPP, "func %s#%u not supported for program type %u\n",
				      meta->fn->name, meta->fn->id, env->prog->type);
		return 0;
	case BPF_FUNC_timer_set_callback:
		return callback_push_async(env, meta);
	case BPF_FUNC_find_vma:
	case BPF_FUNC_kptr_xchg:
		return reject(env, -EINVAL, "helper %s is not supported by this engine\n",
			      meta->fn->name);
	default:
		return 0;
	}
}

/* --- what it returns -------------------------------------------------------------------------------------- */

static int set_return(struct verifier_env *env, const struct call_meta *meta)
{
	struct reg_state *r0 = &cur_regs(env)[BPF_REG_0];
	uint32_t type = meta->fn->ret_type, flags = type_flags(type);

	r0->subreg_def = SUBREG_DEF_NONE;
	switch (type_base(type)) {
	case RET_INTEGER:
		reg_set_unknown(env, r0);
		return 0;
	case RET_VOID:
		r0->type = NOT_INIT;
		return 0;
	case RET_PTR_TO_MAP_VALUE:
		if (!meta->map)
			return reject(env, -EINVAL, "kernel subsystem misconfigured verifier\n");
		if (meta->fn->id == BPF_FUNC_map_lookup_elem && meta->key_known &&
		    meta->map_key < meta->map->max_entries)
			flags &= ~(uint32_t)PTR_MAYBE_NULL; /* it is always there */
		reg_set_ptr(r0, PTR_TO_MAP_VALUE | flags);
		r0->map = meta->map;
		r0->map_uid = meta->map_uid;
		if (!(flags & PTR_MAYBE_NULL) && meta->map->record &&
		    meta->map->record->field_mask & (BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK))
			r0->id = ++env->id_gen;
		return 0;
	case RET_PTR_TO_SOCKET:
		reg_set_ptr(r0, PTR_TO_SOCKET | flags);
		return 0;
	case RET_PTR_TO_SOCK_COMMON:
		reg_set_ptr(r0, PTR_TO_SOCK_COMMON | flags);
		return 0;
	case RET_PTR_TO_TCP_SOCK:
		reg_set_ptr(r0, PTR_TO_TCP_SOCK | flags);
		return 0;
	case RET_PTR_TO_MEM:
		reg_set_ptr(r0, PTR_TO_MEM | flags);
		r0->mem_size = meta->mem_size;
		return 0;
	default:
		return reject(env, -EINVAL,
			      "unknown return type %u of func %s#%u: not supported by this engine\n",
			      type_base(type), meta->fn->name, meta->fn->id);
	}
}

static bool func_acquires(uint32_t id)
{
	return id == BPF_FUNC_sk_lookup_tcp || id == BPF_FUNC_sk_lookup_udp ||
	       id == BPF_FUNC_skc_lookup_tcp || id == BPF_FUNC_ringbuf_reserve ||
	       id == BPF_FUNC_kptr_xchg;
}

static void refine_return(struct verifier_env *env, const struct call_meta *meta)
{
	struct scalar *s = &cur_regs(env)[BPF_REG_0].s;
	uint32_t cpus;

	if (meta->fn->ret_type != RET_INTEGER)
		return;
	switch (meta->fn->id) {
	case BPF_FUNC_get_stack:
	case BPF_FUNC_get_task_stack:
	case BPF_FUNC_probe_read_str:
	case BPF_FUNC_probe_read_kernel_str:
	case BPF_FUNC_probe_read_user_str:
		s->smax = (int64_t)meta->msize_max;
		s->s32_max = (int32_t)meta->msize_max;
		s->smin = -MAX_ERRNO;
		s->s32_min = -MAX_ERRNO;
		scalar_sync(s);
		break;
	case BPF_FUNC_get_smp_processor_id:
		cpus = env->prog->obj.engine ? env->prog->obj.engine->n_slots : 0;
		if (!cpus)
			break;
		*s = scalar_urange(0, cpus - 1);
		scalar_sync(s);
		break;
	}
}

static int finish_return(struct verifier_env *env, const struct call_meta *meta)
{
	struct reg_state *r0 = &cur_regs(env)[BPF_REG_0];
	int id;

	if (type_may_be_null(r0->type))
		r0->id = ++env->id_gen;
	if (meta->fn->id == BPF_FUNC_dynptr_data) {
		r0->dynptr_id = meta->dynptr_id;
		r0->ref_obj_id = meta->ref_obj_id;
	} else if (func_acquires(meta->fn->id)) {
		id = ref_acquire(env, env->insn_idx);
		if (id < 0)
			return id;
		r0->id = id;
		r0->ref_obj_id = id;
	}
	refine_return(env, meta);
	return meta->fn->ret_type == RET_INTEGER ? reg_check_bounds(env, r0, "retval") : 0;
}

/*
 * A tail call that succeeds ends the function: its caller goes on with whatever the other program
 * returned and did to the packet. One that fails goes on behind the call.
 */
static int leave_by_tail_call(struct verifier_env *env)
{
	if (!env->cur_state->curframe)
		return 0;
	scratch_reg(env, BPF_REG_0);
	if (!state_push(env, env->insn_idx + 1, env->insn_idx, false))
		return -EFAULT;
	call_drop_pkt_pointers(env);
	reg_set_unknown(env, &cur_regs(env)[BPF_REG_0]);
	return func_exit_early(env);
}

int call_helper(struct verifier_env *env)
{
	const struct bpf_insn *insn = &env->insns[env->insn_idx];
	struct call_meta meta = { 0 };
	uint32_t i;
	int err;

	err = find_proto(env, insn->imm, &meta.fn);
	if (!err)
		err = check_allowed(env, meta.fn);
	if (err)
		return err;
	meta.pkt_access = meta.fn->pkt_access;
	for (i = 0; i < HELPER_ARGS_MAX; i++) {
		err = arg_check(env, i, &meta);
		if (err)
			return err;
	}
	err = note_map(env, &meta);
	if (!err)
		err = note_tail_call_key(env, &meta);
	if (!err)
		err = mark_raw_bytes(env, &meta);
	if (!err)
		err = release(env, &meta);
	if (!err)
		err = check_special(env, &meta);
	if (err)
		return err;
	regs_clear_caller_saved(env, cur_regs(env));
	err = set_return(env, &meta);
	if (!err)
		err = finish_return(env, &meta);
	if (!err)
		err = compat_check(env, meta.map, meta.fn->id);
	if (err)
		return err;
	if (meta.fn->id == BPF_FUNC_tail_call)
		return leave_by_tail_call(env);
	if (meta.fn->pkt_changes)
		call_drop_pkt_pointers(env);
	return 0;
}
