// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import SlstatsProtocol

/// Cuts what comes in into lines, has them handled, and writes the answers: one write for all lines of one read.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let store: Store
    private let socket: String
    private var context: ChannelHandlerContext?
    /// A line that has not ended yet.
    private var partial = ByteBuffer()
    private var replies = ReplyQueue()
    /// Nothing more is read; the connection ends when the last answer is written.
    private var isFinishing = false

    init(store: Store, socket: String) {
        self.store = store
        self.socket = socket
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isFinishing else { return }
        var buffer = unwrapInboundIn(data)
        if partial.readableBytes > 0 {
            partial.writeBuffer(&buffer)
            swap(&partial, &buffer)
        }
        let (answers, isTooLong) = store.assumeIsolated { [socket] store in
            Self.handleLines(of: &buffer, socket: socket, store)
        }
        isFinishing = isTooLong
        queue(answers)
        partial = buffer.readableBytes > 0 && !isFinishing ? buffer : ByteBuffer()
        writeReady()
    }

    /// Takes all complete lines out of the buffer, up to one that is too long.
    private static func handleLines(
        of buffer: inout ByteBuffer, socket: String, _ store: isolated Store
    ) -> (answers: [Answer], isTooLong: Bool) {
        var handler = RequestHandler(socket: socket)
        while true {
            let view = buffer.readableBytesView
            let length = view.firstIndex(of: 0x0a).map { $0 - view.startIndex }
            guard (length ?? view.count) < ProtocolLimits.maximumLineBytes else {
                handler.refuseTooLong(store: store)
                return (handler.answers, true)
            }
            guard let length else { break }
            handler.handle(buffer.readableBytesUInt8Span.extracting(0..<length), store: store)
            buffer.moveReaderIndex(forwardBy: length + 1)
        }
        handler.commit(store)
        return (handler.answers, false)
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
        if !ready.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: ready)), promise: nil) }
        if isFinishing, !replies.isWaiting { context.close(promise: nil) }
    }

    /// The client has said all it will say (half-close), or the daemon stops: answer what is owed, then close.
    private func finish() {
        isFinishing = true
        writeReady()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed, is ChannelShouldQuiesceEvent: finish()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A client that went away is no error of ours.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
