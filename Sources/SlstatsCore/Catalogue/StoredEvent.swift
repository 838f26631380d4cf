// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol

/// The bytes of an event as they are kept, shown and sent: the caller's own, with `id` and `timestamp` put in front
/// where they are missing. Nothing else is added, nothing is spelled anew.
package enum StoredEvent {
    /// - Parameter buffer: what is written behind.
    package static func append(
        _ line: Span<UInt8>, at event: Range<Int>, check: EventCheck, id: EventID, timestamp: Int64,
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
        JSONCursor(line).append(event.lowerBound + 1..<event.upperBound, to: &buffer)
    }
}
