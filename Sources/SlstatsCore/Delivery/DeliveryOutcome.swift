// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What one attempt to deliver a batch came to (engineering-notes, section 6).
package enum DeliveryOutcome: Sendable, Equatable {
    /// 2xx, with a body that may hold notifications.
    case delivered(answer: [UInt8], status: Int = 200)
    /// 2xx, but some events were refused, and it is not said which; or all were taken, with a word of warning.
    case partlyDelivered(answer: [UInt8], status: Int, rejected: Int, message: String)
    /// The collector will never take this request as it is.
    case rejected(status: Int)
    /// No answer, or one that says "not now"; `delay` is what it asked for.
    case retryLater(delay: Duration?, reason: String)
    /// The connection ended before the answer: a server in trouble, or one that answered before it had read the request
    /// and closed, whereupon the kernel threw the answer away (RFC 9112, section 9.6).
    case cutOff(reason: String)
    /// 401, 403, 410, 451, or something of the configuration that cannot be used: nothing more is sent until it changes.
    case stop(reason: String)
    /// Telemetry was turned off meanwhile.
    case cancelled

    /// 413: smaller ones may be taken.
    package static let contentTooLarge = 413

    /// What a status code alone says.
    package init(status: Int, answer: [UInt8], retryAfter: Duration?) {
        self =
            switch status {
            case 200..<300: .delivered(answer: answer, status: status)
            case 401, 403, 410, 451: .stop(reason: "HTTP \(status)")
            case 408, 425, 429, 500...: .retryLater(delay: retryAfter, reason: "HTTP \(status)")
            // A redirect to another place is a configuration to be mended, not followed.
            case 300..<400: .retryLater(delay: nil, reason: "HTTP \(status), redirects are not followed")
            default: .rejected(status: status)
            }
    }

    package var isDelivered: Bool {
        switch self {
        case .delivered, .partlyDelivered: true
        case .rejected, .retryLater, .cutOff, .stop, .cancelled: false
        }
    }

    /// A word for `status` and `flush`.
    package var summary: String {
        switch self {
        case .delivered: "delivered"
        case .partlyDelivered(_, _, let rejected, let message):
            "delivered, \(rejected) refused\(message.isEmpty ? "" : ": \(message)")"
        case .rejected(let status): "rejected: HTTP \(status)"
        case .retryLater(_, let reason), .cutOff(let reason): "will retry: \(reason)"
        case .stop(let reason): "stopped: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}
