// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import OrderedJSON
package import SlstatsProtocol

/// The bytes of an event as they are kept, shown and sent: the caller's own, with `id` and `timestamp` put in front
/// where they are missing, and with what the catalogue keeps in the place of some values. Nothing else is added, nothing
/// else is spelled anew.
package enum StoredEvent {
    /// - Parameters:
    ///   - key: of this installation, if the check needs one.
    ///   - buffer: what is written behind.
    package static func append(
        _ line: Span<UInt8>, at event: Range<Int>, check: EventCheck, id: EventID, timestamp: Int64, key: [UInt8] = [],
        to buffer: inout [UInt8]
    ) {
        buffer.append(UInt8(ascii: "{"))
        let start = buffer.count
        if check.id == nil {
            buffer.append(contentsOf: "\"id\":\"".utf8)
            id.append(to: &buffer)
            buffer.append(UInt8(ascii: "\""))
        }
        if !check.hasTimestamp {
            if buffer.count > start { buffer.append(UInt8(ascii: ",")) }
            buffer.append(contentsOf: "\"timestamp\":".utf8)
            buffer.append(contentsOf: String(timestamp).utf8)
        }
        if buffer.count > start, !check.isEmpty { buffer.append(UInt8(ascii: ",")) }
        append(line, (event.lowerBound + 1)..<event.upperBound, check.replacements, key: key, to: &buffer)
    }

    /// The same event as it may leave under the rules of now, which may be narrower than those it was recorded under: the
    /// administrator has denied a field, or a vendor has taken one back.
    ///
    /// - Parameter event: where it stands.
    /// - Returns: `nil` if it may leave as it is.
    static func narrowed(_ bytes: Span<UInt8>, at event: Range<Int>, rules: EventRules) -> [UInt8]? {
        let check = EventCheck(bytes, at: event, isStored: true, rules: rules)
        guard !check.replacements.isEmpty else { return nil }
        var buffer: [UInt8] = []
        append(bytes, event, check.replacements, key: [], to: &buffer)
        return buffer
    }

    private static func append(
        _ line: Span<UInt8>, _ range: Range<Int>, _ replacements: [EventCheck.Replacement], key: [UInt8],
        to buffer: inout [UInt8]
    ) {
        let cursor = JSONCursor(line)
        var position = range.lowerBound
        for replacement in replacements {
            cursor.append(position..<replacement.range.lowerBound, to: &buffer)
            switch replacement.value {
            case .json(let bytes): buffer += bytes
            case .keyedHash(let text): buffer += Self.keyedHash(of: text, key: key)
            }
            position = replacement.range.upperBound
        }
        cursor.append(position..<range.upperBound, to: &buffer)
    }

    /// Whether this could be the text of such a value.
    static func isKeyedHash(_ text: Span<UInt8>) -> Bool { text.count == 44 && Base64.isEncoded(text) }

    /// JSON: base64 of HMAC-SHA-256 (RFC 2104), as long as the plain hash in the original.
    private static func keyedHash(of text: String, key: [UInt8]) -> [UInt8] {
        precondition(!key.isEmpty, "a keyed hash needs a key")
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key))
        return [UInt8(ascii: "\"")] + Base64.encode(code) + [UInt8(ascii: "\"")]
    }
}
