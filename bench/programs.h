/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The measured programs, one row each, in the order of the table, and what their maps hold.
 *
 *   BENCH_PROGRAM(file, name, group, ops, packet)
 *     file    progs/FILE.bpf.c      group  COMPUTE, MAP, CONTROL or BASE (subtracted from the rest)
 *     ops     map operations, calls or steps of one run
 *     packet  what the packet holds: RANDOM, FRAMES (parse), LINES (strmatch)
 *
 *   BENCH_MAP_FILL(file, map, kind, n)
 *     kind    COUNTERS: keys 0..n-1, zero, before every batch; FLOWS: flow_key.h; PREFIXES: lpm_key.h;
 *             STAGES: programs stage_1 … stage_n at keys 1 … n
 */
/* clang-format off */
#ifdef BENCH_PROGRAM
BENCH_PROGRAM(empty,    empty,          BASE,     0, RANDOM)
BENCH_PROGRAM(sieve,    sieve,          COMPUTE,  1, RANDOM)
BENCH_PROGRAM(xorshift, xorshift,       COMPUTE,  1, RANDOM)
BENCH_PROGRAM(jhash,    jhash,          COMPUTE,  1, RANDOM)
BENCH_PROGRAM(siphash,  siphash,        COMPUTE,  1, RANDOM)
BENCH_PROGRAM(csum,     csum16,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(csum,     csum32,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(crc32,    crc32,          COMPUTE,  1, RANDOM)
BENCH_PROGRAM(strmatch, strmatch,       COMPUTE,  1, LINES)
BENCH_PROGRAM(div,      divvar,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(div,      divconst,       COMPUTE,  1, RANDOM)
BENCH_PROGRAM(matmul,   matmul,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(sha256,   sha256,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(chacha,   chacha,         COMPUTE,  1, RANDOM)
BENCH_PROGRAM(bits,     bits,           COMPUTE,  1, RANDOM)
BENCH_PROGRAM(sort,     sort,           COMPUTE,  1, RANDOM)
BENCH_PROGRAM(vmswitch, vmswitch,       COMPUTE,  1, RANDOM)
BENCH_PROGRAM(parse,    parse,          COMPUTE,  1, FRAMES)
BENCH_PROGRAM(array,    m_array,        MAP,     64, RANDOM)
BENCH_PROGRAM(array,    m_array_atomic, MAP,     64, RANDOM)
BENCH_PROGRAM(array,    m_percpu,       MAP,     64, RANDOM)
BENCH_PROGRAM(hash,     m_hash_1k_hit,  MAP,     16, RANDOM)
BENCH_PROGRAM(hash,     m_hash_1k_miss, MAP,     16, RANDOM)
BENCH_PROGRAM(hash,     m_hash_1m_hit,  MAP,     16, RANDOM)
BENCH_PROGRAM(hash,     m_hash_1m_miss, MAP,     16, RANDOM)
BENCH_PROGRAM(hash,     m_hash_upd,     MAP,     16, RANDOM)
BENCH_PROGRAM(hash,     m_hash_insdel,  MAP,     16, RANDOM)
BENCH_PROGRAM(lru,      m_lru_hit,      MAP,     16, RANDOM)
BENCH_PROGRAM(lru,      m_lru_churn,    MAP,     16, RANDOM)
BENCH_PROGRAM(lpm,      m_lpm,          MAP,     16, RANDOM)
BENCH_PROGRAM(ringbuf,  m_ringbuf,      MAP,     16, RANDOM)
BENCH_PROGRAM(calls,    c_calls,        CONTROL, 256, RANDOM)
BENCH_PROGRAM(tail,     c_tail,         CONTROL, 16, RANDOM)
BENCH_PROGRAM(loop,     c_loop,         CONTROL, 1000, RANDOM)
BENCH_PROGRAM(loop,     c_bpfloop,      CONTROL, 1000, RANDOM)
#endif

#ifdef BENCH_MAP_FILL
BENCH_MAP_FILL(array, counters,        COUNTERS, 256)
BENCH_MAP_FILL(array, counters_atomic, COUNTERS, 256)
BENCH_MAP_FILL(array, counters_percpu, COUNTERS, 256)
BENCH_MAP_FILL(hash,  flows_1k,        FLOWS,    1 << 10)
BENCH_MAP_FILL(hash,  flows_1m,        FLOWS,    1 << 20)
BENCH_MAP_FILL(hash,  flows_upd,       FLOWS,    1 << 10)
BENCH_MAP_FILL(hash,  flows_insdel,    FLOWS,    1 << 9)
BENCH_MAP_FILL(lru,   recent,          FLOWS,    1 << 10)
BENCH_MAP_FILL(lru,   churned,         FLOWS,    1 << 12)
BENCH_MAP_FILL(lpm,   prefixes,        PREFIXES, 10000)
BENCH_MAP_FILL(tail,  stages,          STAGES,   16)
#endif

/* Files, each once. */
#ifdef BENCH_FILE
BENCH_FILE(empty)
BENCH_FILE(sieve)
BENCH_FILE(xorshift)
BENCH_FILE(jhash)
BENCH_FILE(siphash)
BENCH_FILE(csum)
BENCH_FILE(crc32)
BENCH_FILE(strmatch)
BENCH_FILE(div)
BENCH_FILE(matmul)
BENCH_FILE(sha256)
BENCH_FILE(chacha)
BENCH_FILE(bits)
BENCH_FILE(sort)
BENCH_FILE(vmswitch)
BENCH_FILE(parse)
BENCH_FILE(array)
BENCH_FILE(hash)
BENCH_FILE(lru)
BENCH_FILE(lpm)
BENCH_FILE(ringbuf)
BENCH_FILE(calls)
BENCH_FILE(tail)
BENCH_FILE(loop)
#endif

#undef BENCH_PROGRAM
#undef BENCH_MAP_FILL
#undef BENCH_FILE
