/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules tried on our own engine: the guard's very program, loaded, given the rules and attached in
 * this process, judges accesses that a task might make. Nothing of the machine is touched and no
 * privilege is needed. While a trial lasts, bpf(2) of this process goes to its engine.
 *
 * Which container the task is in is looked up here: the program would read it from the kernel.
 */
#pragma once

#include "error.h"
#include "guard/judge.h"
#include "guard/ruleset.h"

struct trial;

/* @set and @task must outlive it. 0, or -errno with a sentence. */
int trial_begin(const struct ruleset *set, const struct judge_task *task, struct trial **out,
		struct error *err);
/*
 * What becomes of the access; @value is what is written (access->bytes of it), @current the key's value
 * with its newline, NULL where it is not known. 0, or -errno with a sentence.
 */
int trial_access(struct trial *t, const struct judge_access *access, const char *value,
		 const char *current, struct judgement *out, struct error *err);
/* NULL is fine. */
void trial_end(struct trial *t);
