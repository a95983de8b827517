/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every BPF instruction: RFC 9669, and Linux 6.18's own (group linux). Define INSN and include:
 *
 *   #define INSN(name, code, sel, val, op, form, dst, src, off, imm, v, group) ...
 *   #include "tbl/insns.h"
 *
 * An instruction is legal for the kernel only if a row has its code byte, its selector field holds
 * val, and every field holds what its column says; rows of one code share sel. What is legal may
 * still be rejected for what it does (the frame pointer written, a register not readable).
 *
 *   name   identifier, unique
 *   code   opcode byte
 *   sel    the field that picks among rows of one code: NO | SRC | OFF | IMM; val is its value
 *   op     operator as the kernel's log and LLVM's assembler write it
 *   form   operand form, see below
 *   dst    register field: Z must be 0 | R read | W written | RW read and written
 *   src    the same, or SEL: it is the selector
 *   off    Z must be 0 | SEL | MEM byte displacement | JMP target | ANY not looked at
 *          | FDX index into fd_array, 0 = the base BTF
 *   imm    Z must be 0 | SEL | IMM any value, sign-extended to 64 bits | SHIFT 0..width-1
 *          | NZ not 0 | JMP target | ID in tbl/helpers.h | BTFID | FD of a map | FDX
 *          | AS 1: from address space 1 to 0, 1 << 16: from 0 to 1
 *   v      clang -mcpu=v1..v4: the first that emits it
 *   group  conformance group (RFC 9669 section 2.4), or linux: not in the RFC
 *
 * form, with D and S for dst and src (w registers in 32-bit arithmetic and JMP32):
 *   ALU_K    D op imm                       ALU_X  D op S
 *   MOVSX    D = (sVAL)S                    CAST   D = addr_space_cast(S, to, from)
 *   NEG      D = -D                         END    D = opVAL D
 *   JMP_K    if D op imm goto off           JMP_X  if D op S goto off
 *   JA       goto off                       JA32   gotol imm
 *   MAYGOTO  may_goto off                   CALL   call imm
 *   EXIT     exit                           LD64   D = imm64
 *   LDX      D = *(uN *)(S + off)           LDXS   D = *(sN *)(S + off)
 *   ST       *(uN *)(D + off) = imm         STX    *(uN *)(D + off) = S
 *   ATOMIC   lock *(uN *)(D + off) op S     FETCH  S = atomic_op((uN *)(D + off), S)
 *   XCHG     S = xchg(D + off, S)           CMPXCHG  r0 = cmpxchg(D + off, r0, S)
 *   LDACQ    D = load_acquire(S + off)      STREL  store_release(D + off, S)
 *   LD_ABS   r0 = *(uN *)skb[imm]           LD_IND r0 = *(uN *)skb[S + imm]
 *
 * Not here, because the kernel takes them from nobody: call through a register (0x8d), LD_ABS and
 * LD_IND of 64 bits, and the opcodes its own rewriting makes.
 */

/* clang-format off */

/*   name              code  sel  val    op               form     d   s    off  imm    v  group */

