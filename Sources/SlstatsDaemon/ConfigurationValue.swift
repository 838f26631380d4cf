// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// How sizes and durations are written in configuration: `64KiB`, `15m`.
package enum ConfigurationValue {
    /// Bytes up to 1 TiB; a plain number, or one with `KiB`, `MiB` or `GiB`.
    package static func bytes(_ text: String) -> Int? {
        split(text, units: ["": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30], maximum: 1 << 40)
    }

    /// A number with `ms`, `s`, `m`, `h` or `d`, up to ten years.
    package static func duration(_ text: String) -> Duration? {
        let units = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        return split(text, units: units, maximum: 3650 * 86_400_000).map { .milliseconds($0) }
    }

    private static func split(_ text: String, units: [String: Int], maximum: Int) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))] else { return nil }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow || value <= 0 || value > maximum ? nil : value
    }
}
