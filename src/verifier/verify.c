/* SPDX-License-Identifier: BSD-2-Clause */
#include "verifier/verify.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "object/caller.h"
#include "verifier/cfg.h"
#include "verifier/env.h"
#include "verifier/fixups.h"
#include "verifier/ldimm.h"
#include "verifier/liveness.h"
#include "verifier/print.h"
#include "verifier/prune_default.h"
#include "verifier/subprog.h"
#include "verifier/walk.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

/* --- func_info and line_info ------------------------------------------------------------------------------ */

static void btf_vlog(void *cookie, const char *fmt, va_list args)
{
	struct verifier_env *env = cookie;

	vlog_vprintf(&env->log, fmt, args);
}

static struct btf_log btf_log_of(struct verifier_env *env)
{
	return (struct btf_log){ .level = env->log.level, .vlog = btf_vlog, .cookie = env };
}

static const struct btf *prog_btf(const struct verifier_env *env)
{
	return env->prog->btf ? env->prog->btf->btf : NULL;
}

static int pass_read_funcs(struct verifier_env *env)
{
	struct btf_log log = btf_log_of(env);

	if (!env->opts->func_info.cnt && !env->opts->line_info.cnt)
		return 0;
	if (!prog_btf(env))
		return -EINVAL;
	return btf_read_funcs(prog_btf(env), &env->opts->func_info, &log, &env->btf_info,
			      &env->opts->func_info_want);
}

static void name_subprogs(struct verifier_env *env)
{
	const struct btf *btf = prog_btf(env);
	const struct btf_type *t;
	uint32_t i;

	for (i = 0; i < env->subprog_cnt; i++) {
		struct vsubprog *sub = &env->subprogs[i];

		sub->name = "";
		if (i >= env->btf_info.n_funcs)
			continue;
		t = btf_type_by_id(btf, env->btf_info.funcs[i].type_id);
		if (t)
			sub->name = btf_name_or_anon(btf, t->name_off);
		sub->is_global = env->btf_info.linkage[i] == BTF_FUNC_GLOBAL;
	}
}

static struct btf_subprog *subs_for_btf(const struct verifier_env *env)
{
	struct btf_subprog *subs = mem_calloc(env->subprog_cnt, sizeof(*subs));
	uint32_t i;

	for (i = 0; subs && i < env->subprog_cnt; i++) {
		subs[i].start = env->subprogs[i].start;
		subs[i].has_ld_abs = env->subprogs[i].has_ld_abs;
		subs[i].has_tail_call = env->subprogs[i].has_tail_call;
	}
	return subs;
}

static int pass_check_btf(struct verifier_env *env)
{
	struct btf_log log = btf_log_of(env);
	struct btf_subprog *subs = subs_for_btf(env);
	struct btf_prog_code code = { .insns = env->insns,
				      .n_insns = env->n_insns,
				      .subs = subs,
				      .n_subs = env->subprog_cnt };
	uint32_t i;
	int err;

	if (!subs)
		return -ENOMEM;
	err = btf_check_funcs(prog_btf(env), subs, env->subprog_cnt, &log, &env->btf_info);
	if (!err && env->opts->line_info.cnt)
		err = btf_read_lines(prog_btf(env), &env->opts->line_info, &code, &log,
				     &env->btf_info, &env->opts->line_info_want);
	for (i = 0; !err && i < env->subprog_cnt; i++)
		env->subprogs[i].linfo_idx = subs[i].linfo_idx;
	free(subs);
	if (!err)
		name_subprogs(env);
	return err;
}

/* --- other passes ------------------------------------------------------------------------------------------- */

static int pass_alloc_walk(struct verifier_env *env)
{
	env->scc_visits = mem_calloc(env->cfg.scc_cnt + 1, sizeof(*env->scc_visits));
	env->explored = mem_calloc(env->n_insns, sizeof(*env->explored));
	return env->scc_visits && env->explored ? 0 : -ENOMEM;
}

/* Which types may sleep. Source: check_attach_btf_id, can_be_sleepable. */
static int pass_check_sleepable(struct verifier_env *env)
{
	const struct prog *prog = env->prog;

	if (prog->type == BPF_PROG_TYPE_SYSCALL && !prog->sleepable) {
		vlog_printf(&env->log, "Syscall programs can only be sleepable\n");
		return -EINVAL;
	}
	if (prog->sleepable && !prog->ops->sleepable_ok) {
		vlog_printf(&env->log, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and "
				       "struct_ops programs can be sleepable\n");
		return -EINVAL;
	}
	return 0;
}

/* In this order; the first that fails is the verdict. */
static int (*const passes[])(struct verifier_env *env) = {
	pass_read_funcs,
	subprogs_find,
	subprogs_check,
	pass_check_btf,
	ldimm_resolve,
	cfg_check,
	cfg_postorder,
	liveness_stack_init,
	pass_check_sleepable,
	cfg_scc,
	liveness_regs,
	pass_alloc_walk,
	walk_program,
	subprogs_check_stack,
	fixups_run,
};

static int run_passes(struct verifier_env *env)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(passes); i++)
		err = passes[i](env);
	if (err && env->pool.full)
		return reject(env, -E2BIG,
			      "verification needs more memory than this engine allows\n");
	return err && env->pool.failed ? -ENOMEM : err;
}

/* --- one verification ----------------------------------------------------------------------------------------- */

