// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("A record in one pass, and in two")
struct RecordScanTests {
    private static let uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

    /// Whether the line is taken in one pass; if it is, that both ways come to the same.
    private func isTaken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let line = bytes.span
        guard let scan = RecordScan(line, rules: EventRules()) else { return false }
        do {
            let request = try Request(parsing: line)
            #expect(request.method == .record && request.id == scan.id, "\(text)")
            #expect(try RecordParams(scanning: line, at: request.params) == scan.params, "\(text)")
            #expect(EventCheck(line, at: scan.params.event, rules: EventRules()) == scan.check, "\(text)")
        } catch {
            Issue.record("\(text): \(error)")
        }
        return true
    }

    private static func line(_ params: String, id: String = #""id":1,"#) -> String {
        #"{"jsonrpc":"2.0",\#(id)"method":"record","params":\#(params)}"#
    }

    @Test(
        "what clients send is taken",
        arguments: [
            line(#"{"event":{"command":"info"}}"#), line(#"{"event":{}}"#), line(#"{"event":{"command":"a"}}"#, id: ""),
            line(#"{"event":{"command":"deploy","outcome":"failure"}}"#, id: #""id":"x\ny","#),
            line(#"{"event":{"id":"\#(uuid)","timestamp":5},"durability":"synced"}"#),
            line(#"{"event":{"command":"a"},"id":"\#(uuid.uppercased())","facts":{"home":"1:2"}}"#),
            " { \"jsonrpc\" : \"2.0\" , \"id\" : 1.0 , \"method\" : \"record\" , \"params\" : { \"event\" : { } } } ",
            #"{"jsonrpc":"2.0","id":1,"method":"rec\u006frd","params":{"event":{"comm\u0061nd":"a"}}}"#,
        ])
    func taken(_ text: String) {
        #expect(isTaken(text))
    }

    @Test(
        "everything else is left to the other way",
        arguments: [
            "", "{}", "[]", #"{"id":1,"jsonrpc":"2.0","method":"record","params":{"event":{}}}"#,
            line(#"{"durability":"accepted","event":{}}"#), line(#"{"event":{},"durability":"accepted"}"#),
            line(#"{"event":{"unknown":1}}"#), line(#"{"event":{},"more":1}"#), line(#"{"event":[]}"#), line("[]"),
            line(#"{"event":{"command":5}}"#), line(#"{"event":{"command":"a","command":"b"}}"#),
            line(#"{"event":{},"facts":{},"facts":{}}"#), line(#"{"event":{}}"#, id: #""id":null,"#),
            line(#"{"event":{}}"#, id: #""id":[1],"#), line(#"{"event":{}}"#) + "x", line(#"{"event":{}}"#) + "{}",
            line(#"{"event":{}},"more":1"#), line(#"{"event":{},"event":{}}"#), line(#"{"event":{},"id":"x"}"#),
            #"{"jsonrpc":"2.1","id":1,"method":"record","params":{"event":{}}}"#, "\u{feff}" + line(#"{"event":{}}"#),
        ])
    func left(_ text: String) {
        #expect(!isTaken(text))
    }

    @Test("cut at any byte, and with any byte changed, both ways come to the same or the one declines")
    func damaged() {
        let text = Self.line(
            #"{"event":{"id":"\#(Self.uuid)","versions":{"serverless":"3"},"config":{"plugins":["é"]},"commandDurationMs":12},"id":"\#(Self.uuid)","facts":{"home":"1:2"}}"#
        )
        #expect(isTaken(text))
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            #expect(!isTaken(String(decoding: bytes[..<index], as: UTF8.self)))
            for byte in [UInt8(ascii: "\""), UInt8(ascii: "}"), UInt8(ascii: "x"), UInt8(ascii: "0"), 0x20, 0x5c, 0x0a]
            {
                var changed = bytes
                changed[index] = byte
                _ = isTaken(String(decoding: changed, as: UTF8.self))
            }
        }
    }
}
