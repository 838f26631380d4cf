// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsCore

/// Takes a batch to wherever events go. One attempt a call; when to try again is the state machine's business.
protocol Exporter: Sendable {
    /// Cancelling the task ends the attempt; what the other side has seen by then is unknown, and the batch keeps its id.
    func export(_ batch: BatchBody) async -> DeliveryOutcome
}
