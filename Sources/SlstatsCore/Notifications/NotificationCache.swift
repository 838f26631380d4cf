// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol
package import SystemPackage

/// The last valid list a collector answered with, kept in `notifications.json` so that it outlives the daemon.
package struct NotificationCache {
    package private(set) var notifications: [Notification]

    private let path: FilePath
    private let files: any FileSystem

    /// More than this no collector has to say, and choosing must not take long.
    package static let maximumCount = 256
    private static let maximumBytes = 1 << 20

    /// Validated again on reading: the file could have been changed. A damaged one counts as empty.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("notifications.json")
        self.files = files
        let bytes = try? files.read(path, limit: Self.maximumBytes)
        notifications = bytes.flatMap { try? JSON(parsing: $0) }.flatMap(Self.list) ?? []
    }

    /// Takes the body of a 2xx answer: a list, or an object with a member `notifications` that is one. Anything else,
    /// an empty body included, says nothing about notifications and leaves what is known.
    package mutating func update(fromAnswer body: [UInt8]) throws(FileError) {
        guard let json = try? JSON(parsing: body), let list = Self.list(json), list != notifications else { return }
        notifications = list
        try files.replace(path, with: JSON.array(list.map(\.json)).serializedBytes())
    }

    /// Each entry is judged on its own; a bad one costs only itself.
    private static func list(_ json: JSON) -> [Notification]? {
        guard let entries = json.array ?? json["notifications"]?.array else { return nil }
        return Array(entries.lazy.compactMap(Notification.init).prefix(maximumCount))
    }
}
