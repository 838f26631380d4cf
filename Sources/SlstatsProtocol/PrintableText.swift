// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Text from the network, made fit for a terminal.
package enum PrintableText {
    /// More than this no notice needs, and a terminal should not have to take.
    package static let maximumBytes = 2048
    /// Marks over and under one letter; more of them climb over the lines around it.
    private static let maximumMarks = 4
    private static let maximumLines = 20

    /// Removes control, escape, bidi and other invisible characters; keeps line feeds; caps the length.
    ///
    /// Unicode 15, general categories C, Zl and Zp, and what is ignorable by default (UAX 44): zero-width spaces and
    /// joiners, variation selectors, fillers.
    package static func sanitize(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var (bytes, marks) = (0, 0)
        for scalar in text.unicodeScalars {
            // A tab goes who knows how far; between two words it was meant as a blank.
            let scalar = scalar == "\t" ? " " : scalar
            guard isPrintable(scalar) else { continue }
            marks = isMark(scalar) ? marks + 1 : 0
            guard marks <= maximumMarks else { continue }
            bytes += UTF8.width(scalar)
            guard bytes <= maximumBytes else { break }
            result.append(scalar)
        }
        return String(result)
    }

    /// The same for what belongs on one line: a line feed would begin another one, which could say anything.
    package static func sanitizeLine(_ text: String) -> String { sanitize(text.replacing("\n", with: " ")) }

    /// Whether a person would see anything of it.
    package static func hasVisible(_ text: String) -> Bool {
        sanitize(text).contains { !$0.isWhitespace }
    }

    /// A notice on a terminal: no empty lines at its ends, one at most between others, and no more than a screen has.
    package static func notice(_ text: String) -> String {
        var lines: [Substring] = []
        for line in sanitize(text).split(separator: "\n", omittingEmptySubsequences: false) {
            let isBlank = line.allSatisfy(\.isWhitespace)
            if isBlank, lines.last.map(\.isEmpty) ?? true { continue }
            lines.append(isBlank ? "" : line)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.prefix(maximumLines).joined(separator: "\n")
    }

    /// JSON for a terminal: what could steer it can only stand in strings there, and is escaped (RFC 8259, section 7).
    package static func escapeJSON(_ json: String) -> String {
        guard !json.unicodeScalars.allSatisfy(isPrintable) else { return json }
        var result = ""
        for scalar in json.unicodeScalars {
            guard !isPrintable(scalar) else {
                result.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result
    }

    /// Breaks lines that are longer than a terminal is wide, between words where there are any.
    ///
    /// - Parameter columns: of the terminal; at least 1.
    package static func wrap(_ text: String, columns: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { wrapLine($0, max(1, columns)) }
            .joined(separator: "\n")
    }

    private static func wrapLine(_ line: Substring, _ columns: Int) -> String {
        var lines = [""]
        var used = 0
        for (index, word) in line.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            let wordCells = word.reduce(0) { $0 + width($1) }
            if index > 0 {
                if used + 1 + wordCells <= columns {
                    lines[lines.count - 1] += " "
                    used += 1
                } else {
                    lines.append("")
                    used = 0
                }
            }
            for character in word {
                let cells = width(character)
                if used > 0, used + cells > columns {
                    lines.append("")
                    used = 0
                }
                lines[lines.count - 1].append(character)
                used += cells
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Cells of a terminal: two for East Asian wide letters and emoji (UAX 11), one for the others.
    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        return wide.contains { $0.contains(first.value) } ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x231a...0x231b, 0x23e9...0x23f3, 0x25fd...0x25fe, 0x2614...0x2615, 0x2648...0x2653,
        0x26a1...0x26a1, 0x26bd...0x26be, 0x2705...0x2705, 0x270a...0x270b, 0x2728...0x2728, 0x274c...0x274c,
        0x2753...0x2757, 0x2795...0x2797, 0x2b1b...0x2b1c, 0x2b50...0x2b55, 0x2e80...0x303e, 0x3041...0xa4cf,
        0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
        0x16fe0...0x18d08, 0x1aff0...0x1b2fb, 0x1f004...0x1f004, 0x1f0cf...0x1f0cf, 0x1f18e...0x1f19a,
        0x1f200...0x1f64f, 0x1f680...0x1f6ff, 0x1f7e0...0x1f7eb, 0x1f90c...0x1f9ff, 0x1fa70...0x1faff,
        0x20000...0x3fffd,
    ]

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        [.nonspacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\n" { return true }
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
