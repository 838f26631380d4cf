// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsProtocol
import Testing

@Suite("Notifications from the network")
struct NotificationTests {
    private func notification(_ members: String) throws -> Notification? {
        Notification(try JSON(parsing: #"{"code":"A","message":"m"\#(members)}"#))
    }

    @Test(
        "an entry whose members make no sense is none [F136]",
        arguments: [
            #","appliesTo":"serverless""#, #","appliesTo":[]"#, #","appliesTo":{"versions":"<3"}"#,
            #","appliesTo":{"product":"a b"}"#, #","appliesTo":{"product":"a","versions":"nonsense"}"#,
            ##","appliesTo":{"product":"a","versions":"<3.0.0+\u009b2J"}"##,
            #","appliesTo":{"product":"a","versions":3}"#, #","appliesTo":[{"product":"a"},7]"#,
            #","expires":"soon""#, #","expires":true"#, #","notBefore":"2026-13-01""#, #","notBefore":9e99"#,
            #","severity":7"#, #","link":"javascript:alert(1)""#, #","link":"https://a b""#, #","link":"https://ä""#,
            #","link":["https://a"]"#,
        ])
    func nonsense(_ members: String) throws {
        #expect(try notification(members) == nil)
        #expect(try notification("") != nil)
    }

    @Test("null is not there, and an unknown severity is no reason to keep a notice back")
    func lenient() throws {
        let nulls = try notification(
            #","appliesTo":null,"expires":null,"notBefore":null,"severity":null,"link":null,"more":1"#)
        #expect(nulls == Notification(code: "A", message: "m", visibilityInterval: 24))
        #expect(try notification(#","severity":"apocalyptic""#)?.severity == .info)
    }

    @Test("everything survives being kept and read again")
    func roundTrip() throws {
        let full = try notification(
            #","visibilityInterval":6,"appliesTo":[{"product":"a","versions":"<3 || 4.x"},{"product":"b"}],"notBefore":"2026-01-02T03:04:05Z","expires":1800000000000,"severity":"critical","link":"https://example.org/x?y=1#z""#
        )
        let notification = try #require(full)
        #expect(Notification(notification.json) == notification)
        #expect(notification.notBefore == 1_767_323_045_000)
    }

    @Test(
        "moments by RFC 3339 and in milliseconds",
        arguments: [
            (#""1970-01-01T00:00:00Z""#, 0), (#""1970-01-02""#, 86_400_000),
            (#""2026-11-24T21:59:08.250Z""#, 1_795_557_548_250),
            (#""2026-11-24t22:59:08+01:00""#, 1_795_557_548_000),
            (#""2026-11-24 16:29:08.1239-05:30""#, 1_795_557_548_123),
            (#""2024-02-29T12:00:00Z""#, 1_709_208_000_000), (#""2016-12-31T23:59:60Z""#, 1_483_228_800_000),
            ("1795557548250", 1_795_557_548_250),
        ] as [(String, Int64)])
    func moments(_ text: String, _ milliseconds: Int64) throws {
        #expect(try notification(#","expires":\#(text)"#)?.expires == milliseconds)
    }

    @Test(
        "no moments",
        arguments: [
            "2026-02-29", "2026-11-31T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T21:59", "2026-11-24T21:59:08",
            "26-11-24", "2026-11-24T21:59:08.Z", "2026-11-24T21:59:08Z ", "+2026-11-24", "2026-11-24T21:59:08+1:00",
        ])
    func noMoments(_ text: String) throws {
        #expect(try notification(#","expires":"\#(text)""#) == nil)
    }

    @Test("it is for whom and when it says")
    func targets() throws {
        let targeted = try #require(try notification(#","appliesTo":{"product":"a","versions":"<3"},"expires":100"#))
        #expect(targeted.isFor(Product("a@2.9.9"), at: 99))
        #expect(!targeted.isFor(Product("a@3.0.0"), at: 99))
        #expect(!targeted.isFor(Product("b@2.0.0"), at: 99))
        #expect(!targeted.isFor(nil, at: 99))
        #expect(!targeted.isFor(Product("a@2.9.9"), at: 100))
        let later = try #require(try notification(#","notBefore":100"#))
        #expect(!later.isFor(nil, at: 99))
        #expect(later.isFor(nil, at: 100) && later.isFor(Product("z@1.0.0"), at: 100))
    }

    @Test("codes and messages have their bounds")
    func bounds() {
        func isTaken(code: Int, message: Int) -> Bool {
            let json: JSON = [
                "code": .string(String(repeating: "c", count: code)),
                "message": .string(String(repeating: "m", count: message)),
            ]
            return Notification(json) != nil
        }
        #expect(isTaken(code: 128, message: 16 << 10))
        #expect(!isTaken(code: 129, message: 1) && !isTaken(code: 1, message: 16 << 10 + 1))
        #expect(!isTaken(code: 0, message: 1) && !isTaken(code: 1, message: 0))
        for code in ["A\nTelemetry is off", "A\u{202e}", "\u{1b}[2J", " ", "\u{200b}"] {
            #expect(Notification(["code": .string(code), "message": "m"]) == nil)
        }
        #expect(Notification(["code": "A", "message": "\u{200b}\u{202e} \n"]) == nil)
    }
}
