// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import SlstatsCore

/// Tells the service manager that we live, each time after a round trip through event loop, thread and spool: a timer that
/// ticks beside a daemon that hangs would say nothing (sd_watchdog_enabled(3)).
struct Watchdog: Service {
    let store: Store
    let interval: TimeAmount
    let ping: @Sendable () -> Void

    func run() async throws {
        let timer = store.loop.scheduleRepeatedAsyncTask(initialDelay: interval, delay: interval) { _ in
            store.assumeIsolated { $0.roundTrip() }.map(ping)
        }
        let (end, ends) = AsyncStream<Never>.makeStream()
        await withGracefulShutdownHandler {
            for await _ in end {}
        } onGracefulShutdown: {
            // What is left to do has a limit of its own.
            ends.finish()
        }
        timer.cancel()
    }
}

extension Store {
    /// Through the thread that syncs, and the folder it syncs, back to the event loop. A disk that hangs keeps it.
    fileprivate func roundTrip() -> EventLoopFuture<Void> {
        let (files, folder) = (files, spool.folder)
        // A folder that somebody removed is no reason to start again.
        return syncThread.runIfActive(eventLoop: loop) { _ = try? files.status(of: folder) }
    }
}
