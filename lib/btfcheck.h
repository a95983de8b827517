/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a BTF's type graph one that may be walked? libbpf 1.1 checks where records begin and end, not
 * what they say, and walks into names and types that are not there; so objects are looked at here
 * before libbpf opens them. The engine's (or kernel's) own check comes at load and is stricter.
 */
#pragma once

#include <bpf/btf.h>

/*
 * NULL, or what is wrong: a name outside of the strings, a type that does not exist, a type that
 * contains itself, or one nested deeper than BTFCHECK_DEPTH_MAX. Linear in members.
 */
#define BTFCHECK_DEPTH_MAX 64

const char *btfcheck(const struct btf *btf);

/* The same for the .BTF section of an object, found by elfcode; NULL too when there is none. */
struct buffer;
const char *btfcheck_object(const struct buffer *image);
