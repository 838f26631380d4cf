// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// Lines that answer a request, written by the daemon and read by the client (JSON-RPC 2.0, section 5).
package enum Reply {
    /// - Parameter id: the bytes of the request's `id` as it spelled them.
    package static func result(_ result: [UInt8], id: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(40 + id.count + result.count)
        append(result, id: id[...], to: &line)
        return line
    }

    /// The same behind other lines.
    package static func append(_ result: [UInt8], id: ArraySlice<UInt8>, to lines: inout [UInt8]) {
        begin(id, to: &lines)
        appendOnOneLine(result[...], to: &lines)
        lines += "}\n".utf8
    }

    /// The answer to nearly everything: an event is recorded. Written as ``append(_:id:to:)`` would, without a value
    /// in between.
    package static func appendRecorded(
        _ event: EventID, _ durability: String, id: ArraySlice<UInt8>, to lines: inout [UInt8]
    ) {
        begin(id, to: &lines)
        lines += #"{"recorded":true,"id":""#.utf8
        event.append(to: &lines)
        lines += #"","durability":""#.utf8
        lines += durability.utf8
        lines += "\"}}\n".utf8
    }

    private static func begin(_ id: ArraySlice<UInt8>, to lines: inout [UInt8]) {
        lines += #"{"jsonrpc":"2.0","id":"#.utf8
        appendOnOneLine(id, to: &lines)
        lines += #","result":"#.utf8
    }

    /// Line ends in JSON stand between tokens only, where they may be blanks as well.
    private static func appendOnOneLine(_ json: ArraySlice<UInt8>, to line: inout [UInt8]) {
        let start = line.count
        line += json
        guard json.contains(where: { $0 == 0x0a || $0 == 0x0d }) else { return }
        for index in start..<line.count where line[index] == 0x0a || line[index] == 0x0d { line[index] = 0x20 }
    }

    package static func error(_ error: ProtocolError, id: [UInt8]) -> [UInt8] {
        line(id: id) { writer in
            writer.key("error")
            writer.beginObject()
            writer.key("code")
            writer.integer(error.code.rawValue)
            writer.key("message")
            writer.string(error.message)
            writer.key("data")
            writer.beginObject()
            writer.key("reason")
            writer.string(error.reason.rawValue)
            if !error.fields.isEmpty {
                writer.key("fields")
                writer.value(.array(error.fields.map(JSON.string)))
            }
            writer.endObject()
            writer.endObject()
        }
    }

    private static func line(id: [UInt8], _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.raw(id)
        body(&writer)
        writer.endObject()
        writer.endLine()
        return writer.bytes
    }
}
