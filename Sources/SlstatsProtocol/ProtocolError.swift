// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// An error as it goes over the wire: a JSON-RPC number for machines, a stable word for programs, a sentence for people.
package struct ProtocolError: Error, Equatable, Sendable {
    package enum Code: Int, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
        case internalError = -32603
        case refused = -32000
    }

    /// The stable words of `error.data.reason`. They are a contract: add, never rename.
    package enum Reason: String, CaseIterable, Sendable {
        case notJSON = "not-json"
        case notARequest = "not-a-request"
        case unknownMethod = "unknown-method"
        case wrongParams = "wrong-params"
        case tooLarge = "too-large"
        case eventRefused = "event-refused"
        case rateLimited = "rate-limited"
        case spoolFull = "spool-full"
        case spoolUnavailable = "spool-unavailable"
        case stateUnavailable = "state-unavailable"
        case rcFileUnusable = "rc-file-unusable"
        case lockedByPolicy = "locked-by-policy"
        case stopping = "stopping"
        case cannotRun = "cannot-run"
    }

    package let code: Code
    package let reason: Reason
    package let message: String
    /// The catalogue paths at fault, for refused events.
    package let fields: [String]

    package init(_ code: Code, _ reason: Reason, _ message: String, fields: [String] = []) {
        self.code = code
        self.reason = reason
        self.message = message
        self.fields = fields
    }

    package static func invalidParams(_ message: String) -> ProtocolError {
        ProtocolError(.invalidParams, .wrongParams, message)
    }
}
