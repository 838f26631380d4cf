// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

extension UInt64 {
    /// All 16 digits of base 16, small letters: as long for every number, and in the same order as the numbers.
    var hexDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension UInt8 {
    /// What the byte stands for as a digit of base 16; `nil` for all others, and for the capitals, which nobody here writes.
    var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
