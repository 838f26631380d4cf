// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import NIOPosix
internal import NIOSSL

/// What kept a request from being answered, in words that tell an administrator where to look: the name, the network,
/// the certificate, the proxy or the server.
enum DeliveryFailure {
    static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: describe(error)
        case let error as NIOConnectionError: describe(error)
        case let error as IOError: error.description
        case is ChannelError: "the connection was closed before the answer"
        case let error as NIOSSLError: "TLS: \(words(error))"
        case let error as BoringSSLError: "TLS: \(error)"
        case is HTTPParserError: "the answer is no HTTP, or ended early"
        case is NIOHTTPDecompression.DecompressionError: "the answer cannot be decompressed"
        case is NIOSSLExtraError: "TLS: the certificate is not for this host"
        default: "\(type(of: error))"
        }
    }

    /// Whether there was a connection, and it ended before the answer.
    static func isCutOff(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case NIOSSLError.uncleanShutdown: true
        case let error as IOError: [EPIPE, ECONNRESET].contains(error.errnoCode)
        case let error as ChannelError: error == .ioOnClosedChannel || error == .eof || error == .outputClosed
        default: false
        }
    }

    /// Whether no server can have seen a request of ours.
    static func isBeforeRequest(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError:
            [.connectTimeout, .tlsHandshakeTimeout, .proxyAuthenticationRequired, .httpProxyHandshakeTimeout]
                .contains(error)
        case let error as IOError:
            [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL].contains(error.errnoCode)
        case is NIOConnectionError, is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: true
        default: false
        }
    }

    private static func describe(_ error: HTTPClientError) -> String {
        switch error {
        case .proxyAuthenticationRequired: "the proxy wants a user and a password"
        case .connectTimeout: "no connection in time"
        case .readTimeout, .deadlineExceeded: "no answer in time"
        case .tlsHandshakeTimeout: "TLS: no handshake in time"
        case .remoteConnectionClosed: "the connection was closed before the answer"
        default: error.shortDescription
        }
    }

    private static func describe(_ error: NIOConnectionError) -> String {
        if let error = error.connectionErrors.first { return "\(error.error)" }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return "DNS: \(error.host) has no address" }
        return "no connection to \(error.host)"
    }

    private static func words(_ error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause): "handshake failed: \(cause)"
        case .noCertificateToValidate: "no certificate to validate"
        case .unableToValidateCertificate: "the certificate is not trusted"
        case .uncleanShutdown: "cut off"
        default: "\(error)"
        }
    }
}
