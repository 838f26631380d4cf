// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import GRDB

/// What can be seen of the events of the last days without seeing anybody: numbers of groups of installations that are
/// not too small.
///
/// Days that are over are looked at, so that nobody sees one event arrive by loading twice; with a threshold of 1 there is
/// nobody to hide, and today counts as well.
package struct Figures: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        /// `nil` for all that are too small to be shown by themselves.
        package let value: String?
        /// `nil` if even all of those together are too small.
        package let events: Int?
        /// `nil` beside those: each has fewer than the threshold.
        package let installations: Int?

        package init(value: String?, events: Int?, installations: Int?) {
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

    package struct Day: Sendable, Equatable {
        /// Since 1970.
        package let day: Int64
        /// `nil` if too few installations had any.
        package let events: Int?
    }

    /// The latest last, those without an event as well.
    package let days: [Day]
    package let tables: [Table]
    /// On the days that are shown.
    package var events: Int { days.reduce(0) { $0 + ($1.events ?? 0) } }
    /// `nil` if there are too few.
    package let installations: Int?
    package let threshold: Int

    /// So many days are looked at.
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
        let last = threshold > 1 ? today - 1 : today
        let first = last - Figures.dayCount + 1
        let period = (first * Figures.millisecondsPerDay, (last + 1) * Figures.millisecondsPerDay)
        return try await database.read { database in
            let query = FiguresQuery(database: database, period: period, threshold: threshold)
            let counted = try query.days()
            let total = try query.installations()
            return Figures(
                days: (first...last).map { day in
                    let found = counted[day] ?? (events: 0, installations: threshold)
                    return Figures.Day(day: day, events: found.installations >= threshold ? found.events : nil)
                },
                tables: try query.tables(), installations: total >= threshold || total == 0 ? total : nil,
                threshold: threshold)
        }
    }
}

/// The questions to SQLite, which sorts and folds: what senders make up is not brought into memory.
private struct FiguresQuery {
    private static let installations = "COUNT(DISTINCT COALESCE(installation, 0))"
    /// Behind it come the two ends of the period.
    private static let events = "FROM event WHERE received >= ? AND received < ?"

    let database: Database
    let period: (Int64, Int64)
    let threshold: Int

    private var ends: StatementArguments { [period.0, period.1] }

    func installations() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT \(Self.installations) \(Self.events)", arguments: ends) ?? 0
    }

    func days() throws -> [Int64: (events: Int, installations: Int)] {
        let sql = """
            SELECT received / \(Figures.millisecondsPerDay), COUNT(*), \(Self.installations) \(Self.events) GROUP BY 1
            """
        return try Row.fetchAll(database, sql: sql, arguments: ends).reduce(into: [:]) { days, row in
            days[row[0] as Int64] = (events: row[1], installations: row[2])
        }
    }

    func tables() throws -> [Figures.Table] {
        let counts = EventColumn.allCases.map { "COUNT(\($0.rawValue))" }.joined(separator: ", ")
        let totals = try Row.fetchOne(database, sql: "SELECT \(counts) \(Self.events)", arguments: ends)
        return try EventColumn.allCases.enumerated().map { index, column in
            Figures.Table(column: column, rows: try rows(of: column, total: totals?[index] ?? 0))
        }
    }

    /// What senders themselves call other belongs to what is folded.
    private func rows(of column: EventColumn, total: Int) throws -> [Figures.Row] {
        let name = column.rawValue
        let sql = """
            SELECT \(name), COUNT(*), \(Self.installations) AS installations \(Self.events) AND \(name) IS NOT NULL
            GROUP BY 1 HAVING installations >= ? AND \(name) <> 'other' ORDER BY 2 DESC, 1 LIMIT \(Figures.maximumRows)
            """
        let shown = try Row.fetchAll(database, sql: sql, arguments: ends + [threshold])
        let rows = shown.map { Figures.Row(value: $0[0], events: $0[1], installations: $0[2]) }
        let rest = total - rows.reduce(0) { $0 + ($1.events ?? 0) }
        guard rest > 0 else { return rows }
        let names = shown.map { $0[0] as String }
        let marks = Array(repeating: "?", count: names.count).joined(separator: ", ")
        let installations = try Int.fetchOne(
            database,
            sql: """
                SELECT \(Self.installations) \(Self.events)
                AND \(name) IS NOT NULL AND \(name) NOT IN (\(marks))
                """, arguments: ends + StatementArguments(names))
        let isShown = installations ?? 0 >= threshold
        return rows + [Figures.Row(value: nil, events: isShown ? rest : nil, installations: nil)]
    }
}
