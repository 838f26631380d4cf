// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// Lines that answer a request, written by the daemon and read by the client (JSON-RPC 2.0, section 5).
package enum Reply {
    /// - Parameter id: the bytes of the request's `id` as it spelled them.
    package static func result(_ result: [UInt8], id: [UInt8]) -> [UInt8] {
        line(id: id) { writer in
            writer.key("result")
            writer.raw(result)
        }
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
