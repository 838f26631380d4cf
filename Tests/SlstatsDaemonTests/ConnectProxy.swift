// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

/// A proxy that takes CONNECT (RFC 9110, section 9.3.6) for any host, and connects to one port of this machine.
final class ConnectProxy: Sendable {
    private let heads = Mutex<[String]>([])

    /// What was asked of it, the header fields included.
    var requests: [String] { heads.withLock { $0 } }

    /// - Parameter authorization: what `Proxy-Authorization` has to be; 407 otherwise.
    static func run(
        to port: Int, authorization: String? = nil, body: (ConnectProxy, _ port: Int) async throws -> Void
    ) async throws {
        let proxy = ConnectProxy()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(proxy, port, authorization))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(proxy, channel.localAddress?.port ?? 0)) } catch {
            outcome = .failure(error)
        }
        try await channel.close()
        try outcome.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let proxy: ConnectProxy
        private let port: Int
        private let authorization: String?
        private var head = ""
        private var target: (any Channel)?

        init(_ proxy: ConnectProxy, _ port: Int, _ authorization: String?) {
            self.proxy = proxy
            self.port = port
            self.authorization = authorization
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            if let target { return target.writeAndFlush(buffer, promise: nil) }
            head += String(buffer: buffer)
            guard head.hasSuffix("\r\n\r\n") else { return }
            proxy.heads.withLock { $0.append(head) }
            guard authorization.map({ head.lowercased().contains("proxy-authorization: \($0)".lowercased()) }) ?? true
            else {
                let answer = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
                return context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            }
            let client = context.channel
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Back(client))
                    }
                }
                .connect(host: "127.0.0.1", port: port).assumeIsolated().whenSuccess { target in
                    self.target = target
                    client.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"), promise: nil)
                }
        }

        func channelInactive(context: ChannelHandlerContext) { target?.close(promise: nil) }
    }

    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let client: any Channel

        init(_ client: any Channel) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            client.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
    }
}
