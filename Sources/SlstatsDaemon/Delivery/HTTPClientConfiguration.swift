// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTPCompression
internal import NIOSSL
internal import SlstatsCore
internal import SystemPackage

extension HTTPClient.Configuration {
    /// How we speak to servers: TLS 1.2 at least, no redirect followed by itself, patience that ends.
    ///
    /// - Parameters:
    ///   - authorityFile: certificates that are trusted besides the system's.
    ///   - maximumAnswerBytes: after decompression.
    ///   - patience: how long an answer may take.
    /// - Throws: for a file of certificates that holds none.
    init(
        authorityFile: FilePath?, proxy: ProxySettings?, maximumAnswerBytes: Int,
        patience: TimeAmount = .seconds(10)
    ) throws(ConfigurationError) {
        self.init(
            tlsConfiguration: try Self.tls(authorityFile), redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: patience),
            decompression: .enabled(limit: .size(maximumAnswerBytes)))
        httpVersion = .http1Only
        connectionPool.idleTimeout = .seconds(10)
        self.proxy = proxy.map { proxy in
            .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") })
        }
    }

    fileprivate static func tls(_ authorityFile: FilePath?) throws(ConfigurationError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        guard let path = authorityFile?.string else { return tls }
        do {
            guard try !NIOSSLCertificate.fromPEMFile(path).isEmpty else { throw NIOSSLError.failedToLoadCertificate }
        } catch {
            throw ConfigurationError(
                place: "collector.caFile", problem: "no certificate can be read from \(path)",
                mend: "it takes a file of certificates in PEM")
        }
        tls.additionalTrustRoots = [.file(path)]
        return tls
    }
}

extension CollectorSettings {
    /// - Throws: for a file of certificates that holds none; better said at the start than at the first delivery.
    func checkFiles() throws(ConfigurationError) { _ = try HTTPClient.Configuration.tls(authorityFile) }
}
