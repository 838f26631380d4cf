// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// The bytes of an event as they are kept, shown and sent: the caller's own, with `id` and `timestamp` put in front
/// where they are missing. Nothing else is added, nothing is spelled anew.
package enum StoredEvent {
    package static func make(
        _ line: Span<UInt8>, at event: Range<Int>, check: EventCheck, id: EventID, timestamp: Int64
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(event.count + 80)
        bytes.append(UInt8(ascii: "{"))
        if check.id == nil {
            bytes.append(contentsOf: "\"id\":\"".utf8)
            id.append(to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        if !check.hasTimestamp {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: "\"timestamp\":".utf8)
            bytes.append(contentsOf: String(timestamp).utf8)
        }
        if bytes.count > 1, !check.isEmpty { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: JSONCursor(line).copyBytes(event.lowerBound + 1..<event.upperBound))
        return bytes
    }
}
