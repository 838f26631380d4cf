// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

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
        /// As they are written: ``Disclosure/Field``.
        let fields: [String]
    }

    package private(set) var entry: Entry?
    private let path: FilePath
    private let files: any FileSystem

    /// One that is not there or cannot be understood says that nothing was shown.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("disclosure.json")
        self.files = files
        entry = files.readJSON(path, limit: 1 << 20).flatMap(Entry.init)
    }

    /// Nothing of it is new: the same collector, and no field, nor more of one, than was told.
    package func covers(_ disclosure: Disclosure) -> Bool {
        guard let entry else { return false }
        let told = Set(entry.fields)
        return entry.collector == disclosure.collector
            && disclosure.fields.allSatisfy { told.contains($0.written) || told.contains($0.inFull.written) }
    }

    /// Durable when it returns.
    package mutating func note(_ disclosure: Disclosure, _ way: Way, version: String, now: Int64) throws(FileError) {
        let new = Entry(
            at: now, way: way, text: disclosure.hash, version: version, collector: disclosure.collector,
            fields: disclosure.fields.map(\.written))
        try files.replace(path, with: new.json.serializedBytes())
        entry = new
    }

    /// Nobody has read it after all.
    package mutating func takeBack() throws(FileError) {
        entry = nil
        try files.remove(path)
    }
}

extension Disclosure.Field {
    /// `timezone 52a8f3d09e61b7c4 coarse`.
    fileprivate var written: String { "\(path) \(fingerprint)" + (isCoarse ? " coarse" : "") }

    fileprivate var inFull: Self { Self(path: path, fingerprint: fingerprint, isCoarse: false) }
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
