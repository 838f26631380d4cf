// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsProtocol
import Testing

@Suite("Notification modes and switches, as the original reads them")
struct NotificationsModeTests {
    @Test(
        "every spelling of the table means what it means there [F022]",
        arguments: [
            ("", .off), (" ", .off), ("0", .off), (" 0 ", .off), ("-0", .off), ("0x0", .off), ("\n0\t", .off),
            ("1", .upgradesOnly), ("01", .upgradesOnly), ("1.0", .upgradesOnly), ("1e0", .upgradesOnly),
            ("1.", .upgradesOnly), ("+1", .upgradesOnly), ("10e-1", .upgradesOnly), ("2", .on), ("0x2", .on),
            ("0b10", .on), ("0o2", .on), ("3", .force), ("0X3", .force), (".3e1", .force), ("off", .off),
            ("upgrades-only", .upgradesOnly), ("on", .on), ("force", .force),
        ] as [(String, NotificationsMode)])
    func table(_ variable: String, _ mode: NotificationsMode) {
        #expect(NotificationsMode(variable: variable, isCI: false) == mode)
        #expect(NotificationsMode(variable: variable, isCI: true) == mode)
    }

    @Test(
        "anything else is the default: on, and upgrades-only in CI [F022]",
        arguments: [
            nil, "4", "-1", "1.5", "true", "OFF", "on ", "Force", "0x", "-0x1", "1e", "e1", ".", "1_0", "Infinity",
            "NaN", "0b2", "1 1",
        ])
    func fallback(_ variable: String?) {
        #expect(NotificationsMode(variable: variable, isCI: false) == .on)
        #expect(NotificationsMode(variable: variable, isCI: true) == .upgradesOnly)
    }

    @Test(
        "the original's variables: set and not empty is off, 0 included [F037]",
        arguments: [(nil, false), ("", false), ("0", true), ("false", true), ("1", true)] as [(String?, Bool)])
    func ownVariables(_ value: String?, _ isOff: Bool) {
        #expect(OffSwitch.telemetryDisabled.isOff(value: value) == isOff)
        #expect(OffSwitch.trackingDisabled.isOff(value: value) == isOff)
    }

    @Test(
        "DO_NOT_TRACK: unset, empty, 0 and false ask for nothing [F038]",
        arguments: [
            (nil, false), ("", false), ("0", false), ("false", false), ("1", true), ("true", true), ("yes", true),
            (" ", true),
        ] as [(String?, Bool)])
    func doNotTrack(_ value: String?, _ isOff: Bool) {
        #expect(OffSwitch.doNotTrack.isOff(value: value) == isOff)
    }

    @Test(
        "visibilityInterval converts as in JavaScript; what makes no sense is a day [F137]",
        arguments: [
            ("6", 6), (#""6""#, 6), ("true", 1), ("false", 0), (#""""#, 0), ("[]", 0), ("-0.5", 0), ("12.9", 12),
            (#""abc""#, 24), ("{}", 24), ("-1", 24), ("null", 24), ("1e400", 24), (#"["6"]"#, 6), ("[1,2]", 24),
            ("[null]", 0), ("[true]", 24), ("-1.5", 24), ("0", 0),
        ] as [(String, Int64)])
    func intervals(_ value: String, _ hours: Int64) throws {
        let json = try JSON(parsing: #"{"code":"A","message":"m","visibilityInterval":\#(value)}"#)

        #expect(Notification(json)?.visibilityInterval == hours)
    }

    @Test("a missing interval is a day")
    func missingInterval() throws {
        #expect(Notification(["code": "A", "message": "m"])?.visibilityInterval == 24)
    }

    @Test(
        "what has no code or no message is no notification",
        arguments: [
            "{}", #"{"code":"A"}"#, #"{"code":"","message":"m"}"#, #"{"code":"A","message":""}"#,
            #"{"code":1,"message":"m"}"#, "[]", "null", #""A""#,
        ])
    func invalid(_ text: String) throws {
        #expect(Notification(try JSON(parsing: text)) == nil)
    }

    @Test("text for a terminal keeps letters and line feeds and loses everything that could steer it [F016]")
    func printable() {
        let hostile = "a\u{1b}[31mb\u{7}\rc\u{202e}d\u{200b}e\u{9b}31mf\nz\u{0}é😀"

        #expect(PrintableText.sanitize(hostile) == "a[31mbcde31mf\nzé😀")
        #expect(PrintableText.sanitize(String(repeating: "é", count: 5000)).utf8.count == 2048)
    }

    @Test("an event id is a UUID of any version, in lower case")
    func eventIDs() {
        var random = SystemRandomNumberGenerator()
        let made = EventID(using: &random)

        #expect(EventID(made.description) == made)
        #expect(made.description.utf8.count == 36)
        #expect(Array(made.description)[14] == "4")
        #expect(EventID("6BA7B810-9DAD-11D1-80B4-00C04FD430C8")?.description == "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        for text in ["", "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b8109-dad-11d1-80b4-00c04fd430c8", "x"] {
            #expect(EventID(text) == nil)
        }
    }
}
