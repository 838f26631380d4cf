// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OrderedJSON
import Synchronization

/// An HTTP server that answers exactly what the test says, and remembers what it was sent.
final class ScriptedCollector: Sendable {
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]

        var events: [JSON] { (try? JSON(parsing: body))?.array ?? [] }
    }

    indirect enum Answer: Sendable {
        case status(Int, body: String = "", headers: HTTPHeaders = [:])
        /// Exactly these bytes, each piece in a packet of its own, and then nothing, or the end of the connection.
        case raw([[UInt8]], closes: Bool)
        /// This, and then a byte now and then for as long as somebody listens.
        case drip(String)
        /// Whatever it says to the request.
        case decide(@Sendable (Request) -> Answer)
        /// Takes the request and says nothing.
        case silence
        /// Closes the connection without a word.
        case reset
        /// Answers when it has seen the head, and closes without reading the body: then the kernel resets the connection.
        case early(Answer)
    }

    private struct State {
        var script: [Answer]
        var requests: [Request] = []
    }

    private let state: Mutex<State>
    private let arrivals: AsyncStream<Request>
    private let arrival: AsyncStream<Request>.Continuation

    private init(_ script: [Answer]) {
        state = Mutex(State(script: script))
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    /// What came in so far.
    var requests: [Request] { state.withLock(\.requests) }

    /// Waits for the next request to have come in whole.
    func nextRequest() async -> Request? { await arrivals.first { _ in true } }

    /// Serves while the body runs; the last answer of the script is repeated.
    static func run<Result: Sendable>(
        _ script: Answer..., tls: NIOSSLContext? = nil, body: (ScriptedCollector, _ url: String) async throws -> Result
    ) async throws -> Result {
        try await run(script: script, tls: tls, body: body)
    }

    static func run<Result: Sendable>(
        script: [Answer], tls: NIOSSLContext? = nil, body: (ScriptedCollector, _ url: String) async throws -> Result
    ) async throws -> Result {
        let collector = ScriptedCollector(script)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                }.flatMap {
                    channel.pipeline.configureHTTPServerPipeline()
                }.flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(collector))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(
                try await body(
                    collector, "\(tls == nil ? "http" : "https")://127.0.0.1:\(channel.localAddress?.port ?? 0)/events")
            )
        } catch {
            outcome = .failure(error)
        }
        try await channel.close()
        return try outcome.get()
    }

    private func receiveHead(_ head: HTTPRequestHead) -> Answer? {
        guard case .early(let answer) = state.withLock(\.script)[0] else { return nil }
        _ = receive(Request(head: head, body: []))
        return answer
    }

    private func receive(_ request: Request) -> Answer {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.script.count > 1 ? state.script.removeFirst() : state.script[0]
        }
        arrival.yield(request)
        if case .decide(let decide) = answer { return decide(request) }
        return answer
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let collector: ScriptedCollector
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ collector: ScriptedCollector) { self.collector = collector }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                guard let answer = collector.receiveHead(head) else { return }
                self.head = nil
                write(answer, context)
                context.close(promise: nil)
            case .body(let buffer): body += buffer.readableBytesView
            case .end:
                guard let head else { return }
                let answer = collector.receive(Request(head: head, body: body))
                body = []
                write(answer, context)
            }
        }

        private func write(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .silence: break
            case .decide, .early: preconditionFailure("decided when the request came in")
            case .raw(let pieces, let closes):
                // Past the encoder, which would never say such things.
                guard let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
                else { return }
                for piece in pieces { encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: piece)), promise: nil) }
                if closes { context.close(promise: nil) }
            case .drip(let beginning): drip(beginning, context)
            case .reset: context.close(promise: nil)
            case .status(let status, let body, var headers):
                headers.replaceOrAdd(name: "content-length", value: "\(body.utf8.count)")
                let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        private func drip(_ beginning: String, _ context: ChannelHandlerContext) {
            guard let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            else { return }
            encoder.writeAndFlush(NIOAny(ByteBuffer(string: beginning)), promise: nil)
            let place = NIOLoopBound(encoder, eventLoop: context.eventLoop)
            context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
                guard place.value.channel.isActive else { return task.cancel() }
                place.value.writeAndFlush(NIOAny(ByteBuffer(string: "x")), promise: nil)
            }
        }
    }
}
