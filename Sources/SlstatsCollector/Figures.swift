// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import GRDB

/// What can be seen of the events of the last days without seeing anybody: numbers of groups of installations that are
/// not too small.
package struct Figures: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        /// `nil` for all that are too small to be shown by themselves.
        package let value: String?
        package let events: Int
        /// `nil` beside those: each has fewer than the threshold.
        package let installations: Int?

        package init(value: String?, events: Int, installations: Int?) {
            self.value = value
            self.events = events
            self.installations = installations
        }
    }

    package struct Table: Sendable, Equatable {
        package let column: EventColumn
        /// The most events first, all that were folded last.
        package let rows: [Row]
    }

    /// Days since 1970, the latest last, those without an event as well.
    package let days: [(day: Int64, row: Row)]
    package let tables: [Table]
    package let events: Int
    package let installations: Int
    package let threshold: Int

    package static func == (left: Self, right: Self) -> Bool {
        left.days.elementsEqual(right.days, by: ==) && left.tables == right.tables && left.events == right.events
            && left.installations == right.installations && left.threshold == right.threshold
    }

    /// So many days are looked at, the current one among them.
    static let dayCount: Int64 = 30
    /// More values of one column are folded too.
    static let maximumRows = 20
    static let millisecondsPerDay: Int64 = 86_400_000
}

extension EventStore {
    /// Events without an id of the installation count as those of one.
    ///
    /// - Parameters:
    ///   - threshold: what has fewer installations is folded.
    ///   - now: Unix milliseconds.
    package func figures(threshold: Int, now: Int64? = nil) async throws -> Figures {
        let today = (now ?? Self.now) / Figures.millisecondsPerDay
        let first = today - Figures.dayCount + 1
        return try await database.read { database in
            let since = first * Figures.millisecondsPerDay
            func groups(_ expression: String) throws -> [(key: DatabaseValue, events: Int, installations: Int)] {
                let sql = """
                    SELECT \(expression), COUNT(*), COUNT(DISTINCT COALESCE(installation, ''))
                    FROM event WHERE received >= ? GROUP BY 1 ORDER BY 2 DESC, 1
                    """
                return try Row.fetchAll(database, sql: sql, arguments: [since]).map { ($0[0], $0[1], $0[2]) }
            }
            let total = try groups("1").first
            let days = try groups("received / \(Figures.millisecondsPerDay)")
            let tables = try EventColumn.allCases.filter { $0 != .installation }.map { column in
                let rows = try groups(column.rawValue).filter { !$0.key.isNull }.map {
                    ($0.key.storage.value as? String ?? "", $0.events, $0.installations)
                }
                return Figures.Table(column: column, rows: Self.folded(rows, threshold))
            }
            return Figures(
                days: (first...today).map { day in
                    let found = days.first { Int64.fromDatabaseValue($0.key) == day }
                    let isShown = (found?.installations ?? threshold) >= threshold
                    return (
                        day,
                        Figures.Row(
                            value: "", events: found?.events ?? 0,
                            installations: isShown ? found?.installations ?? 0 : nil)
                    )
                }, tables: tables, events: total?.events ?? 0, installations: total?.installations ?? 0,
                threshold: threshold)
        }
    }

    private static func folded(_ rows: [(value: String, events: Int, installations: Int)], _ threshold: Int)
        -> [Figures.Row]
    {
        // What senders themselves call other belongs to it.
        let shown = rows.filter { $0.installations >= threshold && $0.value != "other" }.prefix(Figures.maximumRows)
        let rest = rows.reduce(0) { $0 + $1.events } - shown.reduce(0) { $0 + $1.events }
        return shown.map { Figures.Row(value: $0.value, events: $0.events, installations: $0.installations) }
            + (rest > 0 ? [Figures.Row(value: nil, events: rest, installations: nil)] : [])
    }
}
