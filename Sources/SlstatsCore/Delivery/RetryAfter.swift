// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a collector asks for in `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in any of the three forms of
/// section 5.6.7.
package enum RetryAfter {
    private static let shortest = 1.0
    private static let longest = 24.0 * 3600

    /// - Parameter now: Unix seconds.
    /// - Returns: within a second and a day; `nil` for what is neither.
    package static func delay(_ value: String, now: Int64) -> Duration? {
        let text = String(value.drop { $0 == " " })
        let seconds: Double
        if !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            // More digits than a number has are a long time too.
            seconds = Double(text) ?? longest
        } else if let date = date(text) {
            seconds = Double(date - now)
        } else {
            return nil
        }
        return .seconds(min(max(seconds, shortest), longest))
    }

    /// Unix seconds. `Sun, 06 Nov 1994 08:49:37 GMT`, or the two that old servers send: `Sunday, 06-Nov-94 08:49:37 GMT`
    /// and `Sun Nov  6 08:49:37 1994`.
    private static func date(_ text: String) -> Int64? {
        var words = text.split { $0 == " " || $0 == "-" }.map(String.init)
        if words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" {
            words = Array(words[1...4])
        } else if words.count == 5 {
            words = [words[2], words[1], words[4], words[3]]
        } else {
            return nil
        }
        let clock = words[3].split(separator: ":", omittingEmptySubsequences: false).map { Int32($0) ?? -1 }
        guard let day = Int32(words[0]), 1...31 ~= day, let month = months.firstIndex(of: words[1]),
            let year = year(words[2]), clock.count == 3, 0...23 ~= clock[0], 0...59 ~= clock[1], 0...60 ~= clock[2]
        else { return nil }
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1900, Int32(month), day)
        (time.tm_hour, time.tm_min, time.tm_sec) = (clock[0], clock[1], clock[2])
        return Int64(timegm(&time))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Two digits mean this century: nobody asks for a wait until the last one.
    private static func year(_ text: String) -> Int32? {
        guard let year = Int32(text), text.utf8.count == 2 || text.utf8.count == 4, year >= 0 else { return nil }
        return text.utf8.count == 2 ? 2000 + year : year
    }
}
