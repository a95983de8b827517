/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What lsm.c and its programs share: which key an attribute of rtnetlink is. */
#pragma once

#include <linux/types.h>

#define LSM_FILES_MAX	 64
#define LSM_BEFORE_BYTES 32
#define LSM_KEY_BYTES	 48

/* "net/ipv4/conf/" DEVICE "/" first, and second where an attribute is two keys; first "": none. */
struct lsm_leaf {
	char before[LSM_BEFORE_BYTES];
	char first[LSM_KEY_BYTES], second[LSM_KEY_BYTES];
};

/* Places in the table: a group's first, to which the attribute's type is added. */
enum lsm_group {
	LSM_CONF = 0,	  /* IPV4_DEVCONF_* */
	LSM_PARMS = 64,	  /* NDTPA_* of IPv4 */
	LSM_PARMS_6 = 96, /* and of IPv6 */
	LSM_TABLE = 128,  /* NDTA_* */
	LSM_TABLE_6 = 144,
	LSM_MTU = 160,
	LSM_ADDR_GEN_MODE,
	LSM_LEAVES
};

/* The installed guard's pins. */
struct lsm_pins {
	__u64 folder,
		above; /* inodes: of their folder, and of the one it is in; 0: it is not installed */
	__u64 device;  /* of both, as below */
	__u64 mount_inode; /* of the mount namespace it was installed in */
};

/* A file whose writing changes a key. */
struct lsm_file {
	__u64 inode;
	__u64 device; /* as the kernel has it: major << 20 | minor */
};
