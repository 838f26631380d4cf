// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// The few things the rules do to files, so that tests can take the power away between any two of them.
package protocol FileSystem: Sendable {
    /// Makes the folder, 0700, unless it is there. Its parent must exist.
    func createFolder(_ path: FilePath) throws(FileError)
    /// The entries of a folder without `.` and `..`, sorted.
    func names(in folder: FilePath) throws(FileError) -> [String]
    /// What is known of a file, the link followed; `nil` if there is none.
    func status(of path: FilePath) throws(FileError) -> FileStatus?
    /// The whole file. One larger than `limit` bytes is an error (EFBIG) and is not read.
    func read(_ path: FilePath, limit: Int) throws(FileError) -> [UInt8]
    /// A new file, 0600, for appending; EEXIST if the name is taken.
    func create(_ path: FilePath) throws(FileError) -> any AppendableFile
    /// An existing file, for appending.
    func open(_ path: FilePath) throws(FileError) -> any AppendableFile
    func rename(_ from: FilePath, to target: FilePath) throws(FileError)
    /// Removing what is gone already is fine.
    func remove(_ path: FilePath) throws(FileError)
    /// Makes names durable: creations, renames and removals in the folder.
    func syncFolder(_ path: FilePath) throws(FileError)
    /// Gives a new file the mode and, where it differs, the owner of another.
    func copyOwnership(of status: FileStatus, to path: FilePath) throws(FileError)
    /// The path with every symbolic link resolved by the kernel; ENOENT if the target is not there.
    func realPath(of path: FilePath) throws(FileError) -> FilePath
}

/// A file that only grows, except that a torn tail can be cut.
package protocol AppendableFile: AnyObject, Sendable {
    /// Appends all of it or throws; after a short write the file may end in a part of it.
    func append(_ bytes: [UInt8]) throws(FileError)
    /// fdatasync(2): what was appended before the call survives a loss of power. Never retry and trust a failed one.
    func sync() throws(FileError)
    func truncate(to size: Int) throws(FileError)
}

/// What distinguishes one state of a file from another, and what must be kept when it is replaced.
package struct FileStatus: Sendable, Equatable {
    package struct Identity: Sendable, Equatable {
        package var device: UInt64
        package var inode: UInt64
        package var size: Int64
        package var modifiedAt: Int64
        package var changedAt: Int64

        package init(device: UInt64, inode: UInt64, size: Int64, modifiedAt: Int64, changedAt: Int64) {
            self.device = device
            self.inode = inode
            self.size = size
            self.modifiedAt = modifiedAt
            self.changedAt = changedAt
        }
    }

    package enum Kind: Sendable { case file, folder, other }

    package let kind: Kind
    package let identity: Identity
    package let mode: UInt32
    package let userID: UInt32
    package let groupID: UInt32
    package let linkCount: UInt64

    package init(
        kind: Kind, identity: Identity, mode: UInt32, userID: UInt32, groupID: UInt32, linkCount: UInt64
    ) {
        self.kind = kind
        self.identity = identity
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.linkCount = linkCount
    }
}

/// A system call on a file that failed.
package struct FileError: Error, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: FilePath
    package let errno: Errno

    package init(_ operation: String, _ path: FilePath, _ errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var description: String { "\(operation) \(path): \(errno)" }
}

extension FileSystem {
    /// Replaces a file as a whole: after a crash there is the old content or the new, never a mixture, never nothing.
    ///
    /// Temporary file beside it, sync, rename, sync of the folder: without the first sync the new name can come back
    /// empty, without the second the old content (engineering-notes, section 2).
    ///
    /// - Parameters:
    ///   - status: the mode and owner to keep; 0600 and ours without it.
    ///   - isStillWanted: asked at the last moment before the rename; if it says no, nothing has happened.
    /// - Returns: whether the file was replaced.
    @discardableResult
    package func replace(
        _ path: FilePath, with bytes: [UInt8], keeping status: FileStatus? = nil, suffix: String = "tmp",
        ifStill isStillWanted: () throws(FileError) -> Bool = { () throws(FileError) in true }
    ) throws(FileError) -> Bool {
        var temporary = path
        temporary.removeLastComponent()
        temporary.append("\(path.lastComponent?.string ?? "file").\(suffix)")
        do throws(FileError) {
            // Left over from a crash: only we use this name.
            try remove(temporary)
            let file = try create(temporary)
            try file.append(bytes)
            if let status { try copyOwnership(of: status, to: temporary) }
            try file.sync()
            guard try isStillWanted() else {
                try remove(temporary)
                return false
            }
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncFolder(path.removingLastComponent())
        return true
    }
}
