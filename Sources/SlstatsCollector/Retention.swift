// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import Logging
internal import ServiceLifecycle

/// Removes what is too old, at the start and once an hour.
struct Retention: Service {
    let store: EventStore
    let keep: Duration
    let metrics: CollectorMetrics
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await expire()
                try await Task.sleep(for: .seconds(3600))
            }
        }
    }

    private func expire() async {
        do {
            let count = try await store.expire(before: EventStore.now - Int64(keep / .milliseconds(1)))
            metrics.note(expired: count)
            if count > 0 { logger.info("old events removed", metadata: ["events": "\(count)"]) }
        } catch {
            logger.error("old events not removed, will try again", metadata: ["error": "\(error)"])
        }
    }
}
