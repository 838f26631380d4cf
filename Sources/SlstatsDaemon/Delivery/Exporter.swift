// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsCore

/// Some events of a batch, and how to say them.
struct ExportRequest: Sendable {
    /// The same for the same events, however often they are sent.
    let key: BatchID
    let events: BatchBody
    /// Which of them.
    let range: Range<Int>
    let encoding: RequestEncoding

    var eventCount: Int { range.count }
    /// Before any compression.
    var body: [UInt8] { encoding.body(events, range) }
}

/// Takes events to wherever they go. One attempt a call; when to try again is the state machine's business.
protocol Exporter: Sendable {
    /// Cancelling the task ends the attempt; what the other side has seen by then is unknown, and the key stays.
    func export(_ request: ExportRequest) async -> DeliveryOutcome

    /// Called once, when nothing is on its way. Nobody waits for connections to be closed, or for one that is being made:
    /// a name server that does not answer may take longer than a daemon that stops has.
    func shutdown()
}
