// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import SlstatsCore

/// Delivers batches when the store says so, one after the other, until there are none or one fails.
struct Flusher: Service {
    private let store: Store
    private let group: any EventLoopGroup
    private let logger: Logger

    init(store: Store, group: any EventLoopGroup, logger: Logger) {
        self.store = store
        self.group = group
        self.logger = logger
    }

    func run() async throws {
        var current: (settings: CollectorSettings, exporter: any Exporter)?
        await withGracefulShutdownHandler {
            for await _ in store.exportRequests {
                while let export = await store.nextExport() {
                    if current?.settings != export.settings {
                        current?.exporter.shutdown()
                        current = nil
                    }
                    do {
                        let exporter =
                            try current?.exporter
                            ?? HTTPExporter(export.settings, url: export.url, group: group, clock: .system)
                        current = (export.settings, exporter)
                        guard await finish(export, exporter) else { break }
                    } catch {
                        await store.exportFailed("\(error)")
                        break
                    }
                }
            }
        } onGracefulShutdown: {
            // The batch stays in the spool under its id; the next start sends it.
            store.stopExports()
        }
        // A client that is let go without that ends the process.
        current?.exporter.shutdown()
    }

    /// - Returns: whether to go on.
    private func finish(_ export: Store.Export, _ exporter: any Exporter) async -> Bool {
        let outcome = await run(export, exporter)
        log(outcome, export)
        return await store.finishExport(of: export.request.key, with: outcome)
    }

    /// Whichever comes first: the end of the attempt, or the end of anybody wanting it.
    private func run(_ export: Store.Export, _ exporter: any Exporter) async -> DeliveryOutcome {
        await withTaskGroup(of: DeliveryOutcome.self) { group in
            group.addTask { await exporter.export(export.request) }
            group.addTask {
                for await _ in export.cancellation {}
                return .cancelled
            }
            let first = await group.next() ?? .cancelled
            group.cancelAll()
            // The attempt may have been answered in the very moment in which it was cancelled.
            if first == .cancelled, let late = await group.next(), late.isDelivered { return late }
            return first
        }
    }

    private func log(_ outcome: DeliveryOutcome, _ export: Store.Export) {
        let metadata: Logger.Metadata = [
            "batch": "\(export.request.key)", "events": "\(export.request.eventCount)", "outcome": "\(outcome.summary)",
        ]
        switch outcome {
        case .delivered, .cancelled: logger.debug("export finished", metadata: metadata)
        case .partlyDelivered:
            logger.warning("collector has not taken all of a request", metadata: metadata)
        case .retryLater, .cutOff: logger.notice("export failed, will retry", metadata: metadata)
        case .rejected: logger.notice("collector refused a request, looking for the reason in it", metadata: metadata)
        case .stop: logger.error("collector refuses us, sending stopped", metadata: metadata)
        }
    }
}
