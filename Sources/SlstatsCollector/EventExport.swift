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
        _ format: EventExport, since moment: Int64 = 0, _ write: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        try await database.read { database in
            let numbers = ["timestamp", "received", "installation"]
            let names = ["id"] + numbers + EventColumn.allCases.map(\.rawValue) + ["body"]
            let sql = "SELECT \(names.joined(separator: ", ")) FROM event WHERE received >= ? ORDER BY received, rowid"
            if format == .csv { try write(Array((names.joined(separator: ",") + "\r\n").utf8)) }
            let rows = try Row.fetchCursor(database, sql: sql, arguments: [moment])
            while let row = try rows.next() {
                switch format {
                case .ndjson: try write(Self.line(of: row["body"]))
                case .csv:
                    let fields = names.map { name in
                        // Numbers and events are no text that a spreadsheet would take for a formula.
                        Self.quoted(
                            row[name] as String? ?? "", isText: name != "body" && !numbers.contains(name))
                    }
                    try write(Array(fields.joined(separator: [UInt8(ascii: ",")])) + [0x0d, 0x0a])
                }
            }
        }
    }

    /// By bytes, as all below: to Swift `\r\n` is one character, and so is a quote with an accent.
    private static func line(of event: String) -> [UInt8] {
        event.utf8.map { $0 == 0x0a || $0 == 0x0d ? 0x20 : $0 } + [0x0a]
    }

    private static func quoted(_ field: String, isText: Bool) -> [UInt8] {
        var bytes = Array(field.utf8)
        if isText, let first = bytes.first, "=+-@\t\r".utf8.contains(first) { bytes.insert(UInt8(ascii: "'"), at: 0) }
        guard bytes.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else { return bytes }
        return [0x22] + bytes.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]
    }
}
