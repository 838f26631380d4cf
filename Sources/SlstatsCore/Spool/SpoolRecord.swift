// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// One line of a segment: `crc32c␠sequence␠json␊` (SpoolFormat.md, "Lines").
///
/// JSON on one line cannot contain a newline, so after any damage the next newline is a place to start again.
package enum SpoolRecord {
    /// Writes one line at the end of a buffer.
    package static func append(_ json: some Collection<UInt8>, sequence: UInt64, to buffer: inout [UInt8]) {
        append(sequence: sequence, to: &buffer) { $0.append(contentsOf: json) }
    }

    /// The same for JSON that is written where it belongs at once.
    package static func append(sequence: UInt64, to buffer: inout [UInt8], json: (inout [UInt8]) -> Void) {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 8))
        buffer.append(UInt8(ascii: " "))
        buffer.append(contentsOf: String(sequence).utf8)
        buffer.append(UInt8(ascii: " "))
        json(&buffer)
        var checksum = CRC32C.checksum(of: buffer[(start + 9)...])
        for index in (start..<start + 8).reversed() {
            buffer[index] = hexDigits[Int(checksum & 0xf)]
            checksum >>= 4
        }
        buffer.append(0x0a)
    }

    /// Reads one line, given without its newline; `nil` for anything but a whole and undamaged one.
    package static func parse(_ line: ArraySlice<UInt8>) -> (sequence: UInt64, json: Range<Int>)? {
        let start = line.startIndex
        guard line.count > 11, line[start + 8] == UInt8(ascii: " ") else { return nil }
        var checksum: UInt32 = 0
        for index in start..<start + 8 {
            guard let digit = line[index].hexDigitValue else { return nil }
            checksum = checksum << 4 | UInt32(digit)
        }
        guard CRC32C.checksum(of: line[(start + 9)...]) == checksum else { return nil }
        var sequence: UInt64 = 0
        for index in start + 9..<line.endIndex {
            guard line[index] != UInt8(ascii: " ") else {
                return index > start + 9 ? (sequence, index + 1..<line.endIndex) : nil
            }
            let digit = line[index] &- UInt8(ascii: "0")
            guard digit < 10, sequence < 1 << 60 else { return nil }
            sequence = sequence * 10 + UInt64(digit)
        }
        return nil
    }

    /// Whether the bytes from there on look like a checksum and a sequence number.
    static func mayStart(at index: Int, in line: ArraySlice<UInt8>) -> Bool {
        guard index + 11 < line.endIndex, line[index + 8] == UInt8(ascii: " ") else { return false }
        return line[index..<index + 8].allSatisfy { $0.hexDigitValue != nil }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
