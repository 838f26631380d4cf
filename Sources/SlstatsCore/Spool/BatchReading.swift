// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// A batch to be read on another thread, while events go on being appended and the batch before it is on its way.
///
/// What leaves obeys the rules of now, not those it was recorded under.
package struct BatchReading: Sendable {
    /// What came of it.
    package struct Outcome: Sendable, Equatable {
        package let body: BatchBody
        /// What stands in the file and is none of its events.
        let damaged: [[UInt8]]
        let tornTail: [UInt8]
    }

    package let batch: SealedBatch
    let path: FilePath
    let files: any FileSystem
    let narrowing: Narrowing?
    /// What was taken out, by sequence number.
    let excluded: Set<UInt64>

    /// - Returns: `nil` for a file that cannot be read, tried twice.
    /// - Throws: for want of descriptors or memory, which says nothing of the file.
    package func run() throws(FileError) -> Outcome? {
        if let outcome = try? read() { return outcome }
        do throws(FileError) {
            return try read()
        } catch {
            guard ![.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(error.errno) else { throw error }
            return nil
        }
    }

    private func read() throws(FileError) -> Outcome {
        var bytes: [UInt8]
        if let lines = batch.lines {
            bytes = [0x0a] + lines
        } else {
            bytes = try files.read(path, limit: Spool.maximumSegmentBytes)
        }
        let content = SegmentContent(scanning: bytes)
        let owned = content.events.indices.filter { batch.owns(content.events[$0], at: $0) }.map { content.events[$0] }
        let dropped = excluded.isEmpty ? [] : owned.indices.filter { excluded.contains(owned[$0].sequence) }
        let ranges = owned.map { event in
            guard let narrowed = narrowing?.narrowed(event, in: bytes) else { return event.json }
            bytes += narrowed
            return bytes.count - narrowed.count..<bytes.count
        }
        return Outcome(
            body: BatchBody(id: batch.id, bytes: bytes, events: ranges, dropped: Set(dropped)),
            damaged: content.damaged.map { Array(bytes[$0]) }, tornTail: Array(bytes[content.tornTail]))
    }
}
