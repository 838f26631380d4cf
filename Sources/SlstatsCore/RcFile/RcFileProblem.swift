// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// Why nobody's consent can be read from an rc file, and what its owner can do about it.
///
/// Both texts are shown and logged, so nothing that stands in the file is quoted.
package struct RcFileProblem: Sendable, Equatable, CustomStringConvertible {
    package let path: FilePath
    /// What is wrong, to be read behind the path: `is not a file`.
    package let reason: String
    /// A sentence that tells what to do.
    package let mend: String

    package var description: String { "\(path) \(reason)" }

    /// Nobody can be asked.
    static let noHome = RcFileProblem(
        "~/.serverlessrc", "cannot be found, since HOME names no folder", "Set HOME to your home.")

    private init(_ path: FilePath, _ reason: String, _ mend: String) {
        self.path = path
        self.reason = reason
        self.mend = mend
    }

    private static func moveAway(_ path: FilePath) -> String { "Move it out of the way: \(moveCommand(path))" }

    private static func moveCommand(_ path: FilePath) -> String {
        "mv \(quoted(path.string)) \(quoted(path.string + ".old"))"
    }

    /// As a shell takes it for one word.
    private static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return plain
            ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    static func notAFile(_ path: FilePath, _ kind: FileStatus.Kind) -> RcFileProblem {
        RcFileProblem(path, kind == .folder ? "is a folder" : "is not a regular file", moveAway(path))
    }

    static func foreignOwner(_ path: FilePath, _ userID: UInt32) -> RcFileProblem {
        RcFileProblem(
            path, "belongs to another user (uid \(userID))",
            "Give it to the user whose home it is in, or move it out of the way.")
    }

    static func foreignHome(_ home: FilePath, _ userID: UInt32) -> RcFileProblem {
        RcFileProblem(
            home, "belongs to another user (uid \(userID)), so nothing is read or made there",
            "Set HOME to a folder of your own; under sudo: sudo -H.")
    }

    static func unreadable(_ path: FilePath, _ error: FileError) -> RcFileProblem {
        let mend =
            switch error.errno {
            case .permissionDenied: "Make it readable: chmod u+r \(quoted(path.string))"
            case .tooManySymbolicLinkLevels:
                "Its symbolic links go in a circle; remove the link: rm \(quoted(path.string))"
            case .fileTooLarge: moveAway(path)
            default: "See to the file system, or move the file out of the way."
            }
        let reason =
            error.errno == .fileTooLarge
            ? "has more than \(RcFile.maximumBytes) bytes" : "cannot be read (\(error.operation): \(error.errno))"
        return RcFileProblem(path, reason, mend)
    }

    static func malformed(_ path: FilePath, _ error: JSONError, in bytes: [UInt8]) -> RcFileProblem {
        switch error.code {
        case .wrongKind: return RcFileProblem(path, "is JSON, but not an object", moveAway(path))
        case .byteOrderMark:
            return RcFileProblem(
                path, "begins with a byte order mark, which JSON does not allow",
                #"Remove it: sed -i '1s/^\xef\xbb\xbf//' "# + quoted(path.string))
        case .unexpectedEnd where bytes.isEmpty:
            return RcFileProblem(path, "is empty", "Remove it: rm \(quoted(path.string))")
        case .duplicateKey:
            return RcFileProblem(
                path, "has a key twice, at \(place(error.offset, bytes))", "Remove one of the two in an editor.")
        default:
            return RcFileProblem(
                path, "is not strict JSON: \(reason(error.code)), at \(place(error.offset, bytes))",
                "Mend it in an editor, or move it out of the way: \(moveCommand(path))")
        }
    }

    private static func reason(_ code: JSONError.Code) -> String {
        switch code {
        case .unexpectedEnd: "it ends too early"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .trailingBytes: "something behind the end of the object"
        case .controlCharacter: "a control character in a string"
        case .tooDeep: "nested too deeply"
        case .invalidNumber: "a malformed number"
        case .invalidEscape, .loneSurrogate: "a malformed escape sequence"
        case .unexpectedByte, .byteOrderMark, .duplicateKey, .wrongKind: "something that JSON does not allow"
        }
    }

    /// Lines and columns as editors count them: from 1, columns in bytes.
    private static func place(_ offset: Int, _ bytes: [UInt8]) -> String {
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return "line \(before.count { $0 == 0x0a } + 1), column \(before.count - lineStart + 1)"
    }
}
