// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import ServiceLifecycle
internal import SlstatsCore

extension Store {
    /// Called when connections are accepted: who has waited for that finds a daemon that stays, however long the start
    /// took and however short its idle time is.
    func beginIdling() {
        connections.restartClock()
        armIdleTimer()
    }

    /// Looks once when the time may have come, and not at each connection: an idle daemon sleeps until then.
    func armIdleTimer() {
        guard let exitAfter = configuration.idle.exitAfter.map(TimeAmount.init), idleTimer == nil else { return }
        let due = connections.lastChange + exitAfter
        let now = NIODeadline.now()
        // Whatever keeps it at work lasts a while.
        idleTimer = loop.scheduleTask(deadline: due > now ? due : now + exitAfter) {
            self.assumeIsolated { store in
                store.idleTimer = nil
                let isOver = store.connections.lastChange + exitAfter <= .now()
                if isOver, !store.isNeeded { store.idleEnd.finish() } else { store.armIdleTimer() }
            }
        }
    }

    /// Somebody is connected, or there is something to deliver, to put on disk, or to be tried again: a no that could not
    /// be written down yet is.
    private var isNeeded: Bool {
        !connections.isEmpty || spool.pendingEvents > 0 || spool.hasUnsynced || isSyncing || runningExport != nil
            || removal != nil
            || isFeedRunning || debtTimer != nil || sentKeeping != nil
    }
}

/// Returns when nobody needs the daemon any more; its group then stops everything, as on SIGTERM.
struct IdleExit: Service {
    let store: Store

    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in store.idleEnds {}
        } onGracefulShutdown: {
            store.idleEnd.finish()
        }
    }
}
