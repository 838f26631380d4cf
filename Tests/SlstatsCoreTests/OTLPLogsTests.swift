// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import Testing

@Suite("Events as OTLP log records")
struct OTLPLogsTests {
    private func request(_ events: String..., with logs: OTLPLogs = OTLPLogs()) throws -> JSON {
        try JSON(parsing: logs.request(events.map { Array($0.utf8) }))
    }

    private func record(_ event: String) throws -> JSON? {
        try request(event)["resourceLogs"]?.array?.first?["scopeLogs"]?.array?.first?["logRecords"]?.array?.first
    }

    @Test("one request, letter by letter")
    func golden() {
        var logs = OTLPLogs()
        logs.serviceName = "acme \"cli\""
        logs.instanceID = "0f8fad5b-d9cb-469f-a165-70867728950e"
        let event = #"{"id":"6ba7b811-9dad-41d1-80b4-00c04fd430c8","timestamp":1795421260000,"command":"in\u0066o"}"#
        let version = SlstatsVersion.current
        func pair(_ key: String, _ value: String) -> String {
            #"{"key":"\#(key)","value":{"stringValue":"\#(value)"}}"#
        }
        let resource = [
            pair("service.name", #"acme \"cli\""#), pair("service.version", version),
            pair("telemetry.sdk.name", "slstats"), pair("telemetry.sdk.language", "swift"),
            pair("telemetry.sdk.version", version),
            pair("service.instance.id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ]
        let attributes = [
            pair("log.record.uid", "6ba7b811-9dad-41d1-80b4-00c04fd430c8"), pair("command", #"in\u0066o"#),
        ]
        let record =
            #"{"timeUnixNano":"1795421260000000000","observedTimeUnixNano":"1795421260000000000","severityNumber":9,"#
            + #""severityText":"INFO","eventName":"slstats.event","attributes":[\#(attributes.joined(separator: ","))]}"#
        let scope = #"{"name":"slstatsd","version":"\#(version)"}"#
        let whole =
            #"{"resourceLogs":[{"resource":{"attributes":[\#(resource.joined(separator: ","))]},"#
            + #""scopeLogs":[{"scope":\#(scope),"logRecords":[\#(record),\#(record)]}]}]}"#
        #expect(String(decoding: logs.request([Array(event.utf8), Array(event.utf8)]), as: UTF8.self) == whole)
    }

    @Test(
        "each kind of value has its type",
        arguments: [
            ("null", "{}"), ("true", #"{"boolValue":true}"#), ("false", #"{"boolValue":false}"#),
            ("-7", #"{"intValue":"-7"}"#), ("9223372036854775807", #"{"intValue":"9223372036854775807"}"#),
            ("9223372036854775808", #"{"doubleValue":9223372036854775808}"#), ("1.50", #"{"doubleValue":1.50}"#),
            ("1e2", #"{"doubleValue":1e2}"#), ("1e999", #"{"stringValue":"1e999"}"#),
            (#""\u00e4\n""#, #"{"stringValue":"ä\n"}"#),
            ("[]", #"{"arrayValue":{"values":[]}}"#), ("{}", #"{"kvlistValue":{"values":[]}}"#),
            ("[1,null]", #"{"arrayValue":{"values":[{"intValue":"1"},{}]}}"#),
            (
                #"{"a":{"b":"c"},"d":[true]}"#,
                #"{"kvlistValue":{"values":[{"key":"a","value":{"kvlistValue":{"values":[{"key":"b","value":{"stringValue":"c"}}]}}},{"key":"d","value":{"arrayValue":{"values":[{"boolValue":true}]}}}]}}"#
            ),
        ])
    func values(_ value: String, _ encoded: String) throws {
        let attributes = try record(#"{"x":\#(value)}"#)?["attributes"]?.array
        #expect(attributes?.count == 1 && attributes?[0]["value"]?.serialized() == encoded)
    }

    @Test(
        "a time that has no nanoseconds, or is no time, stays an attribute",
        arguments: ["0", "18446744073710", "253402300799999", "-1", "1.5", "\"now\"", "null"])
    func times(_ value: String) throws {
        let record = try record(#"{"timestamp":\#(value)}"#)
        #expect(record?["timeUnixNano"] == "0" && record?["observedTimeUnixNano"] == "0")
        #expect(record?["attributes"]?.array?.first?["key"] == "timestamp")
    }

    @Test("the last moment that has nanoseconds")
    func lastTime() throws {
        #expect(try record(#"{"timestamp":18446744073709}"#)?["timeUnixNano"] == "18446744073709000000")
    }

    @Test("half a mebibyte of events, however small their parts, is less than the record of what left can read")
    func growth() {
        for (part, count) in [("{}", 170_000), ("[]", 170_000), ("1", 250_000), (#""a""#, 125_000), ("null", 100_000)] {
            let event = #"{"a":[\#(Array(repeating: part, count: count).joined(separator: ","))]}"#
            #expect(event.utf8.count <= 512 << 10)
            #expect(OTLPLogs().request([Array(event.utf8)]).count < 8 << 20, "\(part)")
        }
    }

    // MARK: - Answers

    @Test("429, 502, 503 and 504 are tried again, and nothing else")
    func statuses() {
        for status in 100..<600 {
            let outcome = DeliveryOutcome(otlpStatus: status, answer: [], retryAfter: .seconds(7))
            switch status {
            case 200..<300: #expect(outcome == .delivered(answer: [], status: status))
            case 429, 502, 503, 504: #expect(outcome == .retryLater(delay: .seconds(7), reason: "HTTP \(status)"))
            case 401, 403, 404, 405, 410, 415, 451: #expect(outcome == .stop(reason: "HTTP \(status)"))
            case 300..<400: #expect(!outcome.isDelivered)
            default: #expect(outcome == .rejected(status: status))
            }
        }
    }

    @Test(
        "a partial success says how many, as a string or a number; garbage says nothing",
        arguments: [
            ("", nil), ("{}", nil), ("garbage", nil), (#"{"partialSuccess":null}"#, nil),
            (#"{"partialSuccess":{}}"#, nil),
            (#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, nil),
            (#"{"partialSuccess":{"rejectedLogRecords":"-3"}}"#, nil),
            (#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#, "delivered, 3 refused"),
            (#"{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"a\u001bb"}}"#, "delivered, 3 refused: ab"),
            (#"{"partialSuccess":{"errorMessage":"slow down"}}"#, "delivered, 0 refused: slow down"),
        ] as [(String, String?)])
    func partial(_ answer: String, _ summary: String?) {
        let outcome = DeliveryOutcome(otlpStatus: 200, answer: Array(answer.utf8), retryAfter: nil)
        #expect(outcome.isDelivered && outcome.summary == summary ?? "delivered")
    }

    @Test("no half of a refused request is sent, but of one that is too large; what is partly taken is not sent again")
    func plan() {
        let batch = BatchID(number: 1, epoch: 2)
        func plan() -> DeliveryPlan { DeliveryPlan(batch: batch, sizes: [9, 9, 9, 9], isolatesRefused: false) }
        var refused = plan()
        refused.finished(.rejected(status: 400))
        #expect(refused.next == nil && refused.rejected == [0, 1, 2, 3] && refused.rejectedStatus == 400)
        var tooLarge = plan()
        tooLarge.finished(.rejected(status: 413))
        #expect(tooLarge.next?.range == 0..<2)
        tooLarge.finished(.partlyDelivered(answer: [], status: 200, rejected: 1, message: ""))
        tooLarge.finished(.partlyDelivered(answer: [], status: 200, rejected: .max, message: ""))
        #expect(tooLarge.next == nil && tooLarge.sent == 1 && tooLarge.unnamedRejected == 3 && tooLarge.hasBegun)
    }

    // MARK: - Places

    @Test(
        "a server alone means the usual path",
        arguments: [
            ("http://h:4318", "http://h:4318/v1/logs"), ("http://h:4318/", "http://h:4318/v1/logs"),
            ("https://h/otlp", "https://h/otlp"), ("https://h/v1/logs", "https://h/v1/logs"),
        ])
    func url(_ text: String, _ whole: String) {
        #expect(CollectorURL(text)?.forLogs.description == whole)
    }
}
