// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Numbers that client and daemon have to agree on (Protocol.md, "Limits").
package enum ProtocolLimits {
    /// Raised only when an old client could misunderstand a new daemon; new methods and members need no new number.
    package static let version = 1
    /// A line with its newline. Longer ones are answered `too-large` and the connection ends.
    package static let maximumLineBytes = 64 * 1024
    /// What a `sockaddr_un` holds besides its terminating NUL, less what NIO keeps for itself.
    package static let maximumSocketPathBytes = 103
    /// Entries of a list of notifications, and bytes of a feed: more than this nobody has to say.
    package static let maximumNotifications = 256
    package static let maximumFeedBytes = 256 << 10
    /// Ten years: who wants longer wants `notifications.acknowledge`.
    package static let maximumSnoozeMilliseconds: Int64 = 10 * 366 * 24 * 3_600_000
}
