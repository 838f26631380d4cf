// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import SystemPackage

/// The exclusive hold on a state folder: two daemons on one spool would both number, send and unlink.
///
/// flock(2) on `<state>/lock`; it ends with the process, however that ends, so there is no stale lock. On a disk that is
/// read-only and has no such file nothing is held: nobody can spoil anything there.
package final class StateLock: Sendable {
    private let descriptor: CInt?

    /// - Parameters:
    ///   - patience: how long to wait for a holder that is about to leave.
    ///   - replacesHolder: ask a daemon that holds it to stop. Whoever was handed the socket knows that no other daemon
    ///     can be reached any more: its socket is gone, but it would keep the state for ever.
    package init(
        state: FilePath, patience: Duration = .zero, replacesHolder: Bool = false
    ) throws(StateLockError) {
        let path = state.appending("lock")
        guard let descriptor = try Self.open(path) else {
            self.descriptor = nil
            return
        }
        let deadline = ContinuousClock.now + patience
        var isHolderAsked = !replacesHolder
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                let error = FileError("flock", path, Errno(rawValue: errno))
                close(descriptor)
                throw .unusable(error)
            }
            if !isHolderAsked, let pid = Self.holder(descriptor), Self.isDaemon(pid) {
                isHolderAsked = true
                kill(pid_t(pid), SIGTERM)
            }
            guard ContinuousClock.now < deadline else {
                let holder = Self.holder(descriptor)
                close(descriptor)
                throw .held(path: path, by: holder)
            }
            // flock(2) has no time limit of its own.
            var pause = timespec(tv_sec: 0, tv_nsec: 10_000_000)
            nanosleep(&pause, nil)
        }
        self.descriptor = descriptor
        let pid = "\(getpid())\n"
        ftruncate(descriptor, 0)
        pwrite(descriptor, pid, pid.utf8.count, 0)
    }

    deinit { if let descriptor { close(descriptor) } }

    /// - Returns: `nil` if there is no file and cannot be one, or not even a folder.
    private static func open(_ path: FilePath) throws(StateLockError) -> CInt? {
        let flags = O_CLOEXEC | O_NOFOLLOW
        var descriptor = Glibc.open(path.string, O_CREAT | O_RDWR | flags, 0o600)
        if descriptor < 0, errno == EROFS {
            descriptor = Glibc.open(path.string, O_RDONLY | flags)
        }
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw .unusable(FileError("open", path, Errno(rawValue: errno))) }
        return descriptor
    }

    /// A pid can belong to somebody else by now.
    private static func isDaemon(_ pid: Int) -> Bool {
        let name = try? PosixFileSystem().read(FilePath("/proc/\(pid)/comm"), limit: 64)
        return name == Array("slstatsd\n".utf8)
    }

    /// The pid that the holder wrote.
    private static func holder(_ descriptor: CInt) -> Int? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: buffer[..<count], as: UTF8.self).prefix { $0.isNumber })
    }
}

/// Why a state folder cannot be taken.
package enum StateLockError: Error, Equatable, CustomStringConvertible {
    case held(path: FilePath, by: Int?)
    case unusable(FileError)

    package var description: String {
        switch self {
        case .held(let path, let pid):
            "another slstatsd\(pid.map { " (pid \($0))" } ?? "") works on \(path.removingLastComponent()); stop it first"
        case .unusable(let error): "the state folder cannot be locked: \(error)"
        }
    }
}
