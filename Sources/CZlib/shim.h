// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#include <zlib.h>

// A macro with a cast, which Swift does not import.
static inline int slstats_deflate_init_gzip(z_streamp stream) {
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

// 16 more: gzip and nothing else.
static inline int slstats_inflate_init_gzip(z_streamp stream) {
    return inflateInit2(stream, 15 + 16);
}
