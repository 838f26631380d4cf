// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import OrderedJSON
internal import SlstatsProtocol
internal import Synchronization

/// What the collector answers with, from a file that its owner edits while it runs.
package final class NotificationFile: Sendable {
    private struct Seen {
        var modifiedAt: Date?
        var size: Int?
        /// Only entries that clients would take.
        var answer: [UInt8]
    }

    private let path: String?
    private let seen = Mutex(Seen(modifiedAt: nil, size: nil, answer: Array("[]".utf8)))

    /// - Parameter path: a JSON array of notifications; `nil` answers with none.
    package init(path: String?) {
        self.path = path
    }

    /// The list as JSON. While the file cannot be read, what was read last.
    package func current() -> [UInt8] {
        guard let path else { return Array("[]".utf8) }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let modifiedAt = attributes?[.modificationDate] as? Date
        let size = (attributes?[.size] as? NSNumber)?.intValue
        return seen.withLock { seen in
            if seen.modifiedAt == modifiedAt && seen.size == size { return seen.answer }
            if let answer = try? Self.read(path) {
                seen = Seen(modifiedAt: modifiedAt, size: size, answer: answer)
            }
            return seen.answer
        }
    }

    /// Reads once, for a mistake to be reported at start.
    package func validate() throws {
        if let path { _ = try Self.read(path) }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let bytes = try Array(Data(contentsOf: URL(filePath: path)))
        guard case .array(let entries) = try JSON(parsing: bytes) else {
            throw NotificationFileError(path: path, index: nil)
        }
        for (index, entry) in entries.enumerated() where Notification(entry) == nil {
            throw NotificationFileError(path: path, index: index)
        }
        return JSON.array(entries).serializedBytes()
    }
}

/// A file that clients would not understand.
package struct NotificationFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let index: Int?

    package var description: String {
        guard let index else { return "\(path) is not a JSON array of notifications" }
        return "\(path): element \(index) needs a non-empty code and a non-empty message"
    }
}
