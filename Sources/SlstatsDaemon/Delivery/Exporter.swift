// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsCore

/// Takes events to wherever they go. One attempt a call; when to try again is the state machine's business.
protocol Exporter: Sendable {
    /// Cancelling the task ends the attempt; what the other side has seen by then is unknown, and the key stays.
    ///
    /// - Parameters:
    ///   - body: a JSON array of events.
    ///   - key: the same for the same events, however often they are sent.
    func export(_ body: [UInt8], key: BatchID) async -> DeliveryOutcome

    /// Called once, when nothing is on its way.
    func shutdown() async throws
}
