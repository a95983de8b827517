/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own file systems, mounted or not: one that is mounted nowhere is opened all the same
 * where the process may (CAP_SYS_ADMIN), as a detached mount that nobody else sees and that goes with
 * the process.
 */
#pragma once

enum kernel_fs {
	KERNEL_FS_TRACE,
	KERNEL_FS_SECURITY,
};

/*
 * Its root, for openat(2), kept open for the life of the process; or -errno. *@where (may be NULL) is its
 * path, "" when it is mounted nowhere.
 */
int kernel_fs_root(enum kernel_fs fs, const char **where);
