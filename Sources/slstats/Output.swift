// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// stdout is for the data that was asked for, stderr for words to people. Both are written at once, unbuffered.
enum Output {
    /// - Returns: whether all of it was taken; a full disk or a reader that left is the caller's exit code.
    static func data(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

    static func message(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: CInt) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count > 0 {
                    written += count
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
