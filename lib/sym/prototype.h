/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arguments of a function: read from a C prototype a user typed, or from DWARF (dwarf.h). Only what
 * lies in the six integer registers can be read; a floating argument has a place of its own and is named
 * but not shown; a seventh integer one ends the list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

#define SYM_ARGUMENTS_MAX     6
#define SYM_ARGUMENT_NAME_MAX 32

enum sym_type {
	SYM_VOID,
	SYM_SIGNED,
	SYM_UNSIGNED,
	SYM_BOOL,
	SYM_CHAR,
	SYM_POINTER,
	SYM_STRING, /* pointer to char: what it points at is shown */
	SYM_FLOATING,
	SYM_UNKNOWN, /* shown as a hexadecimal number of 8 bytes */
};

struct sym_argument {
	char name[SYM_ARGUMENT_NAME_MAX]; /* "" when not given */
	enum sym_type type;
	uint8_t bytes;	/* of an integer: 1, 2, 4, 8 */
	uint8_t number; /* of the integer register it lies in, from 0; not for SYM_FLOATING */
};

struct sym_prototype {
	struct sym_argument arguments[SYM_ARGUMENTS_MAX];
	uint32_t n_arguments;
	struct sym_argument result; /* SYM_UNKNOWN when not given */
	bool more;		    /* there are arguments that are not in registers, or "..." */
};

/*
 * Reads "void *malloc(size_t size)" or "malloc(size_t)": *ret_name is the function's name, the caller's
 * to free. Without parentheses the text is a name (or pattern) alone: 1 is returned, and no prototype.
 * 0, 1, or -EINVAL with a sentence.
 */
int sym_prototype_parse(const char *text, char **ret_name, struct sym_prototype *prototype,
			struct error *err);

/* Adds an argument that C passes as an integer, or a floating one, in order of the declaration. */
void sym_prototype_add(struct sym_prototype *prototype, const struct sym_argument *argument);
/* How many of the integer registers its arguments use. */
uint32_t sym_prototype_registers(const struct sym_prototype *prototype);

/*
 * Appends a value as C would write it: -1, 18446744073709551615, 'c', true, 0x55d0, "text". @text: what
 * a string argument points at, NULL when it could not be read (the address is shown instead).
 */
void sym_argument_print(const struct sym_argument *argument, uint64_t value, const char *text,
			struct buffer *out);
