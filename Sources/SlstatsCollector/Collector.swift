// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL

/// The receiving end: keeps what daemons send, and answers with notifications (interface.md, section 5).
package struct Collector {
    /// A batch of ours is 512 KiB at most; the original's can be larger. Also after decompression.
    package static let maximumBodyBytes = 8 << 20
    private static let maximumConnections = 4096
    /// Of a connection on which nothing comes or goes.
    private static let idleTimeout = TimeAmount.seconds(60)

    private let store: EventStore
    private let notifications: NotificationFile
    private let settings: CollectorSettings
    private let logger: Logger

    package init(
        store: EventStore, notifications: NotificationFile, settings: CollectorSettings = CollectorSettings(),
        logger: Logger
    ) {
        self.store = store
        self.notifications = notifications
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter onListening: called with the port, which the system chooses if it was given as 0.
    /// - Throws: if the certificate or the key cannot be used.
    package func application(
        host: String, port: Int, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        let metrics = CollectorMetrics()
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: Self.idleTimeout))
        var application = Application(
            responder: CollectorResponder(
                store: store, notifications: notifications, settings: settings, metrics: metrics, logger: logger),
            server: try settings.tls.map { try .tls(plain, tlsConfiguration: Self.tls($0)) } ?? plain,
            configuration: .init(
                address: .hostname(host, port: port), serverName: "slstats-collector",
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) },
            logger: logger)
        if let keep = settings.keep {
            application.addServices(Retention(store: store, keep: keep, metrics: metrics, logger: logger))
        }
        return application
    }

    private static func tls(_ files: CollectorSettings.TLSFiles) throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map(NIOSSLCertificateSource.certificate)
            guard !chain.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        } catch {
            throw CollectorTLSError(files: files)
        }
    }
}

/// A certificate or a key that cannot be used.
package struct CollectorTLSError: Error, CustomStringConvertible {
    let files: CollectorSettings.TLSFiles

    package var description: String {
        "\(files.certificate) and \(files.key) are no certificate and its key, in PEM, that can be read"
    }
}
