// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#include "CChecksum.h"

#include <string.h>

/// The reversed polynomial, four bits at a time: small, and only for processors older than 2008.
static const uint32_t table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t slstats_crc32c_portable(uint32_t checksum, const uint8_t *bytes, size_t count) {
    uint32_t state = ~checksum;
    for (size_t index = 0; index < count; index++) {
        state ^= bytes[index];
        state = table[state & 15] ^ state >> 4;
        state = table[state & 15] ^ state >> 4;
    }
    return ~state;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#define WITH_INSTRUCTION __attribute__((target("sse4.2")))
#define STEP_8(state, word) (uint32_t)_mm_crc32_u64(state, word)
#define STEP_1(state, byte) _mm_crc32_u8(state, byte)

int slstats_crc32c_has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#define WITH_INSTRUCTION __attribute__((target("crc")))
#define STEP_8(state, word) __crc32cd(state, word)
#define STEP_1(state, byte) __crc32cb(state, byte)

int slstats_crc32c_has_instruction(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else
int slstats_crc32c_has_instruction(void) { return 0; }
#endif

#ifdef WITH_INSTRUCTION
WITH_INSTRUCTION static uint32_t with_instruction(uint32_t checksum, const uint8_t *bytes, size_t count) {
    uint32_t state = ~checksum;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        state = STEP_8(state, word);
    }
    for (; count > 0; count--, bytes++) state = STEP_1(state, *bytes);
    return ~state;
}
#endif

uint32_t slstats_crc32c(uint32_t checksum, const uint8_t *bytes, size_t count) {
#ifdef WITH_INSTRUCTION
    if (slstats_crc32c_has_instruction()) return with_instruction(checksum, bytes, count);
#endif
    return slstats_crc32c_portable(checksum, bytes, count);
}
