// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// stdout is for the data that was asked for, stderr for words to people. Both are written at once, unbuffered.
enum Output {
    /// - Returns: whether all of it was taken; a full disk or a reader that left is the caller's exit code.
    static func data(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) }

    static func message(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    /// Replaces the line the cursor is in (ECMA-48, EL); for terminals only.
    static func overwrite(_ text: String) { _ = write("\r\u{1b}[K" + text, to: STDERR_FILENO) }

    /// How wide a terminal is; 80 if it does not say.
    static func columns(_ descriptor: CInt) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

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
