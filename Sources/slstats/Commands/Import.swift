// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import OrderedJSON
internal import SlstatsClient
internal import SlstatsProtocol

/// Takes over what the original has stored and not sent.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over the events that the Serverless Framework has stored and not sent.",
        discussion: """
            Reads ~/.serverless/telemetry-cache. What is taken over is removed there, so that nobody sends it twice; so is \
            what is older than a week. Fields that are not in the catalogue are left out. Files that cannot be read, or \
            are still being written, stay where they are.
            """)

    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let home = CallerEnvironment.process.variable("HOME"), home.hasPrefix("/") else {
            throw ValidationError("HOME names no folder, so there is no cache to import.")
        }
        let cache = EventCache(folder: home + "/.serverless/telemetry-cache")
        let client = try CommandClient()
        var counts = ImportCounts()
        do {
            let rule = try takeOver(cache, client, &counts)
            try report(counts, client, offBy: rule)
        } catch {
            // What was taken over before is gone from there, and that is said too.
            if error is SlstatsClientError { try report(counts, client, offBy: nil) }
            throw error
        }
    }

    /// - Returns: the rule that says no, if one does.
    private func takeOver(
        _ cache: EventCache, _ client: CommandClient, _ counts: inout ImportCounts
    ) throws -> String? {
        for name in cache.names {
            switch cache.read(name, now: Self.now) {
            case .gone: break
            case .expired:
                counts.expired += 1
                remove(name, cache)
            case .unreadable: counts.unreadable += 1
            case .event(let event):
                switch try Self.record(event, client) {
                case .recorded:
                    counts.imported += 1
                    remove(name, cache)
                case .refused: counts.refused += 1
                case .off(let rule): return rule
                }
            }
        }
        return nil
    }

    private func remove(_ name: String, _ cache: EventCache) {
        if !cache.remove(name) {
            Output.message(
                "slstats import: \(cache.folder)/\(name) is taken care of, but cannot be removed; remove it yourself")
        }
    }

    private enum Outcome {
        case recorded
        case refused
        case off(by: String)
    }

    /// On stable storage before its file goes. An event with fields we do not take comes without them.
    private static func record(_ event: JSON, _ client: CommandClient) throws -> Outcome {
        if let rule = client.facts.off.first { return .off(by: rule) }
        var event = event
        for _ in 0..<4 {
            do throws(SlstatsClientError) {
                switch try client.client.record(event: event.serializedBytes(), durability: .synced) {
                case .recorded: return .recorded
                case .telemetryOff(let rule): return .off(by: rule)
                }
            } catch {
                if error.code == .tooLarge || error.reason == "too-large" { return .refused }
                guard error.reason == "event-refused" else { throw error }
                let pruned = error.fields.reduce(event) { $0.removing(path: $1) }
                guard !error.fields.isEmpty, pruned != event else { return .refused }
                event = pruned
            }
        }
        return .refused
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func report(_ counts: ImportCounts, _ client: CommandClient, offBy rule: String?) throws {
        if output.json { return try client.print(counts.json(offBy: rule)) }
        if let rule {
            Output.message(PrintableText.sanitize("Telemetry is off, decided by \(rule): nothing more is taken."))
        }
        try client.print(counts.text)
    }
}

/// What became of the files of the cache.
struct ImportCounts: Equatable {
    var imported = 0
    /// Older than the original would have sent.
    var expired = 0
    var unreadable = 0
    /// What is left of them is no event.
    var refused = 0

    var text: String {
        var text = "\(imported) imported"
        if expired > 0 { text += ", \(expired) too old and removed" }
        if unreadable > 0 { text += ", \(unreadable) not readable and left there" }
        if refused > 0 { text += ", \(refused) refused and left there" }
        return text
    }

    func json(offBy rule: String?) -> JSON {
        [
            "imported": JSON(imported), "expired": JSON(expired), "unreadable": JSON(unreadable),
            "refused": JSON(refused), "telemetryOff": JSON(rule),
        ]
    }
}
