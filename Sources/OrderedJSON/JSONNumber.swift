// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// A number as it was written.
///
/// `1.0`, `1e3` and twenty-digit integers belong to whoever wrote them: they are handed on unchanged, and turned into
/// a Swift number only when one is asked for and the conversion is exact.
package struct JSONNumber: Sendable, Hashable {
    package let spelling: String

    init(spelling: String) {
        self.spelling = spelling
    }

    package init(_ value: some BinaryInteger) {
        spelling = String(value)
    }

    /// The value if it is a whole number that fits, however it is spelled; `nil` otherwise.
    package var integer: Int64? {
        if let plain = Int64(spelling) { return plain }
        guard let double = Double(spelling), abs(double) <= 0x1p53 else { return nil }
        return Int64(exactly: double)
    }

    /// The nearest double; `nil` beyond its range, so that `1e400` never becomes infinity by accident.
    package var double: Double? {
        guard let value = Double(spelling), value.isFinite else { return nil }
        return value
    }
}

extension JSONCursor {
    /// The value of a number if it is a whole one that fits; `nil` otherwise. Plain digits are read where they stand.
    package func integer(_ slice: JSONSlice) -> Int64? {
        guard slice.kind == .number else { return nil }
        guard slice.range.count <= 18 else { return JSONNumber(spelling: copyText(slice.range)).integer }
        var value: Int64 = 0
        for index in slice.range {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return JSONNumber(spelling: copyText(slice.range)).integer }
            value = value * 10 + Int64(digit)
        }
        return value
    }
}
