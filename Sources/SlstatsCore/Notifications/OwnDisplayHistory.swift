// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol
package import SystemPackage

/// Display times that a rc file does not hold: it cannot be written, or it is not there and nothing but a notice would
/// have it made. By stage, in `notifications-shown.json`:
///
///     {"prod":{"NEWS":1700000000000}}
package struct OwnDisplayHistory {
    private var histories: [String: DisplayHistory] = [:]
    private let path: FilePath
    private let files: any FileSystem

    private static let maximumBytes = 1 << 20

    /// A damaged file counts as empty: a notice is shown once more.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("notifications-shown.json")
        self.files = files
        let json = files.readJSON(path, limit: Self.maximumBytes)
        for member in (json?.object?.members ?? []).prefix(Consent.maximumStages) {
            histories[member.key] = DisplayHistory(member.value)
        }
    }

    package subscript(_ stage: PlatformStage) -> DisplayHistory { histories[stage.name] ?? DisplayHistory() }

    /// More stages than anybody has are not remembered.
    package mutating func set(_ history: DisplayHistory, of stage: PlatformStage) throws(FileError) {
        guard self[stage] != history, histories[stage.name] != nil || histories.count < Consent.maximumStages else {
            return
        }
        histories[stage.name] = history.times.isEmpty ? nil : history
        let members = histories.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }
        try files.replace(path, with: JSON.object(JSONObject(members)).serializedBytes())
    }
}
