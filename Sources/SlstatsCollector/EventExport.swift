// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import GRDB

/// The events as they came, for other programs.
package enum EventExport: String, CaseIterable, Sendable {
    /// Each event's own bytes on a line.
    case ndjson
    /// RFC 4180: what has a column, and the event's own bytes behind it.
    case csv
}

extension EventStore {
    /// Writes events in the order in which they came, all as they were at one moment.
    ///
    /// - Parameters:
    ///   - moment: those that came since, in Unix milliseconds.
    ///   - write: called with a line at a time, its end included.
    package func export(
        _ format: EventExport, since moment: Int64 = 0, _ write: @escaping @Sendable (String) throws -> Void
    ) async throws {
        try await database.read { database in
            let columns = ["id", "timestamp", "received"] + EventColumn.allCases.map(\.rawValue) + ["body"]
            let sql =
                "SELECT \(columns.joined(separator: ", ")) FROM event WHERE received >= ? ORDER BY received, rowid"
            if format == .csv { try write(columns.joined(separator: ",") + "\r\n") }
            let rows = try Row.fetchCursor(database, sql: sql, arguments: [moment])
            while let row = try rows.next() {
                switch format {
                case .ndjson: try write((row["body"] as String).replacing("\n", with: " ") + "\n")
                case .csv:
                    let fields = columns.indices.map { Self.quoted(row[$0] as String? ?? "") }
                    try write(fields.joined(separator: ",") + "\r\n")
                }
            }
        }
    }

    private static func quoted(_ field: String) -> String {
        // By bytes: to Swift, "\r\n" is one character.
        guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
