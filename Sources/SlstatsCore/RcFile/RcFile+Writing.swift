// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
internal import SlstatsProtocol
internal import SystemPackage

extension RcFile {
    /// One member and its new value.
    package struct Change {
        let path: [String]
        let value: JSON

        package init(_ path: [String], _ value: JSON) {
            self.path = path
            self.value = value
        }
    }

    /// How often we start again because another program wrote in between.
    private static var maximumAttempts: Int { 8 }

    /// Changes members of the file and nothing else in it; `meta.updated_at` goes with every change.
    ///
    /// If another program wrote between our reading and our renaming, its version is read and changed instead.
    package mutating func set(_ changes: [Change]) throws(RcFileError) {
        guard let path else { throw RcFileError(path: "~/.serverlessrc", "there is no home to keep it in") }
        for _ in 0..<Self.maximumAttempts where try setOnce(changes, path) { return }
        throw RcFileError(path: path, "other programs keep changing it")
    }

    /// Answers false if the file changed under our hands.
    private mutating func setOnce(_ changes: [Change], _ path: FilePath) throws(RcFileError) -> Bool {
        guard let before = try checked(path, { () throws(FileError) in try files.status(of: path) }) else {
            let content = initialContent(changes)
            return try checked(path) { () throws(FileError) in
                guard try !isDanglingLink(path) else {
                    // Unless somebody has just made the file.
                    guard try files.status(of: path) == nil else { return false }
                    throw FileError("replace the dangling link", path, .fileExists)
                }
                return try files.replace(path, with: content, suffix: "slstats") { () throws(FileError) in
                    try files.status(of: path) == nil
                }
            }
        }
        guard before.linkCount == 1 else {
            throw RcFileError(path: path, "it has \(before.linkCount) hard links, and replacing it would part them")
        }
        if case .unusable(let reason) = try checked(path, { () throws(FileError) in try load(path, before) }) {
            throw RcFileError(path: path, reason)
        }
        let (target, old) = try checked(path) { () throws(FileError) in
            let target = try files.realPath(of: path)
            return (target, try files.read(target, limit: Self.maximumBytes))
        }
        let new = try edited(old, changes, path)
        return try checked(path) { () throws(FileError) in
            try files.replace(target, with: new, keeping: before, suffix: "slstats") { () throws(FileError) in
                try files.status(of: path)?.identity == before.identity
            }
        }
    }

    private func edited(_ old: [UInt8], _ changes: [Change], _ path: FilePath) throws(RcFileError) -> [UInt8] {
        do throws(JSONError) {
            var document = try JSONEdit(old)
            for change in changes { try document.set(change.path, to: change.value) }
            // A `meta` of another type is somebody else's: it stays as it is.
            let meta = try JSON(parsing: old)["meta"]
            if meta == nil || meta?.object != nil {
                try document.set(["meta", "updated_at"], to: JSON(clock.seconds))
            }
            return document.bytes
        } catch {
            throw RcFileError(path: path, error.description)
        }
    }

    /// What the original writes on its first run (serverless-semantics, section 4.2), with a random id instead of one
    /// that is made of the machine's address and the time.
    private mutating func initialContent(_ changes: [Change]) -> [UInt8] {
        let frameworkID = EventID(using: &random)
        var json = JSONObject([
            ("userId", .null), ("frameworkId", .string(frameworkID.description)), ("trackingDisabled", false),
            ("enterpriseDisabled", false),
            ("meta", ["created_at": JSON(clock.seconds), "updated_at": JSON(clock.seconds)]),
        ])
        for change in changes where change.path.count == 1 { json[change.path[0]] = change.value }
        return Array(JSON.object(json).prettyPrinted().utf8)
    }

    /// The name is taken although nothing is there to be read: a link that points nowhere.
    private func isDanglingLink(_ path: FilePath) throws(FileError) -> Bool {
        try files.names(in: path.removingLastComponent()).contains(path.lastComponent?.string ?? "")
    }

    private func checked<Value>(
        _ path: FilePath, _ body: () throws(FileError) -> Value
    ) throws(RcFileError) -> Value {
        do { return try body() } catch { throw RcFileError(path: path, error.description) }
    }
}

/// Why the rc file was not changed. It is as it was before.
package struct RcFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String

    init(path: FilePath, _ reason: String) {
        self.path = path.string
        self.reason = reason
    }

    package var description: String {
        "\(path) was not changed: \(reason); SLS_TELEMETRY_DISABLED=1 says no without it"
    }
}
