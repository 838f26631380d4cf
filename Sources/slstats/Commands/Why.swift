// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Every rule in order, and the one that decided.
struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Explain why telemetry is on or off.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try CommandClient()
        let explanation = try client.explanation()
        try output.json ? client.print(explanation) : client.print(Self.text(explanation, .process))
    }

    static func text(_ explanation: JSON, _ environment: CallerEnvironment) -> String {
        let rules = explanation["rules"]?.array ?? []
        func column(_ key: String) -> [String] { rules.map { PrintableText.sanitize($0[key]?.string ?? "") } }
        let names = column("rule")
        let sources = column("source")
        let values = column("value")
        let nameWidth = names.map(\.count).max() ?? 0
        let sourceWidth = sources.map(\.count).max() ?? 0
        var lines = rules.indices.map { index in
            let mark = rules[index]["decides"]?.bool == true ? "→ " : "  "
            return mark + padded(names[index], nameWidth) + "  " + padded(sources[index], sourceWidth) + "  "
                + values[index]
        }
        let isEnabled = explanation["enabled"]?.bool == true
        let decidedBy = explanation["decidedBy"]?.string ?? "?"
        lines += ["", "Telemetry is \(isEnabled ? "on" : "off"), decided by \(PrintableText.sanitize(decidedBy))."]
        let deciding = rules.first { $0["decides"]?.bool == true }?["value"]?.string ?? ""
        lines += hints(isEnabled: isEnabled, decidedBy: decidedBy, rcFileValue: deciding, environment)
        return lines.joined(separator: "\n")
    }

    /// How to change it, and what people trip over.
    private static func hints(
        isEnabled: Bool, decidedBy: String, rcFileValue: String, _ environment: CallerEnvironment
    ) -> [String] {
        var hints: [String] = []
        for variable in [OffSwitch.telemetryDisabled, .trackingDisabled] {
            guard let value = environment.variable(variable.rawValue), ["0", "false"].contains(value) else { continue }
            hints.append("\(variable.rawValue)=\(value) counts as off: anything but an empty value does.")
        }
        if isEnabled { return hints + ["Turn it off with: slstats --disable"] }
        switch OffSwitch(rawValue: decidedBy) {
        case .projectRcFile: hints.append("Change it in the file of this folder: ./.serverlessrc")
        case .telemetryDisabled, .trackingDisabled, .doNotTrack: hints.append("Change it with: unset \(decidedBy)")
        case nil where decidedBy == "trackingDisabled" && !rcFileValue.hasPrefix("off, because"):
            hints.append("Turn it on with: slstats --enable")
        case nil: hints.append("Mend what is named above; until then doubt means off.")
        }
        return hints
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
    }
}
