// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Counts for all who look at the same time, and for a while behind it: counting a large database takes most of a second,
/// and anybody can press reload.
actor FiguresCache {
    private static let lifetime = TimeAmount.seconds(10)

    private let store: EventStore
    private let threshold: Int
    private var last: (since: NIODeadline, figures: Task<Figures, any Error>)?

    init(store: EventStore, threshold: Int) {
        self.store = store
        self.threshold = threshold
    }

    func figures(now: NIODeadline = .now()) async throws -> Figures {
        if let last, now - last.since < Self.lifetime { return try await last.figures.value }
        let figures = Task { [store, threshold] in try await store.figures(threshold: threshold) }
        last = (now, figures)
        do {
            return try await figures.value
        } catch {
            last = nil
            throw error
        }
    }
}
