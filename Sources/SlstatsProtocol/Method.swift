// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What can be asked over the socket (Protocol.md, "Methods").
package enum Method: String, CaseIterable, Sendable {
    case hello
    case record
    case setTelemetry = "telemetry.set"
    case explainTelemetry = "telemetry.explain"
    case claimNotification = "notifications.claim"
    case listNotifications = "notifications.list"
    case acknowledgeNotification = "notifications.acknowledge"
    case snoozeNotification = "notifications.snooze"
    case resetNotification = "notifications.reset"
    case flush
    case pending
    case hold
    case release
    case drop
    case id
    case rotateID = "id.rotate"
    case sent
    case verifySent = "sent.verify"
    case status
    case schema
    case disclosure
}

/// What `record` promises when it answers.
package enum Durability: String, Sendable {
    /// The event is in the kernel: it survives a crash or a kill of the daemon, and is synced within a second.
    case accepted
    /// The event is on stable storage: it survives a loss of power.
    case synced
}
