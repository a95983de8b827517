/* SPDX-License-Identifier: BSD-2-Clause */
/* skep run --attach: any program, at its real hook. */
#pragma once

#include <stdbool.h>

/* Whether `skep run` was told to attach. */
bool attach_is_meant(int argc, char **argv);
/* The whole command; an exit code of cli/command.h. */
int attach_main(int argc, char **argv);
