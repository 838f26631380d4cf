// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Answers of one connection, in the order of its requests, whichever is ready first.
///
/// JSON-RPC would allow any order; a client that reads line by line is happier with this one.
struct ReplyQueue {
    /// Ready to be written: everything before the first answer that is still missing.
    private var ready: [UInt8] = []
    /// From the first missing answer on; `nil` is missing.
    private var slots: Deque<[UInt8]?> = []
    private var firstSlot = 0

    /// Some answer is still missing.
    var isWaiting: Bool { !slots.isEmpty }

    mutating func append(_ reply: [UInt8]) {
        if slots.isEmpty { ready += reply } else { slots.append(reply) }
    }

    /// Keeps a place for an answer that comes later; to be filled exactly once, with nothing if there is none.
    mutating func reserve() -> Int {
        slots.append(nil)
        return firstSlot + slots.count - 1
    }

    mutating func fill(_ slot: Int, with reply: [UInt8]) {
        slots[slot - firstSlot] = reply
        while let first = slots.first, let reply = first {
            ready += reply
            slots.removeFirst()
            firstSlot += 1
        }
    }

    /// Takes what can be written now.
    mutating func takeReady() -> [UInt8] {
        defer { ready.removeAll(keepingCapacity: ready.capacity <= 64 << 10) }
        return ready
    }
}
