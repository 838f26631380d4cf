// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Waiting that ends: the HTTP client's own timeouts end with the head of an answer.
enum Patience {
    /// What the body comes to, or something else if that takes too long; the body is cancelled then.
    static func wait<Value: Sendable>(
        _ limit: Duration, else fallback: Value, for body: @escaping @Sendable () async -> Value
    ) async -> Value {
        await withTaskGroup(of: Value.self) { group in
            group.addTask { await body() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return fallback
            }
            let first = await group.next() ?? fallback
            group.cancelAll()
            return first
        }
    }
}
