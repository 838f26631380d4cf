// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import ServiceLifecycle
internal import SlstatsCore

/// Delivers batches when the store says so, one after the other, until there are none or one fails.
struct Flusher: Service {
    private let store: Store
    private let exporter: any Exporter
    private let logger: Logger

    init(store: Store, exporter: any Exporter, logger: Logger) {
        self.store = store
        self.exporter = exporter
        self.logger = logger
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in store.exportRequests { await exportPending() }
        } onGracefulShutdown: {
            // The batch stays in the spool under its id; the next start sends it.
            store.stopExports()
        }
    }

    private func exportPending() async {
        while let export = await store.nextExport() {
            let outcome = await run(export)
            log(outcome, export)
            guard await store.finishExport(of: export.key, with: outcome) else { return }
        }
    }

    /// Whichever comes first: the end of the attempt, or the end of anybody wanting it.
    private func run(_ export: Store.Export) async -> DeliveryOutcome {
        await withTaskGroup(of: DeliveryOutcome.self) { group in
            group.addTask { await exporter.export(export.body, key: export.key) }
            group.addTask {
                for await _ in export.cancellation {}
                return .cancelled
            }
            // What came of the requests before: the disk and the collector work at the same time.
            await store.accountForSettled(atLeast: 2)
            let first = await group.next() ?? .cancelled
            group.cancelAll()
            // The attempt may have been answered in the very moment in which it was cancelled.
            if first == .cancelled, case .delivered(let answer)? = await group.next() {
                return .delivered(answer: answer)
            }
            return first
        }
    }

    private func log(_ outcome: DeliveryOutcome, _ export: Store.Export) {
        let metadata: Logger.Metadata = [
            "batch": "\(export.key)", "events": "\(export.eventCount)", "outcome": "\(outcome.summary)",
        ]
        switch outcome {
        case .delivered, .cancelled: logger.debug("export finished", metadata: metadata)
        case .retryLater, .cutOff: logger.notice("export failed, will retry", metadata: metadata)
        case .rejected: logger.notice("collector refused a request, looking for the reason in it", metadata: metadata)
        case .stop: logger.error("collector refuses us, sending stopped", metadata: metadata)
        }
    }
}
