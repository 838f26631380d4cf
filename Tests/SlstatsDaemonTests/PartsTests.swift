// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import ServiceLifecycle
import SlstatsDaemon
import Synchronization
import Testing

@Suite("The parts of the daemon")
struct PartsTests {
    /// Runs the part, until it is told to die of an error or to end as if nothing were the matter.
    private struct Mortal: Service {
        let part: any Service
        let death: AsyncStream<Void>
        let error: (any Error)?

        func run() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await part.run() }
                group.addTask {
                    for await _ in death {}
                    // Cancelled by the end of the part.
                    guard !Task.isCancelled else { return }
                    if let error { throw error }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private struct Death: Error {}

    private static let parts = [
        "StoreService", "ConsentWatch", "Flusher", "FeedFetcher", "Reload", "Watchdog", "SocketServer", "IdleExit",
    ]

    @Test("whichever dies or ends, the daemon ends, and nobody is left waiting for half of it [F147]", arguments: parts)
    func dies(_ name: String) async throws {
        for error in [Death(), nil] as [Death?] {
            let (death, dies) = AsyncStream<Void>.makeStream()
            let found = Mutex<[String]>([])
            var hooks = Daemon.Hooks()
            hooks.configuration = { DaemonConfiguration() }
            hooks.watchdog = (.seconds(3600), {})
            hooks.part = { part in
                found.withLock { $0.append("\(type(of: part))") }
                return "\(type(of: part))" == name ? Mortal(part: part, death: death, error: error) : part
            }
            func run() async throws {
                try await TestDaemon.run(hooks: hooks) { daemon in
                    try await LineConnection.open(daemon.socket) { connection async throws in
                        #expect(try await connection.ask("hello")["version"] != nil)
                        dies.finish()
                        // The end of the daemon is the end of the connection.
                        while try await connection.receive() != nil {}
                    }
                }
            }
            // An idle daemon may end when it likes; everybody else ends the daemon with an error.
            if name == "IdleExit", error == nil {
                try await run()
            } else {
                await #expect(throws: (any Error).self) { try await run() }
            }
            #expect(found.withLock { Set($0) } == Set(Self.parts))
        }
    }
}
