// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import OrderedJSON

/// A client made of nothing but a socket: sends bytes, reads lines.
struct LineConnection: ~Copyable {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received = ByteBuffer()
    private var lastID = 0

    /// Connects, and closes behind the body.
    static func open<Result: Sendable>(
        _ path: String, _ body: (inout sending LineConnection) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = LineConnection(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&connection)
        }
    }

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.outbound = outbound
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(bytes: ArraySlice<UInt8>) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Says that nothing more will come (shutdown(2) of the writing side).
    func finish() { outbound.finish() }

    /// The next line as JSON; `nil` once the daemon has closed the connection.
    mutating func receive() async throws -> JSON? {
        try await receiveLine().map { try JSON(parsing: $0) }
    }

    /// The next line as it is spelled.
    mutating func receiveLine() async throws -> String? {
        while true {
            if let end = received.readableBytesView.firstIndex(of: 0x0a) {
                let line = received.readString(length: end - received.readerIndex)
                received.moveReaderIndex(forwardBy: 1)
                return line
            }
            guard var more = try await inbound.next(isolation: #isolation) else { return nil }
            received.writeBuffer(&more)
        }
    }

    /// One request and its `result`; an `error` becomes the result's stand-in under the key `error`.
    mutating func ask(_ method: String, _ params: String = "{}") async throws -> JSON {
        lastID += 1
        try await send(Self.line(method, params, id: lastID))
        guard let reply = try await receive() else { return ["error": "closed"] }
        return reply["result"] ?? ["error": reply["error"] ?? .null]
    }

    /// Waits as long as a machine may take that runs all tests at once; who tests the limit says so.
    mutating func flush(timeoutMilliseconds: Int = 120_000) async throws -> JSON {
        try await ask("flush", #"{"timeoutMs":\#(timeoutMilliseconds)}"#)
    }

    static func line(_ method: String, _ params: String = "{}", id: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
    }
}
