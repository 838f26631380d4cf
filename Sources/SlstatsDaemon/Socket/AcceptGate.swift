// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Accepts while there is room for connections; the others wait in the kernel's queue.
///
/// Whoever keeps connections open and says or reads nothing cannot keep others out: silent connections are closed for
/// them.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = Channel
    typealias InboundOut = Channel
    typealias OutboundIn = Channel

    private let store: Store
    private var isClosed = false
    /// Armed as long as somebody waits.
    private var timer: Scheduled<Void>?

    init(store: Store) { self.store = store }

    func read(context: ChannelHandlerContext) {
        guard !store.assumeIsolated({ $0.connections.hasRoom }) else { return context.read() }
        guard timer == nil else { return }
        let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        store.assumeIsolated { $0.connections.whenRoom { gate.value.0.goOn(gate.value.1) } }
        makeRoom(context)
    }

    private func goOn(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        timer?.cancel()
        timer = nil
        read(context: context)
    }

    private func makeRoom(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Connections.patience) {
            self.makeRoom(context)
        }
        store.assumeIsolated { $0.connections.closeSilent(at: .now()) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }
}
