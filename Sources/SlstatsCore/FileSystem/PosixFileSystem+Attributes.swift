// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import SystemPackage

extension PosixFileSystem {
    /// Owner first, since a change of owner takes bits away; then the extended attributes, of which the access list is
    /// one (`system.posix_acl_access`, acl(5)); the mode last.
    package func copyAttributes(of status: FileStatus, at old: FilePath, to new: FilePath) throws(FileError) {
        // A set-group-ID folder gives its own group to new files.
        let made = try self.status(of: new)
        if made?.userID != status.userID || made?.groupID != status.groupID {
            guard chown(new.string, status.userID, status.groupID) == 0 else { throw FileError("chown", new) }
        }
        let wanted = try extendedAttributes(of: old)
        let present = try extendedAttributes(of: new)
        // What the folder hands down to new files, a default access list above all, the old file may not have had.
        for name in present.keys where wanted[name] == nil {
            guard removexattr(new.string, name) == 0 else { throw FileError("removexattr \(name)", new) }
        }
        for (name, value) in wanted where present[name] != value {
            guard setxattr(new.string, name, value, value.count, 0) == 0 else {
                throw FileError("setxattr \(name)", new)
            }
        }
        guard chmod(new.string, mode_t(status.mode)) == 0 else { throw FileError("chmod", new) }
    }

    /// Name to value. A file system without them has none.
    private func extendedAttributes(of path: FilePath) throws(FileError) -> [String: [UInt8]] {
        let list: [UInt8]
        do throws(FileError) {
            list = try grown("listxattr", path) { listxattr(path.string, $0, $1) }
        } catch {
            guard error.errno == .notSupported || error.errno == .noFunction else { throw error }
            return [:]
        }
        var attributes: [String: [UInt8]] = [:]
        for name in list.split(separator: 0).map({ String(decoding: $0, as: UTF8.self) }) {
            attributes[name] = try grown("getxattr \(name)", path) { getxattr(path.string, name, $0, $1) }
        }
        return attributes
    }

    /// Asks for the size first, then for the content, and again if it has grown in between (ERANGE).
    private func grown(
        _ operation: String, _ path: FilePath, _ read: (UnsafeMutablePointer<CChar>?, Int) -> Int
    ) throws(FileError) -> [UInt8] {
        while true {
            let size = read(nil, 0)
            guard size >= 0 else { throw FileError(operation, path) }
            guard size > 0 else { return [] }
            var failure: CInt = 0
            var bytes: [UInt8] = []
            let count = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                let count = read(buffer.baseAddress, size)
                if count < 0 { failure = errno } else { bytes = buffer[..<count].map { UInt8(bitPattern: $0) } }
                return count
            }
            if count >= 0 { return bytes }
            guard failure == ERANGE else { throw FileError(operation, path, Errno(rawValue: failure)) }
        }
    }
}
