// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON

/// A moment in text from others: RFC 3339, `2026-11-24T21:59:08Z`, or Unix milliseconds.
package enum Timestamp {
    /// `2026-11-26T16:20:00Z`, from Unix milliseconds.
    package static func utc(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress!, $0.count, "%FT%TZ", &parts) }
        }
    }

    /// ECMA-262, section 21.4.1.1: a time is within ±8.64e15 ms.
    private static let bounds: ClosedRange<Int64> = -8_640_000_000_000_000...8_640_000_000_000_000

    /// - Returns: Unix milliseconds; `nil` for what is neither.
    static func milliseconds(_ json: JSON) -> Int64? {
        switch json {
        case .number: json.integer.flatMap { bounds.contains($0) ? $0 : nil }
        case .string(let text): milliseconds(text)
        default: nil
        }
    }

    /// RFC 3339, section 5.6; digits beyond the milliseconds are dropped, and a date alone is its first moment in UTC.
    static func milliseconds(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)[...]
        func number(_ digits: Int, in range: ClosedRange<Int32>) -> Int32? {
            guard bytes.count >= digits,
                bytes.prefix(digits).allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
            else { return nil }
            let value = bytes.prefix(digits).reduce(Int32(0)) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) }
            bytes = bytes.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func take(_ characters: String) -> Bool {
            guard let first = bytes.first, characters.utf8.contains(first) else { return false }
            bytes = bytes.dropFirst()
            return true
        }
        var time = tm()
        guard let year = number(4, in: 1970...9999), take("-"), let month = number(2, in: 1...12), take("-"),
            let day = number(2, in: 1...31)
        else { return nil }
        (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1900, month - 1, day)
        guard !bytes.isEmpty else { return valid(time, day).map { $0 * 1000 } }
        guard take("Tt "), let hour = number(2, in: 0...23), take(":"), let minute = number(2, in: 0...59), take(":"),
            let second = number(2, in: 0...60)
        else { return nil }
        (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
        var fraction: Int64 = 0
        if take(".") {
            let digits = bytes.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            guard !digits.isEmpty else { return nil }
            bytes = bytes.dropFirst(digits.count)
            for index in 0..<3 {
                let digit = index < digits.count ? digits[digits.startIndex + index] - UInt8(ascii: "0") : 0
                fraction = fraction * 10 + Int64(digit)
            }
        }
        var offset: Int64 = 0
        if !take("Zz") {
            let isBehind = bytes.first == UInt8(ascii: "-")
            guard take("+-"), let hours = number(2, in: 0...23), take(":"), let minutes = number(2, in: 0...59) else {
                return nil
            }
            offset = Int64(hours * 60 + minutes) * (isBehind ? -60 : 60)
        }
        guard bytes.isEmpty, let seconds = valid(time, day) else { return nil }
        return (seconds - offset) * 1000 + fraction
    }

    /// Unix seconds, unless the month has no such day.
    private static func valid(_ time: tm, _ day: Int32) -> Int64? {
        var time = time
        let month = time.tm_mon
        let (hour, second) = (time.tm_hour, time.tm_sec)
        let seconds = Int64(timegm(&time))
        // A leap second, and the hour it ends, are normalised by timegm(3) and may be.
        guard second == 60 || time.tm_mday == day && time.tm_mon == month && time.tm_hour == hour else { return nil }
        return seconds
    }
}
