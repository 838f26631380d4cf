// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// A batch to be read on another thread, while events go on being appended and the batch before it is on its way.
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
        let bytes: [UInt8]
        if let lines = batch.lines {
            bytes = [0x0a] + lines
        } else {
            bytes = try files.read(path, limit: Spool.maximumSegmentBytes)
        }
        let content = SegmentContent(scanning: bytes)
        let own = content.events.indices.lazy.filter { batch.owns(content.events[$0], at: $0) }
        return Outcome(
            body: BatchBody(id: batch.id, bytes: bytes, events: own.map { content.events[$0].json }),
            damaged: content.damaged.map { Array(bytes[$0]) }, tornTail: Array(bytes[content.tornTail]))
    }
}
