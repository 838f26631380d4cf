// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Why the rc file was not changed, or may not stay so. It is the old file or the new one, whole.
package struct RcFileError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String
    /// The system call that failed, if it was one.
    package let cause: Errno?
    /// Other programs were at work: worth another try in a moment.
    package let isContended: Bool
    /// The new file is in place and could not be made durable: a loss of power may bring the old one back.
    package let isReplaced: Bool

    init(_ path: FilePath, _ reason: String) {
        self.path = path.string
        self.reason = reason
        cause = nil
        isContended = false
        isReplaced = false
    }

    init(contended path: FilePath) {
        self.path = path.string
        reason = "other programs keep changing it"
        cause = nil
        isContended = true
        isReplaced = false
    }

    init(_ path: FilePath, _ error: FileError, isReplaced: Bool = false) {
        self.isReplaced = isReplaced
        self.path = path.string
        reason = error.description
        cause = error.errno
        isContended = false
    }

    /// There was no room for the new file.
    package var isFull: Bool { cause.map { FileError.isFull($0) } ?? false }

    package var description: String {
        isReplaced ? "\(path) was changed, but not for good: \(reason)" : "\(path) was not changed: \(reason)"
    }
}
