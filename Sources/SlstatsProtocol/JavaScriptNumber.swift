// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// How JavaScript's `Number()` reads a string, as far as finite numbers go.
///
/// ECMA-262, section 7.1.4.1 (StringToNumber): white space around is ignored, nothing is 0, prefixes without sign.
package enum JavaScriptNumber {
    /// `nil` for what JavaScript calls NaN and for infinities.
    package static func convert(_ text: String) -> Double? {
        let trimmed = trim(text)
        guard !trimmed.isEmpty else { return 0 }
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
        where trimmed.hasPrefix(prefix) {
            return digits(trimmed.dropFirst(2), radix: radix)
        }
        return isDecimal(trimmed) ? Double(decimal(trimmed)).flatMap { $0.isFinite ? $0 : nil } : nil
    }

    /// ECMA-262, section 7.1.4 (ToNumber): an array converts as its only element does, an object not at all.
    package static func convert(_ json: JSON) -> Double? {
        switch json {
        case .null: 0
        case .bool(let bool): bool ? 1 : 0
        case .number(let number): number.double
        case .string(let text): convert(text)
        case .object: nil
        case .array(let elements):
            switch elements.first {
            case nil: 0
            case .bool, .object: nil
            case let only?: elements.count == 1 ? convert(only) : nil
            }
        }
    }

    /// ECMA-262 white space and line terminators; `Character` would join CR and LF, so scalars it is.
    private static func trim(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace && scalar != "\u{85}" || scalar == "\u{feff}"
        }
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }

    private static func digits(_ text: Substring, radix: Int) -> Double? {
        guard !text.isEmpty else { return nil }
        var value = 0.0
        for character in text {
            guard character.isASCII, let digit = Int(String(character), radix: radix) else { return nil }
            value = value * Double(radix) + Double(digit)
        }
        return value
    }

    /// `[+-] (digits [. [digits]] | . digits) [e [+-] digits]`
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func takeDigits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest.removeFirst(count)
            return count
        }
        func take(_ bytes: UInt8...) -> Bool {
            guard let first = rest.first, bytes.contains(first) else { return false }
            rest.removeFirst()
            return true
        }
        _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
        var count = takeDigits()
        if take(UInt8(ascii: ".")) { count += takeDigits() }
        guard count > 0 else { return false }
        if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Swift wants digits on both sides of the point.
    private static func decimal(_ text: String) -> String {
        var result = ""
        var previous: Character = "+"
        for character in text {
            if character == ".", !previous.isNumber { result += "0" }
            if previous == ".", !character.isNumber { result += "0" }
            result.append(character)
            previous = character
        }
        return previous == "." ? result + "0" : result
    }
}
