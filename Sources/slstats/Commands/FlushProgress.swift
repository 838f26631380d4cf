// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// One line on a terminal that is written over as events go, and is gone at the end.
struct FlushProgress {
    static let interval = Duration.milliseconds(100)

    private let sentBefore: Int64

    /// - Parameter status: the answer to `status` before anything was asked for.
    init(_ status: JSON) {
        sentBefore = status["events"]?["sent"]?.integer ?? 0
        show(status)
    }

    /// - Parameter status: of one instant, so that the figures fit each other; others' new events are in it.
    func show(_ status: JSON) {
        let sent = (status["events"]?["sent"]?.integer ?? 0) - sentBefore
        let pending = status["events"]?["pending"]?.integer ?? 0
        let batches = status["spool"]?["segments"]?.integer ?? 0
        let left = batches == 1 ? "1 batch" : "\(batches) batches"
        Output.overwrite("Sent \(sent) of \(sent + pending) events, \(left) left")
    }

    func end() { Output.overwrite("") }
}
