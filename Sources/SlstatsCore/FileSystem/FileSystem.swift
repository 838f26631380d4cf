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
    /// Whether a symbolic link stands there, wherever it leads; `false` if nothing does.
    func isLink(_ path: FilePath) throws(FileError) -> Bool
    /// The whole file. One larger than `limit` bytes is an error (EFBIG) and is not read.
    func read(_ path: FilePath, limit: Int) throws(FileError) -> [UInt8]
    /// A new file, 0600, for appending; EEXIST if the name is taken.
    func create(_ path: FilePath) throws(FileError) -> any AppendableFile
    /// An existing file, for appending.
    func open(_ path: FilePath) throws(FileError) -> any AppendableFile
    /// The first bytes of a file, as many as there are.
    func readBeginning(of path: FilePath, count: Int) throws(FileError) -> [UInt8]
    /// Writes over a part of an existing file and syncs it. Where the bytes have their blocks already this works on a
    /// full disk.
    func overwrite(_ path: FilePath, with bytes: [UInt8], at offset: Int) throws(FileError)
    func rename(_ from: FilePath, to target: FilePath) throws(FileError)
    /// Gives a file a name that is free: EEXIST if somebody was faster.
    func publish(_ from: FilePath, as target: FilePath) throws(FileError)
    /// Removing what is gone already is fine.
    func remove(_ path: FilePath) throws(FileError)
    /// Makes names durable: creations, renames and removals in the folder.
    func syncFolder(_ path: FilePath) throws(FileError)
    /// Gives a new file the mode, owner, access list and extended attributes of another, or fails: nothing of them may
    /// be lost, and nobody may be let in who was not before.
    func copyAttributes(of status: FileStatus, at old: FilePath, to new: FilePath) throws(FileError)
    /// Where symbolic links lead in the end, also if nothing is there yet; the path itself if it is no link.
    ///
    /// The kernel resolves every folder on the way. ELOOP for links in a circle, EPERM for a link that belongs to none of
    /// the owners.
    func finalTarget(of path: FilePath, trusting owners: Set<UInt32>) throws(FileError) -> FilePath
}

/// A file that only grows, except that a torn tail can be cut.
package protocol AppendableFile: AnyObject, Sendable {
    /// Appends all of it or throws; after a short write the file may end in a part of it.
    func append(_ bytes: [UInt8]) throws(FileError)
    /// fdatasync(2): what was appended before the call survives a loss of power. Never retry and trust a failed one.
    func sync() throws(FileError)
    /// `false` if somebody has removed the file, moved it or put another in its place: what it holds nobody will find.
    var isInPlace: Bool { get }
    /// fsync(2): mode, owner and attributes too.
    func syncWithAttributes() throws(FileError)
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

    /// There is no room: on the disk, within a quota, within the largest file one may write.
    package var isFull: Bool { Self.isFull(errno) }

    static func isFull(_ errno: Errno) -> Bool { [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(errno) }

    package var description: String { "\(operation) \(path): \(errno)" }
}
