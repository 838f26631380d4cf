// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore

/// The connections that are open: whether there is room for one more, and who could make some.
///
/// NIO spins on a descriptor limit that is reached (accept(2) fails, the socket stays readable), so it is kept away from:
/// about half of the descriptors are left for files, deliveries, the loop itself, and the few connections that NIO accepts
/// before it asks again.
final class Connections {
    /// A connection that has asked nothing for so long, and taken nothing of an answer, may be closed if others need the
    /// room.
    static var patience: TimeAmount { .seconds(1) }

    private let limit: Int
    private var open: [ObjectIdentifier: NIOLoopBound<ConnectionHandler>] = [:]
    /// When the last one was opened or closed.
    private(set) var lastChange = NIODeadline.now()
    /// When the daemon stops: until when they can go on asking. What is being made for them then is waited for.
    var end = NIODeadline.distantFuture
    /// Called when room has been made; set by whoever found none.
    private var wakeUp: (() -> Void)?

    init(limit: Int) { self.limit = limit }

    /// For as many descriptors as this process may have.
    static func limit() -> Int {
        var descriptors = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors) == 0 else { return 256 }
        return Int(min(1024, descriptors.rlim_cur / 2))
    }

    /// Nobody could connect before now.
    func restartClock() { lastChange = .now() }

    var isEmpty: Bool { open.isEmpty }
    var hasRoom: Bool { open.count < limit }

    func opened(_ connection: NIOLoopBound<ConnectionHandler>) {
        open[ObjectIdentifier(connection.value)] = connection
        lastChange = .now()
    }

    func closed(_ connection: ConnectionHandler) {
        open[ObjectIdentifier(connection)] = nil
        lastChange = .now()
        guard hasRoom, let wakeUp else { return }
        self.wakeUp = nil
        wakeUp()
    }

    /// Has a closure called once, when there is room again.
    func whenRoom(_ wakeUp: @escaping () -> Void) { self.wakeUp = wakeUp }

    /// Closes those that have been silent for ``patience``, unless an answer to them is being made.
    func closeSilent(at now: NIODeadline) {
        for connection in open.values.map(\.value) {
            if let since = connection.lookForSilence(at: now), since + Self.patience <= now { connection.close() }
        }
    }
}
