// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Deliver now.
struct Flush: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send everything pending now.",
        discussion: "Exit code 0: nothing is left. 75: something is; the answer says why.")

    @Option(help: ArgumentHelp("How long to wait for it.", valueName: "seconds"))
    var timeout: Int = 10

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...600).contains(timeout) else { throw ValidationError("--timeout takes 0 to 600 seconds.") }
    }

    func run() throws {
        let client = try CommandClient()
        let result = try deliver(client)
        let pending = result["pending"]?.integer ?? 0
        if output.json {
            try client.print(result)
        } else {
            let outcome = PrintableText.sanitize(result["outcome"]?.string ?? "")
            try client.print("\(result["delivered"]?.integer ?? 0) delivered, \(pending) pending: \(outcome)")
        }
        if pending > 0 { throw ExitCode(ExitStatus.tryLater.rawValue) }
    }

    /// Delivery goes on in the daemon whatever we do; on a terminal it is asked in between how far it is.
    private func deliver(_ client: CommandClient) throws -> JSON {
        let deadline = Duration.seconds(timeout + 5)
        guard !output.json, isatty(STDERR_FILENO) == 1 else {
            return try client.call(.flush, deadline: deadline, params: writeParams)
        }
        let progress = FlushProgress(try client.call(.status))
        defer { progress.end() }
        let result = try client.client.call(
            .flush, deadline: deadline, params: writeParams, every: FlushProgress.interval
        ) { () throws(SlstatsClientError) in
            progress.show(try client.call(.status))
        }
        progress.show(try client.call(.status))
        return result
    }

    private func writeParams(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("timeoutMs")
        writer.integer(timeout * 1000)
        writer.endObject()
    }
}
