// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4). In C because Swift has no way to name the instruction.

#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// Whether this processor has the instruction: SSE 4.2 on x86-64, the CRC extension on ARMv8.
int slstats_crc32c_has_instruction(void);

/// Carries a checksum on over more bytes; start with 0. Eight bytes an instruction where there is one.
uint32_t slstats_crc32c(uint32_t checksum, const uint8_t *bytes, size_t count);

/// The same with a table, for processors without the instruction, and to compare the two.
uint32_t slstats_crc32c_portable(uint32_t checksum, const uint8_t *bytes, size_t count);

#endif
