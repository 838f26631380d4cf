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
        database = try DatabasePool(path: path, configuration: configuration)
        // An answer of 200 is a promise: it must outlive a loss of power (sqlite.org/pragma.html#pragma_synchronous). Behind
        // the opening, which sets what is enough for others.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Self.migrator.migrate(database)
    }

    /// Of a database that a collector may be using; nothing of it is changed.
    ///
    /// - Throws: ``EventStoreError`` for one of an earlier version.
    package init(reading path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        database = try DatabasePool(path: path, configuration: configuration)
        guard try database.read(Self.migrator.hasCompletedMigrations) else { throw EventStoreError(path: path) }
    }

    /// Whether a commit is on stable storage when it returns.
    package func isDurable() throws -> Bool {
        try database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") == 2 }
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
            // In the order of sqlite.org/lang_altertable.html, section 7, which leaves views as they are.
            try database.create(table: "new") { table in
                table.primaryKey("id", .text)
                table.column("timestamp", .integer).notNull()
                table.column("received", .integer).notNull().defaults(to: 0)
                table.column("batch", .text)
                table.column("installation", .integer)
                // Before the body, so that counting need not read that.
                for column in EventColumn.allCases { table.column(column.rawValue, .text) }
                table.column("body", .text).notNull()
            }
            database.add(
                function: DatabaseFunction("installation_number", argumentCount: 1, pure: true) { values in
                    String.fromDatabaseValue(values[0]).map(EventBatch.number)
                })
            let names = EventColumn.allCases.map(\.rawValue).joined(separator: ", ")
            let values = EventColumn.allCases.map { column in
                "json_extract(body, '$.\(column.path.map { "\"\($0)\"" }.joined(separator: "."))')"
            }
            try database.execute(
                sql: """
                    INSERT INTO new (id, timestamp, received, batch, installation, \(names), body)
                    SELECT id, timestamp, CASE WHEN timestamp BETWEEN 1 AND ?1 THEN timestamp ELSE ?1 END, batch,
                    installation_number(json_extract(body, '$.frameworkLocalUserId')), \(values.joined(separator: ", ")), body FROM event
                    """, arguments: [Self.now])
            try database.drop(table: "event")
            // Of a view of the owner's, which means the table that is not there for a moment.
            try database.execute(sql: "PRAGMA legacy_alter_table = ON")
            try database.rename(table: "new", to: "event")
            try database.execute(sql: "PRAGMA legacy_alter_table = OFF")
            try database.create(index: "event_timestamp", on: "event", columns: ["timestamp"])
            // All that is counted stands in it, so the bodies are not read for that.
            try database.create(
                index: "event_received", on: "event",
                columns: ["received", "installation"] + EventColumn.allCases.map(\.rawValue))
        }
        return migrator
    }

    /// Unix milliseconds.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// In days since 1970, UTC.
    static var today: Int64 { now / Figures.millisecondsPerDay }

    /// One transaction a batch: either all of it is kept or none.
    ///
    /// - Returns: how many were new.
    package func insert(_ batch: EventBatch, named name: String?) async throws -> Int {
        let names = EventColumn.allCases.map(\.rawValue)
        let marks = Array(repeating: "?", count: names.count).joined(separator: ", ")
        let sql = """
            INSERT INTO event (id, timestamp, received, batch, installation, \(names.joined(separator: ", ")), body)
            VALUES (?, ?, ?, ?, ?, \(marks), ?) ON CONFLICT (id) DO NOTHING
            """
        let received = Self.now
        return try await database.write { database in
            var inserted = 0
            let statement = try database.cachedStatement(sql: sql)
            for event in batch.events {
                let values: [(any DatabaseValueConvertible)?] =
                    [event.id, event.timestamp, received, name, event.installation] + event.columns + [event.body]
                try statement.execute(arguments: StatementArguments(values))
                inserted += database.changesCount
            }
            return inserted
        }
    }

    /// Whether it can be read.
    func check() async throws { try await database.read { _ = try Int.fetchOne($0, sql: "SELECT 1") } }

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

/// A database that has to be taken over first.
package struct EventStoreError: Error, CustomStringConvertible {
    let path: String

    package var description: String { "\(path) is of an earlier version; a collector takes it over when it starts" }
}
