/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files behind BPF_OBJ_GET_INFO_BY_FD share. */
#pragma once

#include "syscall/call.h"

/*
 * Reads the client's info (@known bytes of ours, zero-filled); *@bytes: how much it has room for.
 * 0, -E2BIG (what is behind @fields_end is not 0), -EFAULT.
 */
int info_begin(struct bpf_call *call, void *info, uint32_t known, uint32_t fields_end,
	       uint32_t *bytes);
/* Writes it and info_len back: 0 or -EFAULT. */
int info_end(struct bpf_call *call, const void *info, uint32_t bytes);

int prog_info(struct bpf_call *call, struct prog *prog);
