// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// What a user does not want to read again: `notification-preferences.json` in the state folder.
///
///     {"acknowledged":{"NEWS":1700000000000},"snoozed":{"OUTDATED_MINOR_VERSION":1700600000000}}
///
/// Times in Unix milliseconds: since when, and until when.
package struct NotificationPreferences: Sendable {
    package private(set) var acknowledged: [String: Int64] = [:]
    package private(set) var snoozed: [String: Int64] = [:]

    private let path: FilePath
    private let files: any FileSystem

    /// Beyond this somebody writes codes in a loop.
    package static let maximumCodes = 1024
    private static let maximumBytes = 1 << 20

    /// Why the file could not be read; then nothing is written over it.
    private var unreadable: FileError?

    /// A file that is damaged is set aside; one that cannot be read now stays, and so does what it says.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("notification-preferences.json")
        self.files = files
        do throws(FileError) {
            guard try files.status(of: path) != nil else { return }
            let bytes = try files.read(path, limit: Self.maximumBytes)
            guard let json = try? JSON(parsing: bytes), json.object != nil else {
                try files.rename(path, to: state.appending("notification-preferences.unreadable"))
                return
            }
            acknowledged = Self.times(json["acknowledged"])
            snoozed = Self.times(json["snoozed"])
        } catch {
            unreadable = error
        }
    }

    /// Whether the user wants to hear of it now, by what was said so far.
    package func allows(_ code: String, at now: Int64) -> Bool {
        acknowledged[code] == nil && snoozed[code].map { $0 <= now } ?? true
    }

    /// Never again.
    package mutating func acknowledge(_ code: String, at now: Int64) throws(FileError) {
        try change { $0.acknowledged[code] = now }
    }

    /// Not before then.
    package mutating func snooze(_ code: String, until moment: Int64, now: Int64) throws(FileError) {
        try change { preferences in
            preferences.snoozed = preferences.snoozed.filter { $0.value > now }
            preferences.snoozed[code] = moment
        }
    }

    /// As if nothing had been said of it.
    package mutating func reset(_ code: String) throws(FileError) {
        try change { preferences in
            preferences.acknowledged[code] = nil
            preferences.snoozed[code] = nil
        }
    }

    /// On disk first: what was answered must not be forgotten.
    private mutating func change(_ body: (inout Self) -> Void) throws(FileError) {
        if let unreadable { throw unreadable }
        var changed = self
        body(&changed)
        changed.acknowledged = Self.newest(changed.acknowledged)
        changed.snoozed = Self.newest(changed.snoozed)
        try files.replace(path, with: changed.json.serializedBytes())
        self = changed
    }

    /// Beyond the limit the oldest go: their notices are the likeliest to be gone.
    private static func newest(_ times: [String: Int64]) -> [String: Int64] {
        guard times.count > maximumCodes else { return times }
        let newest = times.sorted { $0.value > $1.value }.prefix(maximumCodes)
        return Dictionary(newest.map { ($0.key, $0.value) }) { first, _ in first }
    }

    private var json: JSON {
        func object(_ times: [String: Int64]) -> JSON {
            .object(JSONObject(times.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }))
        }
        return ["acknowledged": object(acknowledged), "snoozed": object(snoozed)]
    }

    private static func times(_ json: JSON?) -> [String: Int64] {
        let members = (json?.object?.members ?? []).prefix(maximumCodes)
        return Dictionary(members.compactMap { member in member.value.integer.map { (member.key, $0) } }) { _, last in
            last
        }
    }
}
