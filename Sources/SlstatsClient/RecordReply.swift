// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// The answer to `record`, read without building a value: this runs inside every command of every shell.
struct RecordReply {
    /// The event's UUID if the answer is the usual one.
    private var id: String?

    /// Looks for `"result":{"recorded":true,"id":"…"}` and for nothing else.
    init(_ line: [UInt8]) {
        var cursor = JSONCursor(line.span)
        do throws(JSONError) {
            var reply = try cursor.enterObject()
            while let key = try cursor.nextKey(in: &reply) {
                if cursor.string(key, equals: "result") {
                    try readResult(&cursor)
                    return
                }
                _ = try cursor.scanValue()
            }
        } catch {
            id = nil
        }
    }

    private mutating func readResult(_ cursor: inout JSONCursor) throws(JSONError) {
        var result = try cursor.enterObject()
        var isRecorded = false
        while let key = try cursor.nextKey(in: &result) {
            let value = try cursor.scanValue()
            if cursor.string(key, equals: "recorded") { isRecorded = value.kind == .true }
            if cursor.string(key, equals: "id"), value.isString { id = cursor.text(of: value) }
        }
        if !isRecorded { id = nil }
    }

    /// Anything else than "recorded" is rare enough to be looked at thoroughly.
    func outcome(_ line: [UInt8]) throws(SlstatsClientError) -> SlstatsClient.RecordOutcome {
        if let id { return .recorded(id: id) }
        let result = try SlstatsClient.result(of: line)
        return .telemetryOff(decidedBy: result["decidedBy"]?.string ?? "")
    }
}
