// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Why the daemon did not do what it was asked.
public struct SlstatsClientError: Error, Equatable, Sendable {
    public enum Code: Sendable, Equatable {
        /// Nobody listens, and no daemon could be started.
        case unreachable
        /// The deadline passed; the daemon may or may not have done it.
        case timedOut
        /// The daemon went away or spoke nonsense before it had answered.
        case connectionLost
        /// The daemon understood and said no; ``SlstatsClientError/reason`` says why.
        case refused
        /// The request would be longer than a line may be.
        case tooLarge
    }

    public let code: Code
    /// For ``Code/refused``: the stable word of `error.data.reason`, such as `event-refused`.
    public let reason: String?
    /// For `event-refused`: the fields that are not in the catalogue, or not as it wants them.
    public let fields: [String]
    /// What happened, to what, and what the reader can do about it.
    public let message: String

    package init(_ code: Code, reason: String? = nil, fields: [String] = [], _ message: String) {
        self.code = code
        self.reason = reason
        self.fields = fields
        self.message = message
    }
}

extension SlstatsClientError: CustomStringConvertible {
    public var description: String { message }
}
