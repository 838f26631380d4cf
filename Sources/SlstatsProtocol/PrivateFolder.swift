// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A folder of ours that nobody else may look into.
package enum PrivateFolder {
    /// The permissions of a folder of this user; `nil` for a link, for one of somebody else's, and for none.
    package static func modeOfOwn(_ path: String) -> UInt32? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            return nil
        }
        return status.st_mode & 0o777
    }

    /// Makes it, 0700, with whatever of `.local/state` is missing above it; a home that is gone is not made again.
    /// One that is there must be a real folder of ours. If it bears our name its mode is tightened; any other, which
    /// somebody chose, is left as it is: the socket in it is 0600, and the daemon asks who connects.
    package static func create(_ folder: String) throws(SystemCallError) {
        var missing: [String] = []
        var path = folder
        while mkdir(path, 0o700) != 0 && errno != EEXIST {
            // `XDG_STATE_HOME` itself is made as well; a home above it is not.
            let isParentOurs = path.contains("/.local/") || missing.isEmpty && path.hasSuffix("/slstats")
            guard errno == ENOENT, isParentOurs, let slash = path.lastIndex(of: "/") else {
                throw SystemCallError("mkdir", path: path)
            }
            missing.append(path)
            path = String(path[..<slash])
        }
        for path in missing.reversed() where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw SystemCallError("mkdir", path: path)
        }
        try check(folder)
    }

    private static func check(_ folder: String) throws(SystemCallError) {
        var status = stat()
        guard lstat(folder, &status) == 0 else { throw SystemCallError("lstat", path: folder) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemCallError("open", path: folder, errno: ENOTDIR) }
        guard status.st_uid == geteuid() else { throw SystemCallError("open", path: folder, errno: EPERM) }
        let isForeignChoice = !folder.hasSuffix("/slstats")
        guard isForeignChoice || status.st_mode & 0o077 == 0 || chmod(folder, 0o700) == 0 else {
            throw SystemCallError("chmod", path: folder)
        }
    }
}
