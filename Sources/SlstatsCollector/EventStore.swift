// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import OrderedJSON

/// The events of everybody, in SQLite. An event's id is its key: a batch that comes again adds nothing.
package struct EventStore: Sendable {
    private let database: DatabasePool

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
        return migrator
    }

    /// One transaction a batch: either all of it is kept or none.
    ///
    /// - Returns: how many were new.
    package func insert(_ batch: EventBatch, named name: String?) async throws -> Int {
        try await database.write { database in
            var inserted = 0
            let statement = try database.makeStatement(
                sql: "INSERT OR IGNORE INTO event (id, timestamp, batch, body) VALUES (?, ?, ?, ?)")
            for event in batch.events {
                try statement.execute(arguments: [event.id, event.timestamp, name, event.body])
                inserted += database.changesCount
            }
            return inserted
        }
    }

    package func count() async throws -> Int {
        try await database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM event") ?? 0 }
    }

    package func close() throws { try database.close() }
}
