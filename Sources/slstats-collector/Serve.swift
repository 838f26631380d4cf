// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Hummingbird
internal import Logging
internal import SlstatsCollector

/// Options, composition, run.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive events from slstatsd and keep them in SQLite. This is what happens without a subcommand.")

    @Option(help: ArgumentHelp("The folder of the database; made if it is not there.", valueName: "dir"))
    var data: String

    @Option(
        help: ArgumentHelp(
            "A JSON array of notifications to answer with; read again when it changes.", valueName: "file"))
    var notifications: String?

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 8686

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port takes 0 to 65535.") }
    }

    func run() async throws {
        let logger = Logger(label: "slstats-collector", factory: { StreamLogHandler.standardError(label: $0) })
        do {
            // Everybody's events are nobody else's business.
            umask(0o077)
            try FileManager.default.createDirectory(
                atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let file = NotificationFile(path: notifications)
            try file.validate()
            let store = try EventStore(path: data + "/events.sqlite")
            let collector = Collector(store: store, notifications: file, logger: logger)
            let host = host
            let application = collector.application(host: host, port: port) { port in
                // The one line on stdout, for scripts that let the system choose the port.
                print("listening on http://\(host):\(port)/")
                fflush(nil)
            }
            try await application.runService()
            try store.close()
        } catch {
            logger.error("\(error)")
            throw ExitCode(error is NotificationFileError ? 65 : 71)
        }
    }
}
