// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// A file of nothing, whose room is given up when the disk is full: sealing, setting aside and opting out go on then.
///
/// While it is gone no event is taken, so that what little room there is stays for draining.
struct Reserve {
    let path: FilePath
    let bytes: Int
    let files: any FileSystem
    private(set) var isHeld = false

    init(_ path: FilePath, bytes: Int, files: any FileSystem) {
        self.path = path
        self.bytes = bytes
        self.files = files
        isHeld = (try? files.status(of: path))?.identity.size == Int64(bytes)
        try? hold()
    }

    /// Takes the room unless we have it.
    mutating func hold() throws(FileError) {
        guard !isHeld else { return }
        do throws(FileError) {
            // Written, not merely sized: a file with holes reserves nothing.
            try files.remove(path)
            try files.create(path).append([UInt8](repeating: 0, count: bytes))
            isHeld = true
        } catch {
            try? files.remove(path)
            throw error
        }
    }

    /// Does something that may need room: if there is none, once more without the reserve.
    mutating func withRoom<Value>(_ body: () throws(FileError) -> Value) throws(FileError) -> Value {
        do throws(FileError) {
            return try body()
        } catch {
            guard error.isFull, isHeld else { throw error }
            try giveUp()
            return try body()
        }
    }

    mutating func giveUp() throws(FileError) {
        try files.remove(path)
        isHeld = false
    }
}
