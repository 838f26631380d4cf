// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsProtocol
import Testing

@Suite("Reading a request")
struct RequestTests {
    private func parse(_ line: String) throws(Request.Failure) -> Request {
        try Request(parsing: Array(line.utf8).span)
    }

    private func failure(_ line: String) -> Request.Failure? {
        do throws(Request.Failure) {
            _ = try parse(line)
            return nil
        } catch {
            return error
        }
    }

    @Test("members come in any order, unknown ones are ignored [F063]")
    func order() throws {
        let line = #"{"params":{"event":{}},"x":[1],"id":"a","method":"record","jsonrpc":"2.0"}"#

        let request = try parse(line)

        #expect(request.method == .record)
        #expect(request.id.map { String(line.utf8.dropFirst($0.lowerBound).prefix($0.count)) ?? "" } == "\"a\"")
        #expect(request.params == 10..<22)
    }

    @Test("no id means no answer; null is an id")
    func ids() throws {
        #expect(try parse(#"{"jsonrpc":"2.0","method":"hello"}"#).id == nil)
        #expect(try parse(#"{"jsonrpc":"2.0","method":"hello","id":null}"#).id != nil)
        #expect(try parse(#"{"jsonrpc":"2.0","method":"hello","id":1.5}"#).id != nil)
    }

    @Test(
        "bad lines get the number of JSON-RPC 2.0 [F075]",
        arguments: [
            ("", -32700), ("{", -32700), ("nonsense", -32700), (#"{"jsonrpc":"2.0","method":"hello","id":1,}"#, -32700),
            ("\u{feff}{}", -32700), (#"{"jsonrpc":"2.0","method":"hello","id":"\ud800"}"#, -32700), ("NaN", -32700),
            ("[]", -32600), ("1", -32600), ("{}", -32600), (#"{"method":"hello","id":1}"#, -32600),
            (#"{"jsonrpc":"1.0","method":"hello","id":1}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (#"{"jsonrpc":"2.0","method":1,"id":1}"#, -32600),
            (#"{"jsonrpc":"2.0","method":"hello","id":{}}"#, -32600),
            (#"{"jsonrpc":"2.0","method":"hello","id":true}"#, -32600),
            (#"{"jsonrpc":"2.0","method":"hello","id":1,"id":2}"#, -32600),
            (#"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"hello"}"#, -32600),
            (#"{"jsonrpc":"2.0","method":"no","id":1}"#, -32601), (#"{"jsonrpc":"2.0","method":"","id":1}"#, -32601),
            (#"{"jsonrpc":"2.0","method":"hello","id":1,"params":[]}"#, -32602),
            (#"{"jsonrpc":"2.0","method":"hello","id":1,"params":1}"#, -32602),
        ])
    func codes(_ line: String, _ code: Int) {
        #expect(failure(line)?.error.code.rawValue == code)
    }

    @Test("an error carries the id if there is a usable one")
    func errorID() {
        #expect(failure(#"{"method":"hello","id":77}"#)?.id == 23..<25)
        #expect(failure(#"{"jsonrpc":"2.0","method":"hello","id":{}}"#)?.id == nil)
    }

    @Test("an unknown method without id stays unanswered, a line that is no request does not")
    func notifications() {
        #expect(failure(#"{"jsonrpc":"2.0","method":"no"}"#)?.isNotification == true)
        #expect(failure(#"{"method":"hello"}"#)?.isNotification == false)
    }

    @Test("every method is found by its name", arguments: Method.allCases)
    func methods(_ method: Method) throws {
        #expect(try parse(#"{"jsonrpc":"2.0","id":1,"method":"\#(method.rawValue)"}"#).method == method)
    }

    @Test(
        "wrong params of record are refused [F074]",
        arguments: [
            "{}", #"{"event":[]}"#, #"{"event":{},"event":{}}"#, #"{"event":{},"durability":"soon"}"#,
            #"{"event":{},"durability":1}"#, #"{"event":{},"id":"x"}"#, #"{"event":{},"facts":[]}"#,
            #"{"event":{},"facts":{"off":["X"]},"facts":{}}"#,
            #"{"event":{},"durability":"synced","durability":"accepted"}"#,
            #"{"event":{},"facts":{"off":true}}"#, #"{"event":{},"facts":{"notificationsMode":"loud"}}"#,
        ])
    func recordParams(_ params: String) {
        let bytes = Array(params.utf8)
        #expect(throws: ProtocolError.self) { try RecordParams(parsing: bytes.span, at: 0..<bytes.count) }
    }

    @Test("params of record are read")
    func goodRecordParams() throws {
        let bytes = Array(
            #"{"id":"6BA7B810-9DAD-11D1-80B4-00C04FD430C8","durability":"synced","facts":{"off":["X",1]},"event":{}}"#
                .utf8)

        let params = try RecordParams(parsing: bytes.span, at: 0..<bytes.count)

        #expect(params.durability == .synced)
        #expect(params.id?.description == "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        #expect(params.facts.off == ["X", "unknown"])
    }
}
