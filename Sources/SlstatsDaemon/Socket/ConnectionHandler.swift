// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import SlstatsProtocol

/// Cuts what comes in into lines, has them handled, and writes the answers: one write for all lines of one read.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let store: Store
    private let socket: String
    private let sender: pid_t
    private var context: ChannelHandlerContext?
    private var cutter = LineCutter()
    private var replies = ReplyQueue()
    /// Records that are answered when the events of this turn of the loop are written.
    private var staged = StagedRecords()
    /// Notifications that were claimed here, as long as it may turn out that nobody has read the answer.
    private var receipts: [NotificationReceipt] = []
    /// Nothing more is read; the connection ends when the last answer is written.
    private var isFinishing = false
    /// When it last said something, or came.
    private var lastRead = NIODeadline.now()
    private var hasRead = false
    /// What the peer had not taken of its answers when that was last looked at, and since when that is so.
    private var unsent = (bytes: 0, since: NIODeadline.now())

    /// When the daemon stops, a connection that has said nothing for so long has said all; one that has just come gets
    /// longer, and nobody more than ``Connections/end``.
    private static var quiet: TimeAmount { .milliseconds(20) }
    private static var patience: TimeAmount { .milliseconds(200) }

    /// - Parameter sender: the process at the other end.
    init(store: Store, socket: String, sender: pid_t) {
        self.store = store
        self.socket = socket
        self.sender = sender
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        store.assumeIsolated { $0.connections.opened(connection) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        store.assumeIsolated { [connection = NIOLoopBound(self, eventLoop: context.eventLoop)] in
            $0.connections.closed(connection.value)
        }
    }

    /// The answer to something that came here is being made.
    private var isAnswering: Bool { replies.isWaiting || !staged.isEmpty }

    /// What the kernel has no room for, since the peer does not read.
    private var unsentBytes: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Since when the peer has neither asked nor read anything, where it could have; `nil` while an answer is being made.
    ///
    /// That it reads is noticed from one look to the next, and only when the kernel takes more for it: that is in steps of
    /// some 100 KiB.
    func lookForSilence(at now: NIODeadline) -> NIODeadline? {
        let bytes = unsentBytes
        if bytes != unsent.bytes { unsent = (bytes, now) }
        return isAnswering ? nil : max(lastRead, unsent.since)
    }

    func close() { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isFinishing else { return }
        lastRead = .now()
        hasRead = true
        // Whoever goes on asking has read what it was told.
        receipts = []
        let piece = unwrapInboundIn(data)
        var cutter = LineCutter()
        swap(&cutter, &self.cutter)
        let (handler, isWhole) = store.assumeIsolated { [socket, sender, hasEarlier = !staged.isEmpty] store in
            var handler = RequestHandler(socket: socket, sender: sender, hasEarlier: hasEarlier)
            let isWhole = cutter.cut(piece) { handler.handle($0, store: store) }
            if !isWhole { handler.refuseTooLong(store: store) }
            return (handler, isWhole)
        }
        if isWhole { self.cutter = cutter } else { isFinishing = true }
        receipts += handler.receipts
        queue(handler.answers)
        if staged.isEmpty, !handler.staged.isEmpty {
            let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
            store.assumeIsolated { $0.commitInThisTurn(connection) }
        }
        staged.append(handler.staged)
        writeReady()
    }

    /// Called by the store when the events of this turn are written, or could not be.
    func committed(_ outcome: Store.Commit, _ store: isolated Store) {
        queue(staged.answers(outcome, store))
        staged.removeAll()
        writeReady()
    }

    private func queue(_ answers: [Answer]) {
        for answer in answers {
            switch answer {
            case .nothing: break
            case .now(let reply): replies.append(reply)
            case .later(let reply):
                let slot = replies.reserve()
                reply.assumeIsolated().whenSuccess { reply in
                    self.replies.fill(slot, with: reply)
                    self.writeReady()
                }
            }
        }
    }

    private func writeReady() {
        guard let context else { return }
        let ready = replies.takeReady()
        if !ready.isEmpty {
            let promise = receipts.isEmpty ? nil : context.eventLoop.makePromise(of: Void.self)
            promise?.futureResult.assumeIsolated().whenFailure { _ in self.giveBackClaims() }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: ready)), promise: promise)
        }
        if isFinishing, !replies.isWaiting, staged.isEmpty { context.close(promise: nil) }
    }

    /// The client has said all it will say (half-close), or the daemon stops: answer what is owed, then close.
    private func finish() {
        isFinishing = true
        writeReady()
    }

    /// Whoever is in the middle of a thousand requests, or has just connected, is about to say more.
    private func finishWhenQuiet(_ loop: any EventLoop, _ end: NIODeadline) {
        let quietSince = lastRead + (hasRead ? Self.quiet : Self.patience)
        // Whoever has not taken its answers is not read from, and quiet for that reason only.
        let isQuiet = quietSince <= .now() && !isAnswering && unsentBytes == 0
        guard !isQuiet, .now() < end else { return finish() }
        loop.assumeIsolated().scheduleTask(deadline: min(max(quietSince, .now() + .milliseconds(5)), end)) {
            self.finishWhenQuiet(loop, end)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // It has read everything it was sent, or is still there to do so.
            receipts = []
            finish()
        case is ChannelShouldQuiesceEvent:
            finishWhenQuiet(context.eventLoop, store.assumeIsolated { $0.connections.end })
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A client that went away is no error of ours. If it left something unread the kernel says ECONNRESET (unix(7)).
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        giveBackClaims()
        context.close(promise: nil)
    }

    /// The last one first, so that each finds the history as it left it.
    private func giveBackClaims() {
        let unread = receipts
        receipts = []
        store.assumeIsolated { store in
            for receipt in unread.reversed() { store.giveBack(receipt) }
        }
    }
}
