// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// How malloc keeps the memory of a process that runs for weeks.
///
/// glibc gives threads heaps of their own, so that many can allocate at once; each has its own holes and its own free end.
/// Here one thread does nearly everything, and the others would each keep what a moment had needed.
enum Heap {
    /// Bytes from which a block that finds no room comes from the kernel by itself, and goes back there: glibc's own first
    /// value. Left to itself it follows the largest such block that was ever given back, up to 32 MiB; smaller ones make the
    /// heap longer, and what comes to lie behind them holds their room.
    private static let mappedFrom: CInt = 128 << 10

    /// Free bytes at the heap's end from which all but 128 KiB of them (M_TOP_PAD) go back. Already with 128 KiB, glibc's own
    /// value, they would go and be fetched again under load.
    private static let trimmedFrom: CInt = 512 << 10

    /// Sets one heap for all threads, and what stays in it (mallopt(3)), whatever the environment says; to be called before
    /// there is a second thread. Where malloc is somebody else's, as under a sanitizer, it changes nothing.
    static func settle() {
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, mappedFrom)
        mallopt(M_TRIM_THRESHOLD, trimmedFrom)
    }
}
