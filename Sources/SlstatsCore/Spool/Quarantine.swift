// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// What could not be read or was not taken, kept for whoever wants to look, and never read by us.
///
/// `<batch id>.<reason>`; when there is too much of it the oldest goes.
struct Quarantine {
    /// Why something lies there: the end of the file's name. Add, never rename.
    enum Reason: String {
        /// Lines whose checksum is wrong.
        case damaged
        /// What stood behind the last whole line after a crash.
        case torn
        /// Events that the collector refused.
        case rejected
        /// A whole file that could not be read, or is none of a segment's size.
        case unreadable
    }

    let folder: FilePath
    let maximumBytes: Int
    let files: any FileSystem

    /// Replaces what is there of the batch under that reason: a second look finds the same and writes the same.
    func keep(_ pieces: [ArraySlice<UInt8>], of batch: BatchID, _ reason: Reason) throws(FileError) {
        guard !pieces.isEmpty else { return }
        let bytes = pieces.flatMap { $0 + [0x0a] }
        try makeRoom(for: min(bytes.count, maximumBytes))
        try files.replace(path(batch, reason), with: Array(bytes.prefix(maximumBytes)))
    }

    /// Moves a file that cannot even be read.
    func move(_ path: FilePath, of batch: BatchID) throws(FileError) {
        try files.rename(path, to: self.path(batch, .unreadable))
        try makeRoom(for: 0)
    }

    private func path(_ batch: BatchID, _ reason: Reason) -> FilePath {
        folder.appending("\(batch).\(reason.rawValue)")
    }

    private func makeRoom(for count: Int) throws(FileError) {
        var sizes: [(path: FilePath, bytes: Int)] = []
        for name in try files.names(in: folder) {
            let path = folder.appending(name)
            sizes.append((path, Int(try files.status(of: path)?.identity.size ?? 0)))
        }
        var total = sizes.reduce(count) { $0 + $1.bytes }
        for file in sizes where total > maximumBytes {
            try files.remove(file.path)
            total -= file.bytes
        }
    }
}
