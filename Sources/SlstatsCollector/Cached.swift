// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Something that takes a while to find out: one look for all who ask at the same time, and for a while behind it.
actor Cached<Value: Sendable> {
    private static var lifetime: TimeAmount { .seconds(10) }

    private let find: @Sendable () async throws -> Value
    private let stays: @Sendable (Value) -> Bool
    private var last: (value: Value, at: NIODeadline)?
    private var running: Task<Value, any Error>?

    /// - Parameter stays: whether it is the same for longer.
    init(
        stays: @escaping @Sendable (Value) -> Bool = { _ in false },
        _ find: @escaping @Sendable () async throws -> Value
    ) {
        self.stays = stays
        self.find = find
    }

    func value() async throws -> Value {
        if let last, .now() - last.at < Self.lifetime || stays(last.value) { return last.value }
        if let running { return try await running.value }
        let task = Task { [find] in try await find() }
        running = task
        defer { running = nil }
        let value = try await task.value
        last = (value, .now())
        return value
    }
}
