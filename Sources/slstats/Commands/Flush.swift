// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
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
        let result = try client.call(.flush, deadline: .seconds(timeout + 5)) { writer in
            writer.beginObject()
            writer.key("timeoutMs")
            writer.integer(timeout * 1000)
            writer.endObject()
        }
        let pending = result["pending"]?.integer ?? 0
        if output.json {
            try client.print(result)
        } else {
            let outcome = PrintableText.sanitize(result["outcome"]?.string ?? "")
            try client.print("\(result["delivered"]?.integer ?? 0) delivered, \(pending) pending: \(outcome)")
        }
        if pending > 0 { throw ExitCode(ExitStatus.tryLater.rawValue) }
    }
}
