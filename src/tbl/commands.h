/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bpf(2) command of Linux 6.18. Define COMMAND and include:
 *
 *   #define COMMAND(num, name, handler, status, last) ...
 *   #include "tbl/commands.h"
 *
 *   num      first argument of bpf(2); the rows stand in its order, without gaps
 *   name     without BPF_
 *   handler  suffix of the function that answers it
 *   status   done: a handler exists | refused: never | later: not yet; the last two are EINVAL, the
 *            kernel's answer to a command it does not know
 *   last     last field of union bpf_attr it reads; a byte behind it that is not 0 is EINVAL
 */

/* clang-format off */

/*      num name                    handler                 status  last */
COMMAND(0,  MAP_CREATE,             map_create,             done,   excl_prog_hash_size)
COMMAND(1,  MAP_LOOKUP_ELEM,        map_lookup_elem,        done,   flags)
COMMAND(2,  MAP_UPDATE_ELEM,        map_update_elem,        done,   flags)
COMMAND(3,  MAP_DELETE_ELEM,        map_delete_elem,        done,   key)
COMMAND(4,  MAP_GET_NEXT_KEY,       map_get_next_key,       done,   next_key)
COMMAND(5,  PROG_LOAD,              prog_load,              done,   keyring_id)
COMMAND(6,  OBJ_PIN,                obj_pin,                done,   path_fd)
COMMAND(7,  OBJ_GET,                obj_get,                done,   path_fd)
COMMAND(8,  PROG_ATTACH,            prog_attach,            done,   expected_revision)
COMMAND(9,  PROG_DETACH,            prog_detach,            done,   expected_revision)
COMMAND(10, PROG_TEST_RUN,          prog_test_run,          done,   test.batch_size)
COMMAND(11, PROG_GET_NEXT_ID,       prog_get_next_id,       done,   next_id)
COMMAND(12, MAP_GET_NEXT_ID,        map_get_next_id,        done,   next_id)
COMMAND(13, PROG_GET_FD_BY_ID,      prog_get_fd_by_id,      done,   prog_id)
COMMAND(14, MAP_GET_FD_BY_ID,       map_get_fd_by_id,       done,   open_flags)
COMMAND(15, OBJ_GET_INFO_BY_FD,     obj_get_info_by_fd,     done,   info.info)
COMMAND(16, PROG_QUERY,             prog_query,             done,   query.revision)
COMMAND(17, RAW_TRACEPOINT_OPEN,    raw_tracepoint_open,    done,   raw_tracepoint.cookie)
COMMAND(18, BTF_LOAD,               btf_load,               done,   btf_token_fd)
COMMAND(19, BTF_GET_FD_BY_ID,       btf_get_fd_by_id,       done,   fd_by_id_token_fd)
COMMAND(20, TASK_FD_QUERY,          task_fd_query,          refused, task_fd_query.probe_addr)
COMMAND(21, MAP_LOOKUP_AND_DELETE_ELEM, map_lookup_and_delete_elem, done,   flags)
COMMAND(22, MAP_FREEZE,             map_freeze,             done,   map_fd)
COMMAND(23, BTF_GET_NEXT_ID,        btf_get_next_id,        done,   next_id)
COMMAND(24, MAP_LOOKUP_BATCH,       map_lookup_batch,       done,   batch.flags)
COMMAND(25, MAP_LOOKUP_AND_DELETE_BATCH, map_lookup_and_delete_batch, done,   batch.flags)
COMMAND(26, MAP_UPDATE_BATCH,       map_update_batch,       done,   batch.flags)
COMMAND(27, MAP_DELETE_BATCH,       map_delete_batch,       done,   batch.flags)
COMMAND(28, LINK_CREATE,            link_create,            done,   link_create.uprobe_multi.pid)
COMMAND(29, LINK_UPDATE,            link_update,            done,   link_update.old_prog_fd)
COMMAND(30, LINK_GET_FD_BY_ID,      link_get_fd_by_id,      done,   link_id)
COMMAND(31, LINK_GET_NEXT_ID,       link_get_next_id,       done,   next_id)
COMMAND(32, ENABLE_STATS,           enable_stats,           done,   enable_stats.type)
COMMAND(33, ITER_CREATE,            iter_create,            later,  iter_create.flags)
COMMAND(34, LINK_DETACH,            link_detach,            done,   link_detach.link_fd)
COMMAND(35, PROG_BIND_MAP,          prog_bind_map,          done,   prog_bind_map.flags)
COMMAND(36, TOKEN_CREATE,           token_create,           later,  token_create.bpffs_fd)
COMMAND(37, PROG_STREAM_READ_BY_FD, prog_stream_read_by_fd, later,  prog_stream_read.prog_fd)

#undef COMMAND
