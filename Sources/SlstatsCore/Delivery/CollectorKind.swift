// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What is spoken at the other end: `collector.kind`.
package enum CollectorKind: String, Sendable, CaseIterable {
    /// As the original does it: a JSON array of events, answered by a list of notifications (interface.md, section 5).
    case serverless
    /// The OpenTelemetry Protocol over HTTP, logs in its JSON encoding.
    case otlp
}

/// How events become the body of a request, and what the answer says of them.
package enum RequestEncoding: Sendable, Equatable {
    case serverless
    case otlp(OTLPLogs)

    /// The body for some events of a batch, before any compression.
    package func body(_ events: BatchBody, _ range: Range<Int>) -> [UInt8] {
        switch self {
        case .serverless: events.jsonArray(range)
        case .otlp(let logs): logs.request(range.map { events[$0] })
        }
    }

    package func outcome(status: Int, answer: [UInt8], retryAfter: Duration?) -> DeliveryOutcome {
        switch self {
        case .serverless: DeliveryOutcome(status: status, answer: answer, retryAfter: retryAfter)
        case .otlp: DeliveryOutcome(otlpStatus: status, answer: answer, retryAfter: retryAfter)
        }
    }

    /// A request that is refused for what is in it is tried again in halves, to find out which event it is. OTLP forbids
    /// that ("Failures"): the whole of it goes into quarantine.
    package var isolatesRefused: Bool { self == .serverless }

    /// The answer may hold notifications.
    package var bringsNotifications: Bool { self == .serverless }
}
