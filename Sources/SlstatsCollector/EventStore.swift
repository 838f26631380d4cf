// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import GRDB
internal import OrderedJSON

/// The events of everybody, in SQLite. An event's id is its key: a batch that comes again adds nothing.
package struct EventStore: Sendable {
    let database: DatabasePool

    /// - Parameter path: the file, made if it is not there.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // An answer of 200 is a promise: it must outlive a loss of power (sqlite.org/pragma.html#pragma_synchronous).
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        database = try DatabasePool(path: path, configuration: configuration)
        try Self.migrator.migrate(database)
    }

    /// Each was in a release: never change one, add another.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("events") { database in
            try database.create(table: "event") { table in
                table.primaryKey("id", .text)
                table.column("timestamp", .integer).notNull().indexed()
                table.column("batch", .text)
                table.column("body", .text).notNull()
            }
        }
        migrator.registerMigration("columns") { database in
            try database.rename(table: "event", to: "old")
            try database.create(table: "event") { table in
                table.primaryKey("id", .text)
                table.column("timestamp", .integer).notNull()
                table.column("received", .integer).notNull()
                table.column("batch", .text)
                // Before the body, so that counting need not read that.
                for column in EventColumn.allCases { table.column(column.rawValue, .text) }
                table.column("body", .text).notNull()
            }
            let names = EventColumn.allCases.map(\.rawValue).joined(separator: ", ")
            let values = EventColumn.allCases.map { column in
                "json_extract(body, '$.\(column.path.map { "\"\($0)\"" }.joined(separator: "."))')"
            }
            try database.execute(
                sql: """
                    INSERT INTO event (id, timestamp, received, batch, \(names), body)
                    SELECT id, timestamp, ?, batch, \(values.joined(separator: ", ")), body FROM old
                    """, arguments: [Self.now])
            try database.drop(table: "old")
            try database.create(index: "event_timestamp", on: "event", columns: ["timestamp"])
            try database.create(index: "event_received", on: "event", columns: ["received"])
        }
        return migrator
    }

    /// Unix milliseconds.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// One transaction a batch: either all of it is kept or none.
    ///
    /// - Returns: how many were new.
    package func insert(_ batch: EventBatch, named name: String?) async throws -> Int {
        let names = EventColumn.allCases.map(\.rawValue)
        let marks = Array(repeating: "?", count: names.count).joined(separator: ", ")
        let sql = """
            INSERT OR IGNORE INTO event (id, timestamp, received, batch, \(names.joined(separator: ", ")), body)
            VALUES (?, ?, ?, ?, \(marks), ?)
            """
        let received = Self.now
        return try await database.write { database in
            var inserted = 0
            let statement = try database.cachedStatement(sql: sql)
            for event in batch.events {
                let values: [(any DatabaseValueConvertible)?] =
                    [event.id, event.timestamp, received, name] + event.columns + [event.body]
                try statement.execute(arguments: StatementArguments(values))
                inserted += database.changesCount
            }
            return inserted
        }
    }

    package func count() async throws -> Int {
        try await database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM event") ?? 0 }
    }

    /// Of the file, with what is free in it.
    func bytes() async throws -> Int {
        try await database.read { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            return pages * (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
        }
    }

    /// Removes what came in before a moment, a part at a time, so that others have their turn.
    ///
    /// - Returns: how many there were.
    package func expire(before moment: Int64) async throws -> Int {
        var total = 0
        while true {
            let count = try await database.write { database in
                try database.execute(
                    sql: """
                        DELETE FROM event WHERE rowid IN
                        (SELECT rowid FROM event WHERE received < ? ORDER BY received LIMIT 5000)
                        """, arguments: [moment])
                return database.changesCount
            }
            total += count
            if count == 0 { return total }
        }
    }

    package func close() throws { try database.close() }
}
