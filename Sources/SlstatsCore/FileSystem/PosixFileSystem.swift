// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import SystemPackage

/// The real files.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func createFolder(_ path: FilePath) throws(FileError) {
        guard mkdir(path.string, 0o700) != 0, errno != EEXIST else { return }
        throw FileError("mkdir", path)
    }

    package func names(in folder: FilePath) throws(FileError) -> [String] {
        guard let stream = opendir(folder.string) else { throw FileError("opendir", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func status(of path: FilePath) throws(FileError) -> FileStatus? {
        var status = stat()
        if path.withPlatformString({ stat($0, &status) }) == 0 { return FileStatus(status) }
        guard errno == ENOENT || errno == ENOTDIR else { throw FileError("stat", path) }
        return nil
    }

    package func isLink(_ path: FilePath) throws(FileError) -> Bool {
        var status = stat()
        if path.withPlatformString({ lstat($0, &status) }) == 0 { return status.st_mode & S_IFMT == S_IFLNK }
        guard errno == ENOENT || errno == ENOTDIR else { throw FileError("lstat", path) }
        return false
    }

    package func read(_ path: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = try openDescriptor(path, O_RDONLY)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("fstat", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError("read", path, status.st_mode & S_IFMT == S_IFDIR ? .isDirectory : .notSupported)
        }
        // As a rule that is all: into its place at once. Files of proc(5) have no size, and some answer one read(2) only.
        let expected = status.st_size == 0 ? min(4096, limit + 1) : min(Int(status.st_size), limit) + 1
        var bytes = [UInt8](unsafeUninitializedCapacity: expected) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, expected))
        }
        while true {
            // One byte more than the limit tells a file that has grown meanwhile.
            let room = min(64 * 1024, limit + 1 - bytes.count)
            var failure: CInt = 0
            let count = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
                let count = Glibc.read(descriptor, buffer.baseAddress, room)
                if count > 0 { bytes.append(contentsOf: buffer[..<count]) } else if count < 0 { failure = errno }
                return count
            }
            if count == 0 { return bytes }
            if count < 0, failure != EINTR { throw FileError("read", path, Errno(rawValue: failure)) }
            guard bytes.count <= limit else { throw FileError("read", path, .fileTooLarge) }
        }
    }

    package func create(_ path: FilePath) throws(FileError) -> any AppendableFile {
        PosixFile(try openDescriptor(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW), path)
    }

    package func open(_ path: FilePath) throws(FileError) -> any AppendableFile {
        PosixFile(try openDescriptor(path, O_WRONLY | O_APPEND | O_NOFOLLOW), path)
    }

    package func readBeginning(of path: FilePath, count: Int) throws(FileError) -> [UInt8] {
        let descriptor = try openDescriptor(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < count {
            let room = count - bytes.count
            var failure: CInt = 0
            let got = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
                let got = Glibc.read(descriptor, buffer.baseAddress, room)
                if got > 0 { bytes.append(contentsOf: buffer[..<got]) } else if got < 0 { failure = errno }
                return got
            }
            if got == 0 { break }
            if got < 0, failure != EINTR { throw FileError("read", path, Errno(rawValue: failure)) }
        }
        return bytes
    }

    package func overwrite(_ path: FilePath, with bytes: [UInt8], at offset: Int) throws(FileError) {
        let descriptor = try openDescriptor(path, O_WRONLY | O_NOFOLLOW)
        let file = PosixFile(descriptor, path)
        guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw FileError("lseek", path) }
        try file.append(bytes)
        try file.sync()
    }

    package func rename(_ from: FilePath, to target: FilePath) throws(FileError) {
        guard Glibc.rename(from.string, target.string) == 0 else { throw FileError("rename", target) }
    }

    /// link(2), which takes no name that is taken, and then unlink(2) of the old one. If we die in between, the file has
    /// two names until the next start removes the temporary one.
    package func publish(_ from: FilePath, as target: FilePath) throws(FileError) {
        guard link(from.string, target.string) == 0 else { throw FileError("link", target) }
        try remove(from)
    }

    package func remove(_ path: FilePath) throws(FileError) {
        guard unlink(path.string) != 0, errno != ENOENT else { return }
        throw FileError("unlink", path)
    }

    package func syncFolder(_ path: FilePath) throws(FileError) {
        let descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        try repeated("fsync", path) { fsync(descriptor) }
    }

    func openDescriptor(_ path: FilePath, _ flags: CInt) throws(FileError) -> CInt {
        while true {
            // O_NONBLOCK: a FIFO in place of a file must not hang the daemon; it means nothing for regular files.
            let descriptor = Glibc.open(path.string, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw FileError("open", path) }
        }
    }
}

/// A descriptor that closes itself.
private final class PosixFile: AppendableFile {
    private let descriptor: CInt
    private let path: FilePath

    init(_ descriptor: CInt, _ path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw FileError("write", path)
            }
        }
    }

    func sync() throws(FileError) {
        try repeated("fdatasync", path) { fdatasync(descriptor) }
    }

    /// The path is asked and not the number of links: a file that was moved has some, and there are file systems that do
    /// not count them.
    var isInPlace: Bool {
        var (own, found) = (stat(), stat())
        guard fstat(descriptor, &own) == 0 else { return true }
        guard lstat(path.string, &found) == 0 else { return errno != ENOENT && errno != ENOTDIR }
        return own.st_dev == found.st_dev && own.st_ino == found.st_ino
    }

    func syncWithAttributes() throws(FileError) { try repeated("fsync", path) { fsync(descriptor) } }

    func truncate(to size: Int) throws(FileError) {
        try repeated("ftruncate", path) { ftruncate(descriptor, off_t(size)) }
    }
}

/// A system call, and the same again after a signal.
private func repeated(_ operation: String, _ path: FilePath, _ call: () -> CInt) throws(FileError) {
    while call() != 0 {
        guard errno == EINTR else { throw FileError(operation, path) }
    }
}

extension FileError {
    /// Takes `errno` as it is now, so nothing may come between the call and this.
    init(_ operation: String, _ path: FilePath) {
        self.init(operation, path, Errno(rawValue: Glibc.errno))
    }
}

extension FileStatus {
    fileprivate init(_ status: stat) {
        func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        self.init(
            kind: kind,
            identity: Identity(
                device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
                modifiedAt: nanoseconds(status.st_mtim), changedAt: nanoseconds(status.st_ctim)),
            mode: UInt32(status.st_mode & 0o7777), userID: status.st_uid, groupID: status.st_gid,
            linkCount: UInt64(status.st_nlink))
    }
}
