// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import OrderedJSON
package import SystemPackage

/// What people are told before anything leaves: made from the catalogue and the configuration, so that it is true.
package struct Disclosure: Sendable, Equatable {
    /// Of the notice, in place of a notification's.
    package static let code = "TELEMETRY_DISCLOSURE"

    package let text: String
    /// Every field with what is kept of it.
    let fields: [String]
    let collector: String

    package init(_ catalogue: Catalogue, collector: CollectorURL) {
        self.collector = collector.description
        fields = catalogue.fields.map { "\($0.path): \($0.kind.kept)" }
        let vendors = Set(catalogue.fields.map(\.source)).subtracting([CatalogueField.builtInSource]).sorted()
        let more = vendors.isEmpty ? "" : " (with those of \(vendors.joined(separator: ", ")))"
        let named = catalogue.fields.filter(\.isOptIn).map(\.path)
        let isFreeText = catalogue.fields.contains {
            if case .string(.pattern(.text), _) = $0.kind { true } else { false }
        }
        let promise =
            named.isEmpty
            ? "No name, address or path of yours\(isFreeText ? "" : ", and no free text,") is kept."
            : "\(named.joined(separator: ", ")) tell\(named.count == 1 ? "s" : "") who you are; nothing else does."
        text = """
            Command line tools on this machine report how they are used: which commands and versions,
            how long they took and whether they worked, \(catalogue.fields.count) fields\(more), to
                \(collector)
            \(promise) Nothing is sent before this notice.
              slstats schema     every field, and what is kept of it
              slstats pending    what would be sent next
              slstats --disable  say no, for all commands of all shells; so does DO_NOT_TRACK=1
            """
    }

    /// Tells this text from every other one; base 16 of SHA-256.
    package var hash: String {
        SHA256.hash(data: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// What was shown to this user, when and how: `disclosure.json` in the state folder (ConsentRecordFormat.md).
package struct DisclosureRecord {
    /// How the text came before somebody's eyes.
    package enum Way: String, Sendable {
        /// As the first notice that a command on a terminal claimed.
        case notice
        /// By a command of ours on a terminal.
        case command
        /// Whoever called us says that it was shown.
        case told
        /// The answer was `slstats --enable`.
        case enabled
    }

    /// What was shown last.
    package struct Entry: Sendable, Equatable {
        /// Unix milliseconds.
        package let at: Int64
        package let way: Way
        /// ``Disclosure/hash``.
        package let text: String
        /// Of slstats.
        package let version: String
        let collector: String
        let fields: [String]
    }

    package private(set) var entry: Entry?
    private let path: FilePath
    private let files: any FileSystem

    /// One that is not there or cannot be understood says that nothing was shown.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("disclosure.json")
        self.files = files
        entry = (try? files.read(path, limit: 1 << 20)).flatMap { try? JSON(parsing: $0) }.flatMap(Entry.init)
    }

    /// Nothing of it is new: the same collector, and no field, nor more of one, than was told.
    package func covers(_ disclosure: Disclosure) -> Bool {
        guard let entry else { return false }
        return entry.collector == disclosure.collector && Set(disclosure.fields).isSubset(of: entry.fields)
    }

    /// Durable when it returns.
    package mutating func note(_ disclosure: Disclosure, _ way: Way, version: String, now: Int64) throws(FileError) {
        let new = Entry(
            at: now, way: way, text: disclosure.hash, version: version, collector: disclosure.collector,
            fields: disclosure.fields)
        try files.replace(path, with: new.json.serializedBytes())
        entry = new
    }

    /// Nobody has read it after all.
    package mutating func takeBack() throws(FileError) {
        entry = nil
        try files.remove(path)
    }
}

extension DisclosureRecord.Entry {
    var json: JSON {
        [
            "format": 1, "at": JSON(at), "way": .string(way.rawValue), "text": .string(text),
            "version": .string(version), "collector": .string(collector), "fields": .array(fields.map(JSON.string)),
        ]
    }

    init?(_ json: JSON) {
        guard json["format"] == 1, let at = json["at"]?.integer,
            let way = json["way"]?.string.flatMap(DisclosureRecord.Way.init(rawValue:)),
            let text = json["text"]?.string, let version = json["version"]?.string,
            let collector = json["collector"]?.string, let fields = json["fields"]?.array
        else { return nil }
        self.init(
            at: at, way: way, text: text, version: version, collector: collector, fields: fields.compactMap(\.string))
    }
}
