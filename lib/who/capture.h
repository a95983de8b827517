/* SPDX-License-Identifier: BSD-2-Clause */
/* The program that reports cgroups as they are made and as they go, for who.c. */
#pragma once

#include "error.h"

struct who;
struct loop;
struct follow;
struct who_capture;

/* @follow: what is to be kept in its map, or NULL. 0, or -errno with a sentence. */
int who_capture_new(struct who *who, struct loop *loop, struct follow *follow,
		    struct who_capture **out, struct error *err);
/* Takes what was reported and not yet read. NULL is fine, for both. */
void who_capture_poll(struct who_capture *capture);
void who_capture_free(struct who_capture *capture);
