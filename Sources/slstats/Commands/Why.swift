// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Every rule in order, and the one that decided.
struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why telemetry is on or off, or which notifications are shown.")

    @Flag(help: "Explain the mode of notifications instead.")
    var notifications = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        guard !notifications else {
            let mode = NotificationsModeExplanation(.process)
            return try output.json ? CommandClient.print(mode.json) : CommandClient.print(mode.text)
        }
        let client = try CommandClient()
        let explanation = try client.callWithFacts(.explainTelemetry)
        try output.json ? client.print(explanation) : client.print(Self.text(explanation, .process))
    }

    static func text(_ explanation: JSON, _ environment: CallerEnvironment) -> String {
        let isEnabled = explanation["enabled"]?.bool == true
        let decidedBy = explanation["decidedBy"]?.string ?? "?"
        var lines = table(explanation["rules"]?.array ?? [])
        lines += ["", "Telemetry is \(isEnabled ? "on" : "off"), decided by \(PrintableText.sanitize(decidedBy))."]
        lines += oddities(environment)
        if let mend = explanation["mend"]?.string { lines.append(PrintableText.sanitize(mend)) }
        return lines.joined(separator: "\n")
    }

    /// One line a rule, an arrow before the one that decides.
    static func table(_ rules: [JSON]) -> [String] {
        func column(_ key: String) -> [String] { rules.map { PrintableText.sanitize($0[key]?.string ?? "") } }
        let names = column("rule")
        let sources = column("source")
        let values = column("value")
        let nameWidth = names.map(\.count).max() ?? 0
        let sourceWidth = sources.map(\.count).max() ?? 0
        return rules.indices.map { index in
            let mark = rules[index]["decides"]?.bool == true ? "→ " : "  "
            return mark + padded(names[index], nameWidth) + "  " + padded(sources[index], sourceWidth) + "  "
                + values[index]
        }
    }

    /// What people trip over, and only this shell can see.
    private static func oddities(_ environment: CallerEnvironment) -> [String] {
        [OffSwitch.telemetryDisabled, .trackingDisabled].compactMap { variable in
            guard let value = environment.variable(variable.rawValue), ["0", "false"].contains(value) else {
                return nil
            }
            return "\(variable.rawValue)=\(value) counts as off: anything but an empty value does."
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
    }
}
