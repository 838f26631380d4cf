// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Why an event could not be kept, or the spool not be opened.
package struct SpoolError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        case full
        case unavailable
    }

    package let code: Code
    package let path: FilePath
    package let cause: FileError?

    package init(_ code: Code, path: FilePath, cause: FileError? = nil) {
        self.code = code
        self.path = path
        self.cause = cause
    }

    init(_ error: FileError, folder: FilePath) {
        self.init(error.isFull ? .full : .unavailable, path: folder, cause: error)
    }

    package var description: String {
        let reason = cause.map { ": \($0)" } ?? ""
        return switch code {
        case .full: "the spool at \(path) has no room for the event\(reason)"
        case .unavailable: "the spool at \(path) cannot be used\(reason); check its owner, its mode and the disk"
        }
    }
}
