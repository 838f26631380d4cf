// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Hummingbird
internal import Logging
internal import ServiceLifecycle
internal import SlstatsCollector
internal import UnixSignals

/// Options, composition, run.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive events from slstatsd and keep them in SQLite. This is what happens without a subcommand.")

    @OptionGroup
    var database: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "A JSON array of notifications to answer with; read again when it changes.", valueName: "file"))
    var notifications: String?

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 8686

    @Option(help: ArgumentHelp("A certificate with its chain, PEM; speaks https then.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Its key, PEM.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("A token that senders and readers have to know.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Requests a minute of one address.", valueName: "count"))
    var requestsPerMinute = 600

    @Flag(help: "The address of a sender is the last one in X-Forwarded-For.")
    var behindProxy = false

    @Option(help: ArgumentHelp("Requests that are read and stored at the same time.", valueName: "count"))
    var maxInFlight = 32

    @Option(help: ArgumentHelp("Remove events that came in longer ago, such as 90d.", valueName: "duration"))
    var keep: Age?

    @Option(help: ArgumentHelp("Show nothing that fewer installations have in common.", valueName: "count"))
    var threshold = 5

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port takes 0 to 65535.") }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        for (name, value) in [
            ("requests-per-minute", requestsPerMinute), ("max-in-flight", maxInFlight), ("threshold", threshold),
        ] where !(1...1_000_000).contains(value) {
            throw ValidationError("--\(name) takes 1 to 1000000.")
        }
    }

    func run() async throws {
        let logger = Logger(label: "slstats-collector", factory: { StreamLogHandler.standardError(label: $0) })
        do {
            let file = NotificationFile(path: notifications)
            try file.validate()
            let settings = try settings()
            let store = try database.open()
            let collector = Collector(store: store, notifications: file, settings: settings, logger: logger)
            let (host, scheme) = (host, settings.tls == nil ? "http" : "https")
            let application = try collector.application(host: host, port: port) { port in
                // The one line on stdout, for scripts that let the system choose the port.
                print("listening on \(scheme)://\(host):\(port)/")
                fflush(nil)
            }
            var lifecycle = ServiceGroupConfiguration(
                services: [application], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            // Who has not sent his body by then does not keep us.
            lifecycle.maximumGracefulShutdownDuration = .seconds(10)
            try await ServiceGroup(configuration: lifecycle).run()
            try store.close()
        } catch {
            logger.error("\(error)")
            switch error {
            case is NotificationFileError, is AccessTokenError, is CollectorTLSError: throw ExitCode(65)
            default: throw ExitCode(71)
            }
        }
    }

    private func settings() throws -> CollectorSettings {
        var settings = CollectorSettings()
        settings.token = try tokenFile.map { try AccessToken(readingFrom: $0) }
        settings.requestsPerMinute = requestsPerMinute
        settings.isBehindProxy = behindProxy
        settings.maximumInFlight = maxInFlight
        settings.keep = keep?.duration
        settings.threshold = threshold
        if let tlsCertificate, let tlsKey { settings.tls = .init(certificate: tlsCertificate, key: tlsKey) }
        return settings
    }
}