static void set_rights(struct verifier_env *env)
{
	uint32_t caps = env->prog->caps, flags = env->prog->load_flags;
	bool perfmon = caps_have(caps, CAPABLE_PERFMON);

	env->bpf_capable = caps_have(caps, CAPABLE_BPF);
	env->allow_ptr_leaks = perfmon;
	env->allow_uninit_stack = perfmon;
	env->bypass_spec_v1 = perfmon;
	env->bypass_spec_v4 = perfmon;
	env->strict_alignment = flags & BPF_F_STRICT_ALIGNMENT && !(flags & BPF_F_ANY_ALIGNMENT);
	env->test_state_freq = env->bpf_capable && flags & BPF_F_TEST_STATE_FREQ;
	env->test_reg_invariants = flags & BPF_F_TEST_REG_INVARIANTS;
	env->prune = env->opts->prune ? env->opts->prune : VERIFY_PRUNE_BUILT;
}

static int env_init(struct verifier_env *env, struct verify_opts *opts)
{
	struct prog *prog = opts->prog;
	uint32_t i;

	env->opts = opts;
	env->prog = prog;
	env->ops = prog->ops;
	pool_init(&env->pool, opts->bytes_max);
	strbuf_init(&env->text);
	if (opts->ns_max)
		env->deadline_ns = now_ns() + opts->ns_max;
	env->n_insns = prog->n_loaded;
	env->insns = mem_dup(prog->loaded, (size_t)prog->n_loaded * sizeof(*prog->loaded));
	env->aux = mem_calloc(prog->n_loaded, sizeof(*env->aux));
	env->work = mem_calloc(prog->n_loaded, sizeof(*env->work));
	env->subprogs = mem_calloc(VERIFIER_SUBPROGS_MAX + 2, sizeof(*env->subprogs));
	if (!env->insns || !env->aux || !env->work || !env->subprogs)
		return -ENOMEM;
	for (i = 0; i < env->n_insns; i++)
		env->aux[i].orig_pc = i;
	set_rights(env);
	return 0;
}

static void env_deinit(struct verifier_env *env)
{
	uint32_t i;

	for (i = 0; i < env->used_map_cnt; i++)
		object_put(&env->used_maps[i]->obj);
	btf_prog_info_deinit(&env->btf_info);
	free(env->insns);
	free(env->aux);
	free(env->work);
	free(env->subprogs);
	free(env->explored);
	free(env->scc_visits);
	free(env->cfg.postorder);
	free(env->cfg.postorder_start);
	strbuf_deinit(&env->text);
	vlog_deinit(&env->log);
	pool_deinit(&env->pool);
}

static void print_stats(struct verifier_env *env, uint64_t ns)
{
	uint32_t i;

	if (env->log.level & BPF_LOG_STATS) {
		verbose(env, "verification time %llu usec\n", (unsigned long long)(ns / 1000));
		verbose(env, "stack depth ");
		for (i = 0; i < env->subprog_cnt; i++)
			verbose(env, "%s%u", i ? "+" : "", env->subprogs[i].stack_depth);
		verbose(env, "\n");
	}
	verbose(env,
		"processed %u insns (limit %d) max_states_per_insn %u total_states %u peak_states %u mark_read %d\n",
		env->insn_processed, VERIFIER_INSNS_MAX, env->max_states_per_insn,
		env->total_states, env->peak_states, 0);
}

static void export_stats(struct verifier_env *env, uint64_t ns)
{
	struct prog *prog = env->prog;

	env->opts->stats = (struct verify_stats){ .insns = env->insn_processed,
						  .states_total = env->total_states,
						  .states_peak = env->peak_states,
						  .states_per_insn_max = env->max_states_per_insn,
						  .ns = ns };
	prog->verified_insns = env->insn_processed;
}

/* Hands the text out; -ENOSPC and the like win over the verdict, as in the kernel. */
static int finish_log(struct verifier_env *env)
{
	struct verify_opts *opts = env->opts;
	const char *text;
	uint32_t bytes;
	int err = vlog_finish(&env->log, &text, &bytes, &opts->log_true_size);

	if (!bytes)
		return err;
	opts->log_text = mem_dup(text, bytes);
	opts->log_text_bytes = opts->log_text ? bytes : 0;
	return opts->log_text ? err : -ENOMEM;
}

static int verify(struct verifier_env *env)
{
	uint64_t start = now_ns(), ns;
	int err, log_err;

	err = run_passes(env);
	ns = now_ns() - start;
	print_stats(env, ns);
	export_stats(env, ns);
	log_err = finish_log(env);
	if (log_err)
		return log_err;
	return err ? err : fixups_publish(env);
}

int verify_prog(struct verify_opts *opts)
{
	struct verifier_env *env = mem_zalloc(sizeof(*env));
	int err;

	if (!env)
		return -ENOMEM;
	assert(opts->prog && opts->prog->ops && opts->prog->n_loaded);
	opts->log_text = NULL;
	opts->log_text_bytes = opts->log_true_size = 0;
	opts->func_info_want = opts->line_info_want = 0;
	err = vlog_init(&env->log, opts->log_level, opts->log_has_buf, opts->log_size);
	if (!err)
		err = env_init(env, opts);
	if (!err)
		err = verify(env);
	env_deinit(env);
	free(env);
	return err;
}
