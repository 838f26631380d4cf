// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// So many events an hour of each program, so that one in a loop does not push others out of the spool.
///
/// Who somebody is takes a look into /proc, so nobody is looked up as long as all together stay below the limit of one.
/// What came until then is nobody's: a program gets its own limit from the first event that it is looked up for, so that
/// one alone has twice as many.
package struct SenderLimits: Sendable {
    package let perHour: Int
    private var all: RateLimit
    private var senders: [String: RateLimit] = [:]

    /// More programs at once have one limit together; memory is not theirs to fill.
    private static let maximumSenders = 256
    private static let others = ""

    /// - Parameter now: steady milliseconds.
    package init(perHour: Int, now: Int64) {
        self.perHour = perHour
        all = RateLimit(perHour: perHour, now: now)
    }

    /// - Parameter name: of the program; asked only if it matters.
    /// - Returns: the program that has had its share; `nil` if there was room.
    package mutating func take(now: Int64, _ name: () -> String) -> String? {
        if all.take(now: now) { return nil }
        var sender = name()
        if senders[sender] == nil, senders.count >= Self.maximumSenders {
            // Whoever has been quiet for an hour begins anew in any case.
            senders = senders.filter { !$0.value.isFull(now: now) }
            if senders.count >= Self.maximumSenders { sender = Self.others }
        }
        var limit = senders[sender] ?? RateLimit(perHour: perHour, now: now)
        let isTaken = limit.take(now: now)
        senders[sender] = limit
        return isTaken ? nil : sender
    }
}
