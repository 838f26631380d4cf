// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Waiting that ends: the HTTP client's own timeouts end with the head of an answer. The event loop keeps the time.
enum Patience {
    /// What the body comes to, or something else if that takes too long; the body is cancelled then.
    static func wait<Value: Sendable>(
        _ limit: TimeAmount, on loop: any EventLoop, else fallback: Value,
        for body: @escaping @Sendable () async -> Value
    ) async -> Value {
        let timer = loop.scheduleTask(in: limit) {}
        defer { timer.cancel() }
        return await withTaskGroup(of: Value.self) { group in
            group.addTask { await body() }
            group.addTask {
                await withTaskCancellationHandler {
                    try? await timer.futureResult.get()
                } onCancel: {
                    timer.cancel()
                }
                return fallback
            }
            let first = await group.next() ?? fallback
            group.cancelAll()
            return first
        }
    }
}
