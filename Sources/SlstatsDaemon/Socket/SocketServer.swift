// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOExtras
internal import NIOPosix
internal import ServiceLifecycle
internal import SlstatsProtocol

/// Accepts connections on a socket that is already listening, from systemd or of our own.
struct SocketServer: Service {
    private let descriptor: CInt
    private let socket: String
    private let store: Store
    private let userID: UInt32
    private let answersQueue: Bool
    private let stopLimits: Daemon.StopLimits
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onAccepting: @Sendable () -> Void
    private let onStopping: @Sendable () -> Void

    /// - Parameters:
    ///   - descriptor: a listening Unix stream socket; it is closed when the service ends.
    ///   - userID: whoever else connects is turned away.
    ///   - answersQueue: accept whoever waits in the queue before the socket is closed.
    ///   - stopLimits: a stop goes on answering whoever goes on asking, and is over before them.
    ///   - onAccepting: called when a connection would be answered.
    ///   - onStopping: called before the socket is closed.
    init(
        descriptor: CInt, socket: String, store: Store, userID: UInt32, group: any EventLoopGroup, answersQueue: Bool,
        stopLimits: Daemon.StopLimits,
        logger: Logger, onAccepting: @escaping @Sendable () -> Void, onStopping: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.socket = socket
        self.store = store
        self.userID = userID
        self.answersQueue = answersQueue
        self.stopLimits = stopLimits
        self.group = group
        self.logger = logger
        self.onAccepting = onAccepting
        self.onStopping = onStopping
    }

    func run() async throws {
        // Before the first request: what earlier runs left must not overtake what that one asks for.
        await store.start()
        let quiescing = ServerQuiescingHelper(group: group)
        let server = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(store: store))
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer(prepare)
            .withBoundSocket(descriptor)
            .get()
        // NIO has called listen(2) with its own, smaller backlog while it took the descriptor over.
        guard listen(descriptor, 4096) == 0 else { throw SystemCallError("listen", path: socket) }
        onAccepting()
        await store.beginIdling()

        let quiesced = server.eventLoop.makePromise(of: Void.self)
        // May be called twice: a graceful shutdown can be cut short by a cancellation.
        let stop: @Sendable (Duration) -> Void = { limit in
            let patience = limit * 4 / 5
            onStopping()
            store.stopWaiting()
            let closed = server.eventLoop.makePromise(of: Void.self)
            closed.futureResult.cascade(to: quiesced)
            server.eventLoop.execute {
                let now = NIODeadline.now()
                store.assumeIsolated { $0.connections.end = min($0.connections.end, now + TimeAmount(patience)) }
                let end = answersQueue ? now + TimeAmount(patience * 5 / 6) : now
                Self.afterQueue(of: descriptor, on: server.eventLoop, until: end) {
                    quiescing.initiateShutdown(promise: closed)
                }
            }
        }
        // Ends when the last connection has been given its answers, or when another service has failed.
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                try? await quiesced.futureResult.get()
            } onGracefulShutdown: {
                stop(stopLimits.asked)
            }
        } onCancel: {
            stop(stopLimits.cancelled)
        }
    }

    /// Whoever connected before the path was gone is accepted first: closing the socket would turn them away. A socket of
    /// systemd stays, and its queue waits for the next daemon.
    private static func afterQueue(
        of descriptor: CInt, on loop: any EventLoop, until end: NIODeadline, _ then: @escaping @Sendable () -> Void
    ) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let isWaiting = poll(&entry, 1, 0) > 0 && entry.revents == Int16(POLLIN)
        guard isWaiting, .now() < end else { return then() }
        // Work that is merely queued would run before the loop looks at the socket again.
        loop.scheduleTask(in: .milliseconds(1)) {
            afterQueue(of: descriptor, on: loop, until: end, then)
        }
    }

    /// Anybody but the user is gone before a byte of theirs is read.
    private func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        PeerCredentials.of(channel).flatMapThrowing { peer in
            guard peer.userID == userID else {
                logger.warning("refused a connection of another user", metadata: ["uid": "\(peer.userID)"])
                throw ChannelError.operationUnsupported
            }
            try channel.pipeline.syncOperations.addHandlers(
                BackPressureHandler(), ConnectionHandler(store: store, socket: socket, sender: peer.processID))
        }
    }
}
