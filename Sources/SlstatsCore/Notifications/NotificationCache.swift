// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// The last valid list a collector answered with, kept in `notifications.json` so that it outlives the daemon.
package struct NotificationCache {
    package private(set) var list: NotificationList

    private let path: FilePath
    private let files: any FileSystem

    private static let maximumBytes = 1 << 20

    /// Validated again on reading: the file could have been changed. A damaged one counts as empty.
    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("notifications.json")
        self.files = files
        let bytes = try? files.read(path, limit: Self.maximumBytes)
        list = bytes.flatMap { try? JSON(parsing: $0) }.map(NotificationList.init(kept:)) ?? NotificationList()
    }

    /// Takes the body of a 2xx answer. Anything that is no list, an empty body included, says nothing about
    /// notifications and leaves what is known.
    ///
    /// - Returns: whether there is a new list.
    package mutating func update(fromAnswer body: [UInt8]) throws(FileError) -> Bool {
        guard let json = try? JSON(parsing: body), let new = NotificationList(json), new != list else { return false }
        list = new
        try files.replace(path, with: JSON.object(JSONObject(list.members)).serializedBytes())
        return true
    }
}
