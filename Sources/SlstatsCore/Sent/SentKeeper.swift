// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import SystemPackage

/// The record of what left, for the thread that writes and reads it.
package final class SentKeeper: Sendable {
    package let folder: String
    private let record: Mutex<SentRecord>

    package init(_ record: SentRecord) {
        folder = record.folder.string
        self.record = Mutex(record)
    }

    package func withRecord<Result: Sendable>(
        _ body: (inout SentRecord) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        try record.withLock { record throws(FileError) in try body(&record) }
    }
}
