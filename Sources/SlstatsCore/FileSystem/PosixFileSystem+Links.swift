// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import SystemPackage

extension PosixFileSystem {
    /// As many as the kernel follows itself (path_resolution(7)).
    private static var maximumLinks: Int { 40 }

    /// Follows link by link, each in the folder that the kernel opened for it: `..` behind a linked folder means what
    /// it means to everybody else, and a link that dangles leads to where the kernel would create the file.
    package func finalTarget(of path: FilePath, trusting owners: Set<UInt32>) throws(FileError) -> FilePath {
        var path = path
        var folder = try openFolder(path.removingLastComponent(), at: AT_FDCWD)
        defer { close(folder) }
        for count in 0...Self.maximumLinks {
            guard let name = path.lastComponent?.string else { throw FileError("readlink", path, .isDirectory) }
            var status = stat()
            let isThere = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            guard isThere || errno == ENOENT else { throw FileError("lstat", path) }
            guard isThere, status.st_mode & S_IFMT == S_IFLNK else {
                return count == 0 ? path : try self.path(of: folder, path).appending(name)
            }
            guard owners.contains(status.st_uid) else { throw FileError("follow the link", path, .notPermitted) }
            path = try target(of: name, in: folder, path)
            let next = try openFolder(path.removingLastComponent(), at: folder)
            close(folder)
            folder = next
        }
        throw FileError("follow the links", path, .tooManySymbolicLinkLevels)
    }

    private func openFolder(_ path: FilePath, at folder: CInt) throws(FileError) -> CInt {
        let descriptor = openat(folder, path.isEmpty ? "." : path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path) }
        return descriptor
    }

    private func target(of name: String, in folder: CInt, _ path: FilePath) throws(FileError) -> FilePath {
        try linkText(path) { readlinkat(folder, name, $0, $1) }
    }

    /// The name of an open folder, as the kernel knows it (proc(5)).
    private func path(of folder: CInt, _ path: FilePath) throws(FileError) -> FilePath {
        try linkText(path) { readlink("/proc/self/fd/\(folder)", $0, $1) }
    }

    private func linkText(
        _ path: FilePath, _ read: (UnsafeMutablePointer<CChar>, Int) -> Int
    ) throws(FileError) -> FilePath {
        var failure: CInt = 0
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer -> FilePath? in
            guard let start = buffer.baseAddress else { return nil }
            let count = read(start, buffer.count - 1)
            guard count > 0 else {
                failure = count < 0 ? errno : ENOENT
                return nil
            }
            buffer[count] = 0
            return FilePath(platformString: start)
        }
        guard let text else { throw FileError("readlink", path, Errno(rawValue: failure)) }
        return text
    }
}
