// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Is it there, and how fast does it answer?
struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Measure a round trip to the daemon.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        // The first one may have to start the daemon.
        let hello = try client.call(.hello)
        let start = ContinuousClock.now
        _ = try client.call(.hello)
        let microseconds = (ContinuousClock.now - start) / .microseconds(1)
        let version = hello["version"]?.string ?? "?"
        if output.json {
            try client.print([
                "roundTripUs": JSON(Int64(microseconds)), "version": .string(version),
                "protocol": hello["protocol"] ?? .null, "socket": .string(client.client.location.path),
            ])
        } else {
            let number = hello["protocol"]?.integer ?? 0
            try client.print("\(Int(microseconds)) µs, slstatsd \(PrintableText.sanitize(version)), protocol \(number)")
        }
    }
}
