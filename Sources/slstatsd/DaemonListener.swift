// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CLoader
internal import Glibc
internal import Logging
internal import SlstatsDaemon
internal import SlstatsProtocol
internal import SystemdSupport

/// The socket we listen on, and who takes care of its path.
struct DaemonListener {
    let descriptor: CInt
    private let location: SocketLocation
    /// Set if the path is ours to remove; systemd keeps its own.
    private let inode: UInt64?

    var isPathOurs: Bool { inode != nil }

    /// From the client that started us, whose path we take over, or from systemd, which keeps it, or bound here.
    ///
    /// - Parameter inode: of the path, if a client bound it for us.
    static func open(
        at location: SocketLocation, handedOver descriptor: CInt?, inode: UInt64?
    ) throws -> DaemonListener {
        if let descriptor { return DaemonListener(descriptor: descriptor, location: location, inode: inode) }
        switch try ListenerClaim.make(at: location) {
        case .alive: throw DaemonListenerError.alreadyServed(location.path)
        case .busy: throw DaemonListenerError.alreadyServed(location.path)
        case .bound(let socket):
            return DaemonListener(
                descriptor: socket.release(), location: location, inode: ListenerClaim.inode(at: location))
        }
    }

    func hooks(_ logger: Logger) -> Daemon.Hooks {
        var hooks = Daemon.Hooks()
        hooks.accepting = { [location] in
            logger.info("ready", metadata: ["socket": "\(location.path)"])
            ServiceNotification.ready()
        }
        hooks.status = { ServiceNotification.status($0) }
        hooks.reloading = { ServiceNotification.reloading() }
        hooks.watchdog = ServiceNotification.watchdogInterval().map { ($0, { ServiceNotification.alive() }) }
        hooks.settled = { slstats_release_code() }
        hooks.stopping = { [location, inode] in
            logger.info("stopping")
            ServiceNotification.stopping()
            // Whatever hangs, a disk above all: whoever comes next waits for our lock (alarm(2); by default it kills).
            alarm(10)
            // First the path, then the socket: whoever comes after this starts a new daemon.
            if let inode { ListenerClaim.withdraw(location, inode: inode) }
        }
        return hooks
    }
}

/// Somebody else serves the socket.
enum DaemonListenerError: Error, CustomStringConvertible {
    case alreadyServed(String)

    var description: String {
        switch self {
        case .alreadyServed(let path): "another daemon already serves \(path); see: slstats status"
        }
    }
}