/* 64-bit arithmetic */
INSN(ADD64_K,          0x07, NO,  0,     "+=",            ALU_K,   RW, Z,   Z,   IMM,   1, base64)
INSN(ADD64_X,          0x0f, NO,  0,     "+=",            ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(SUB64_K,          0x17, NO,  0,     "-=",            ALU_K,   RW, Z,   Z,   IMM,   1, base64)
INSN(SUB64_X,          0x1f, NO,  0,     "-=",            ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(MUL64_K,          0x27, NO,  0,     "*=",            ALU_K,   RW, Z,   Z,   IMM,   1, divmul64)
INSN(MUL64_X,          0x2f, NO,  0,     "*=",            ALU_X,   RW, R,   Z,   Z,     1, divmul64)
INSN(DIV64_K,          0x37, OFF, 0,     "/=",            ALU_K,   RW, Z,   SEL, NZ,    1, divmul64)
INSN(DIV64_X,          0x3f, OFF, 0,     "/=",            ALU_X,   RW, R,   SEL, Z,     1, divmul64)
INSN(SDIV64_K,         0x37, OFF, 1,     "s/=",           ALU_K,   RW, Z,   SEL, NZ,    4, divmul64)
INSN(SDIV64_X,         0x3f, OFF, 1,     "s/=",           ALU_X,   RW, R,   SEL, Z,     4, divmul64)
INSN(OR64_K,           0x47, NO,  0,     "|=",            ALU_K,   RW, Z,   Z,   IMM,   1, base64)
INSN(OR64_X,           0x4f, NO,  0,     "|=",            ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(AND64_K,          0x57, NO,  0,     "&=",            ALU_K,   RW, Z,   Z,   IMM,   1, base64)
INSN(AND64_X,          0x5f, NO,  0,     "&=",            ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(LSH64_K,          0x67, NO,  0,     "<<=",           ALU_K,   RW, Z,   Z,   SHIFT, 1, base64)
INSN(LSH64_X,          0x6f, NO,  0,     "<<=",           ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(RSH64_K,          0x77, NO,  0,     ">>=",           ALU_K,   RW, Z,   Z,   SHIFT, 1, base64)
INSN(RSH64_X,          0x7f, NO,  0,     ">>=",           ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(MOD64_K,          0x97, OFF, 0,     "%=",            ALU_K,   RW, Z,   SEL, NZ,    1, divmul64)
INSN(MOD64_X,          0x9f, OFF, 0,     "%=",            ALU_X,   RW, R,   SEL, Z,     1, divmul64)
INSN(SMOD64_K,         0x97, OFF, 1,     "s%=",           ALU_K,   RW, Z,   SEL, NZ,    4, divmul64)
INSN(SMOD64_X,         0x9f, OFF, 1,     "s%=",           ALU_X,   RW, R,   SEL, Z,     4, divmul64)
INSN(XOR64_K,          0xa7, NO,  0,     "^=",            ALU_K,   RW, Z,   Z,   IMM,   1, base64)
INSN(XOR64_X,          0xaf, NO,  0,     "^=",            ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(MOV64_K,          0xb7, NO,  0,     "=",             ALU_K,   W,  Z,   Z,   IMM,   1, base64)
INSN(MOV64_X,          0xbf, OFF, 0,     "=",             ALU_X,   W,  R,   SEL, Z,     1, base64)
INSN(MOVSX64_8,        0xbf, OFF, 8,     "=",             MOVSX,   W,  R,   SEL, Z,     4, base64)
INSN(MOVSX64_16,       0xbf, OFF, 16,    "=",             MOVSX,   W,  R,   SEL, Z,     4, base64)
INSN(MOVSX64_32,       0xbf, OFF, 32,    "=",             MOVSX,   W,  R,   SEL, Z,     4, base64)
INSN(ADDR_SPACE_CAST,  0xbf, OFF, 1,     "=",             CAST,    W,  R,   SEL, AS,    4, linux)
INSN(ARSH64_K,         0xc7, NO,  0,     "s>>=",          ALU_K,   RW, Z,   Z,   SHIFT, 1, base64)
INSN(ARSH64_X,         0xcf, NO,  0,     "s>>=",          ALU_X,   RW, R,   Z,   Z,     1, base64)
INSN(NEG64,            0x87, NO,  0,     "=",             NEG,     RW, Z,   Z,   Z,     1, base64)

/* 32-bit arithmetic; the upper half of dst becomes 0 */
INSN(ADD32_K,          0x04, NO,  0,     "+=",            ALU_K,   RW, Z,   Z,   IMM,   3, base32)
INSN(ADD32_X,          0x0c, NO,  0,     "+=",            ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(SUB32_K,          0x14, NO,  0,     "-=",            ALU_K,   RW, Z,   Z,   IMM,   3, base32)
INSN(SUB32_X,          0x1c, NO,  0,     "-=",            ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(MUL32_K,          0x24, NO,  0,     "*=",            ALU_K,   RW, Z,   Z,   IMM,   3, divmul32)
INSN(MUL32_X,          0x2c, NO,  0,     "*=",            ALU_X,   RW, R,   Z,   Z,     3, divmul32)
INSN(DIV32_K,          0x34, OFF, 0,     "/=",            ALU_K,   RW, Z,   SEL, NZ,    3, divmul32)
INSN(DIV32_X,          0x3c, OFF, 0,     "/=",            ALU_X,   RW, R,   SEL, Z,     3, divmul32)
INSN(SDIV32_K,         0x34, OFF, 1,     "s/=",           ALU_K,   RW, Z,   SEL, NZ,    4, divmul32)
INSN(SDIV32_X,         0x3c, OFF, 1,     "s/=",           ALU_X,   RW, R,   SEL, Z,     4, divmul32)
INSN(OR32_K,           0x44, NO,  0,     "|=",            ALU_K,   RW, Z,   Z,   IMM,   3, base32)
INSN(OR32_X,           0x4c, NO,  0,     "|=",            ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(AND32_K,          0x54, NO,  0,     "&=",            ALU_K,   RW, Z,   Z,   IMM,   3, base32)
INSN(AND32_X,          0x5c, NO,  0,     "&=",            ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(LSH32_K,          0x64, NO,  0,     "<<=",           ALU_K,   RW, Z,   Z,   SHIFT, 3, base32)
INSN(LSH32_X,          0x6c, NO,  0,     "<<=",           ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(RSH32_K,          0x74, NO,  0,     ">>=",           ALU_K,   RW, Z,   Z,   SHIFT, 3, base32)
INSN(RSH32_X,          0x7c, NO,  0,     ">>=",           ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(MOD32_K,          0x94, OFF, 0,     "%=",            ALU_K,   RW, Z,   SEL, NZ,    3, divmul32)
INSN(MOD32_X,          0x9c, OFF, 0,     "%=",            ALU_X,   RW, R,   SEL, Z,     3, divmul32)
INSN(SMOD32_K,         0x94, OFF, 1,     "s%=",           ALU_K,   RW, Z,   SEL, NZ,    4, divmul32)
INSN(SMOD32_X,         0x9c, OFF, 1,     "s%=",           ALU_X,   RW, R,   SEL, Z,     4, divmul32)
INSN(XOR32_K,          0xa4, NO,  0,     "^=",            ALU_K,   RW, Z,   Z,   IMM,   3, base32)
INSN(XOR32_X,          0xac, NO,  0,     "^=",            ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(MOV32_K,          0xb4, NO,  0,     "=",             ALU_K,   W,  Z,   Z,   IMM,   3, base32)
INSN(MOV32_X,          0xbc, OFF, 0,     "=",             ALU_X,   W,  R,   SEL, Z,     3, base32)
INSN(MOVSX32_8,        0xbc, OFF, 8,     "=",             MOVSX,   W,  R,   SEL, Z,     4, base32)
INSN(MOVSX32_16,       0xbc, OFF, 16,    "=",             MOVSX,   W,  R,   SEL, Z,     4, base32)
INSN(ARSH32_K,         0xc4, NO,  0,     "s>>=",          ALU_K,   RW, Z,   Z,   SHIFT, 3, base32)
INSN(ARSH32_X,         0xcc, NO,  0,     "s>>=",          ALU_X,   RW, R,   Z,   Z,     3, base32)
INSN(NEG32,            0x84, NO,  0,     "=",             NEG,     RW, Z,   Z,   Z,     3, base32)

/* byte order: imm is the width in bits */
INSN(LE16,             0xd4, IMM, 16,    "le",            END,     RW, Z,   Z,   SEL,   1, base32)
INSN(LE32,             0xd4, IMM, 32,    "le",            END,     RW, Z,   Z,   SEL,   1, base32)
INSN(LE64,             0xd4, IMM, 64,    "le",            END,     RW, Z,   Z,   SEL,   1, base64)
INSN(BE16,             0xdc, IMM, 16,    "be",            END,     RW, Z,   Z,   SEL,   1, base32)
INSN(BE32,             0xdc, IMM, 32,    "be",            END,     RW, Z,   Z,   SEL,   1, base32)
INSN(BE64,             0xdc, IMM, 64,    "be",            END,     RW, Z,   Z,   SEL,   1, base64)
INSN(BSWAP16,          0xd7, IMM, 16,    "bswap",         END,     RW, Z,   Z,   SEL,   4, base32)
INSN(BSWAP32,          0xd7, IMM, 32,    "bswap",         END,     RW, Z,   Z,   SEL,   4, base32)
INSN(BSWAP64,          0xd7, IMM, 64,    "bswap",         END,     RW, Z,   Z,   SEL,   4, base64)

/* jumps: off is counted in instructions from the next one */
INSN(JA,               0x05, NO,  0,     "goto",          JA,      Z,  Z,   JMP, Z,     1, base32)
INSN(JA32,             0x06, NO,  0,     "gotol",         JA32,    Z,  Z,   Z,   JMP,   4, base32)
INSN(MAY_GOTO,         0xe5, SRC, 0,     "may_goto",      MAYGOTO, Z,  SEL, JMP, Z,     4, linux)
INSN(JEQ64_K,          0x15, NO,  0,     "==",            JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JEQ64_X,          0x1d, NO,  0,     "==",            JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JGT64_K,          0x25, NO,  0,     ">",             JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JGT64_X,          0x2d, NO,  0,     ">",             JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JGE64_K,          0x35, NO,  0,     ">=",            JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JGE64_X,          0x3d, NO,  0,     ">=",            JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JSET64_K,         0x45, NO,  0,     "&",             JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JSET64_X,         0x4d, NO,  0,     "&",             JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JNE64_K,          0x55, NO,  0,     "!=",            JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JNE64_X,          0x5d, NO,  0,     "!=",            JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JSGT64_K,         0x65, NO,  0,     "s>",            JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JSGT64_X,         0x6d, NO,  0,     "s>",            JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JSGE64_K,         0x75, NO,  0,     "s>=",           JMP_K,   R,  Z,   JMP, IMM,   1, base64)
INSN(JSGE64_X,         0x7d, NO,  0,     "s>=",           JMP_X,   R,  R,   JMP, Z,     1, base64)
INSN(JLT64_K,          0xa5, NO,  0,     "<",             JMP_K,   R,  Z,   JMP, IMM,   2, base64)
INSN(JLT64_X,          0xad, NO,  0,     "<",             JMP_X,   R,  R,   JMP, Z,     2, base64)
INSN(JLE64_K,          0xb5, NO,  0,     "<=",            JMP_K,   R,  Z,   JMP, IMM,   2, base64)
INSN(JLE64_X,          0xbd, NO,  0,     "<=",            JMP_X,   R,  R,   JMP, Z,     2, base64)
INSN(JSLT64_K,         0xc5, NO,  0,     "s<",            JMP_K,   R,  Z,   JMP, IMM,   2, base64)
INSN(JSLT64_X,         0xcd, NO,  0,     "s<",            JMP_X,   R,  R,   JMP, Z,     2, base64)
INSN(JSLE64_K,         0xd5, NO,  0,     "s<=",           JMP_K,   R,  Z,   JMP, IMM,   2, base64)
INSN(JSLE64_X,         0xdd, NO,  0,     "s<=",           JMP_X,   R,  R,   JMP, Z,     2, base64)
INSN(JEQ32_K,          0x16, NO,  0,     "==",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JEQ32_X,          0x1e, NO,  0,     "==",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JGT32_K,          0x26, NO,  0,     ">",             JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JGT32_X,          0x2e, NO,  0,     ">",             JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JGE32_K,          0x36, NO,  0,     ">=",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JGE32_X,          0x3e, NO,  0,     ">=",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JSET32_K,         0x46, NO,  0,     "&",             JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JSET32_X,         0x4e, NO,  0,     "&",             JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JNE32_K,          0x56, NO,  0,     "!=",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JNE32_X,          0x5e, NO,  0,     "!=",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JSGT32_K,         0x66, NO,  0,     "s>",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JSGT32_X,         0x6e, NO,  0,     "s>",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JSGE32_K,         0x76, NO,  0,     "s>=",           JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JSGE32_X,         0x7e, NO,  0,     "s>=",           JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JLT32_K,          0xa6, NO,  0,     "<",             JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JLT32_X,          0xae, NO,  0,     "<",             JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JLE32_K,          0xb6, NO,  0,     "<=",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JLE32_X,          0xbe, NO,  0,     "<=",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JSLT32_K,         0xc6, NO,  0,     "s<",            JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JSLT32_X,         0xce, NO,  0,     "s<",            JMP_X,   R,  R,   JMP, Z,     3, base32)
INSN(JSLE32_K,         0xd6, NO,  0,     "s<=",           JMP_K,   R,  Z,   JMP, IMM,   3, base32)
INSN(JSLE32_X,         0xde, NO,  0,     "s<=",           JMP_X,   R,  R,   JMP, Z,     3, base32)

/* calls: of a helper by id, of a subprogram by distance, of a kernel function by BTF id */
INSN(CALL_HELPER,      0x85, SRC, 0,     "call",          CALL,    Z,  SEL, Z,   ID,    1, base32)
INSN(CALL_SUBPROG,     0x85, SRC, 1,     "call",          CALL,    Z,  SEL, Z,   JMP,   1, base32)
INSN(CALL_KFUNC,       0x85, SRC, 2,     "call",          CALL,    Z,  SEL, FDX, BTFID, 1, base32)
INSN(EXIT,             0x95, NO,  0,     "exit",          EXIT,    Z,  Z,   ANY, Z,     1, base32)

/* 64-bit immediates: two slots; the second holds the upper half and is otherwise 0 */
INSN(LD64_IMM,         0x18, SRC, 0,     "=",             LD64,    W,  SEL, Z,   IMM,   1, base64)
INSN(LD64_MAP_FD,      0x18, SRC, 1,     "=",             LD64,    W,  SEL, Z,   FD,    1, base64)
INSN(LD64_MAP_VAL,     0x18, SRC, 2,     "=",             LD64,    W,  SEL, Z,   FD,    1, base64)
INSN(LD64_BTF_ID,      0x18, SRC, 3,     "=",             LD64,    W,  SEL, Z,   BTFID, 1, base64)
INSN(LD64_FUNC,        0x18, SRC, 4,     "=",             LD64,    W,  SEL, Z,   JMP,   1, base64)
INSN(LD64_MAP_IDX,     0x18, SRC, 5,     "=",             LD64,    W,  SEL, Z,   FDX,   1, base64)
INSN(LD64_MAP_IDX_VAL, 0x18, SRC, 6,     "=",             LD64,    W,  SEL, Z,   FDX,   1, base64)

/* loads and stores: *(size *)(reg + off) */
INSN(LDX_W,            0x61, NO,  0,     "=",             LDX,     W,  R,   MEM, Z,     1, base32)
INSN(LDX_H,            0x69, NO,  0,     "=",             LDX,     W,  R,   MEM, Z,     1, base32)
INSN(LDX_B,            0x71, NO,  0,     "=",             LDX,     W,  R,   MEM, Z,     1, base32)
INSN(LDX_DW,           0x79, NO,  0,     "=",             LDX,     W,  R,   MEM, Z,     1, base64)
INSN(LDXS_W,           0x81, NO,  0,     "=",             LDXS,    W,  R,   MEM, Z,     4, base64)
INSN(LDXS_H,           0x89, NO,  0,     "=",             LDXS,    W,  R,   MEM, Z,     4, base64)
INSN(LDXS_B,           0x91, NO,  0,     "=",             LDXS,    W,  R,   MEM, Z,     4, base64)
INSN(ST_W,             0x62, NO,  0,     "=",             ST,      R,  Z,   MEM, IMM,   1, base32)
INSN(ST_H,             0x6a, NO,  0,     "=",             ST,      R,  Z,   MEM, IMM,   1, base32)
INSN(ST_B,             0x72, NO,  0,     "=",             ST,      R,  Z,   MEM, IMM,   1, base32)
INSN(ST_DW,            0x7a, NO,  0,     "=",             ST,      R,  Z,   MEM, IMM,   1, base64)
INSN(STX_W,            0x63, NO,  0,     "=",             STX,     R,  R,   MEM, Z,     1, base32)
INSN(STX_H,            0x6b, NO,  0,     "=",             STX,     R,  R,   MEM, Z,     1, base32)
INSN(STX_B,            0x73, NO,  0,     "=",             STX,     R,  R,   MEM, Z,     1, base32)
INSN(STX_DW,           0x7b, NO,  0,     "=",             STX,     R,  R,   MEM, Z,     1, base64)

/* atomics: imm is the operation; CMPXCHG also reads and writes R0 */
INSN(ATOM64_ADD,       0xdb, IMM, 0,     "+=",            ATOMIC,  R,  R,   MEM, SEL,   1, atomic64)
INSN(ATOM64_FETCH_ADD, 0xdb, IMM, 1,     "fetch_add",     FETCH,   R,  RW,  MEM, SEL,   3, atomic64)
INSN(ATOM64_OR,        0xdb, IMM, 0x40,  "|=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic64)
INSN(ATOM64_FETCH_OR,  0xdb, IMM, 0x41,  "fetch_or",      FETCH,   R,  RW,  MEM, SEL,   3, atomic64)
INSN(ATOM64_AND,       0xdb, IMM, 0x50,  "&=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic64)
INSN(ATOM64_FETCH_AND, 0xdb, IMM, 0x51,  "fetch_and",     FETCH,   R,  RW,  MEM, SEL,   3, atomic64)
INSN(ATOM64_XOR,       0xdb, IMM, 0xa0,  "^=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic64)
INSN(ATOM64_FETCH_XOR, 0xdb, IMM, 0xa1,  "fetch_xor",     FETCH,   R,  RW,  MEM, SEL,   3, atomic64)
INSN(ATOM64_XCHG,      0xdb, IMM, 0xe1,  "xchg",          XCHG,    R,  RW,  MEM, SEL,   3, atomic64)
INSN(ATOM64_CMPXCHG,   0xdb, IMM, 0xf1,  "cmpxchg",       CMPXCHG, R,  R,   MEM, SEL,   3, atomic64)
INSN(ATOM32_ADD,       0xc3, IMM, 0,     "+=",            ATOMIC,  R,  R,   MEM, SEL,   1, atomic32)
INSN(ATOM32_FETCH_ADD, 0xc3, IMM, 1,     "fetch_add",     FETCH,   R,  RW,  MEM, SEL,   3, atomic32)
INSN(ATOM32_OR,        0xc3, IMM, 0x40,  "|=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic32)
INSN(ATOM32_FETCH_OR,  0xc3, IMM, 0x41,  "fetch_or",      FETCH,   R,  RW,  MEM, SEL,   3, atomic32)
INSN(ATOM32_AND,       0xc3, IMM, 0x50,  "&=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic32)
INSN(ATOM32_FETCH_AND, 0xc3, IMM, 0x51,  "fetch_and",     FETCH,   R,  RW,  MEM, SEL,   3, atomic32)
INSN(ATOM32_XOR,       0xc3, IMM, 0xa0,  "^=",            ATOMIC,  R,  R,   MEM, SEL,   3, atomic32)
INSN(ATOM32_FETCH_XOR, 0xc3, IMM, 0xa1,  "fetch_xor",     FETCH,   R,  RW,  MEM, SEL,   3, atomic32)
INSN(ATOM32_XCHG,      0xc3, IMM, 0xe1,  "xchg",          XCHG,    R,  RW,  MEM, SEL,   3, atomic32)
INSN(ATOM32_CMPXCHG,   0xc3, IMM, 0xf1,  "cmpxchg",       CMPXCHG, R,  R,   MEM, SEL,   3, atomic32)
INSN(LOAD_ACQ_W,       0xc3, IMM, 0x100, "load_acquire",  LDACQ,   W,  R,   MEM, SEL,   4, linux)
INSN(LOAD_ACQ_H,       0xcb, IMM, 0x100, "load_acquire",  LDACQ,   W,  R,   MEM, SEL,   4, linux)
INSN(LOAD_ACQ_B,       0xd3, IMM, 0x100, "load_acquire",  LDACQ,   W,  R,   MEM, SEL,   4, linux)
INSN(LOAD_ACQ_DW,      0xdb, IMM, 0x100, "load_acquire",  LDACQ,   W,  R,   MEM, SEL,   4, linux)
INSN(STORE_REL_W,      0xc3, IMM, 0x110, "store_release", STREL,   R,  R,   MEM, SEL,   4, linux)
INSN(STORE_REL_H,      0xcb, IMM, 0x110, "store_release", STREL,   R,  R,   MEM, SEL,   4, linux)
INSN(STORE_REL_B,      0xd3, IMM, 0x110, "store_release", STREL,   R,  R,   MEM, SEL,   4, linux)
INSN(STORE_REL_DW,     0xdb, IMM, 0x110, "store_release", STREL,   R,  R,   MEM, SEL,   4, linux)

/* legacy packet access: reads the context from R6, writes R0, clobbers R1-R5 */
INSN(LD_ABS_W,         0x20, NO,  0,     "=",             LD_ABS,  Z,  Z,   Z,   IMM,   1, packet)
INSN(LD_ABS_H,         0x28, NO,  0,     "=",             LD_ABS,  Z,  Z,   Z,   IMM,   1, packet)
INSN(LD_ABS_B,         0x30, NO,  0,     "=",             LD_ABS,  Z,  Z,   Z,   IMM,   1, packet)
INSN(LD_IND_W,         0x40, NO,  0,     "=",             LD_IND,  Z,  R,   Z,   IMM,   1, packet)
INSN(LD_IND_H,         0x48, NO,  0,     "=",             LD_IND,  Z,  R,   Z,   IMM,   1, packet)
INSN(LD_IND_B,         0x50, NO,  0,     "=",             LD_IND,  Z,  R,   Z,   IMM,   1, packet)

#undef INSN
