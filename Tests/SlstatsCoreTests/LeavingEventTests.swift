// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("What is in the spool is held against the rules once more when it leaves")
struct LeavingEventTests {
    private static let catalogue = Catalogue(CatalogueField.builtIn)

    private static func stored(_ event: String, _ catalogue: Catalogue = catalogue) -> String? {
        let bytes = Array(event.utf8)
        let check = EventCheck(bytes.span, at: 0..<bytes.count, rules: EventRules(catalogue))
        guard check.violations.isEmpty else { return nil }
        var stored: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        StoredEvent.append(
            bytes.span, at: 0..<bytes.count, check: check, id: EventID(using: &random), timestamp: 7,
            key: Array(repeating: 7, count: 32), to: &stored)
        return String(decoding: stored, as: UTF8.self)
    }

    /// Through a real spool, in both ways in which events are read from it.
    private static func leaving(_ event: String, _ rules: EventRules, before end: UInt64 = .max) throws -> String {
        let narrowing = Narrowing(rules, before: end)
        let files = InMemoryFileSystem()
        try files.createFolder("/state")
        var spool = try Spool.open(files)
        try spool.record(event)
        let shown = spool.pending(after: 0, maximumBytes: .max, narrowing).events
        try spool.seal()
        let batch = try #require(spool.nextBatch)
        let sent = try #require(try spool.reading(of: batch, narrowing).run()).body
        #expect(shown == [sent[0]], "what is shown is what is sent")
        return String(decoding: sent[0], as: UTF8.self)
    }

    /// Its example, and odd values of the same field.
    private static let events =
        CatalogueField.builtIn.filter { !$0.isOptIn }.map(\.exampleEvent) + [
            #"{"npmDependencies":["express","@corp/x","./mine","local","other"]}"#,
            #"{"config":{"plugins":["C:\\\\x","serverless-offline"],"resources":{"general":["Custom::X","AWS::S3::Bucket","X::Y"]}}}"#,
            #"{"config":{"provider":{"stage":"ann","region":"here","runtime":"x","name":"y"}}}"#,
            #"{"failureReason":{"location":"/home/ann/x.js:1:2\n/home/ann/node_modules/serverless/lib/a.js:3:4"}}"#,
            #"{"ciName":null,"isConfigValid":null,"projectId":"p","commandDurationMs":0}"#,
        ]

    @Test("under the same rules not a byte is different", arguments: events)
    func same(_ event: String) throws {
        let stored = try #require(Self.stored(event))
        #expect(try Self.leaving(stored, EventRules(Self.catalogue)) == stored)
    }

    private static let restricted = FieldRestriction.allCases.map { restriction in
        let paths = CatalogueField.builtIn.map(\.path).filter { !CatalogueField.indispensable.contains($0) }
        let restrictions = Dictionary(uniqueKeysWithValues: paths.map { ($0, restriction) })
        return (restriction, EventRules(Catalogue(CatalogueField.builtIn, restrictions: restrictions)))
    }

    @Test(
        "under coarser ones it is what would be recorded under them, and again under those not a byte is different",
        arguments: events)
    func coarser(_ event: String) throws {
        for (restriction, rules) in Self.restricted {
            let stored = try #require(Self.stored(event))
            let left = try Self.leaving(stored, rules)
            let recorded = try #require(Self.stored(event, rules.catalogue))
            func body(_ text: String) -> String { text.replacing(#/^{"id":"[^"]*"(,"timestamp":7)?/#, with: "") }
            // A hash of what was null would be something.
            #expect(body(left) == body(recorded), "\(restriction)")
            #expect(try Self.leaving(left, rules) == left)
        }
    }

    @Test("a field that was taken out of the catalogue leaves as null, with everything in it")
    func removed() throws {
        let fields = [
            CatalogueField("acme.mode", .pattern(.word), "w", "\"a\"", source: "/acme.json"),
            CatalogueField("list[].x", .boolean, "w", "true", source: "/acme.json"),
        ]
        let stored = try #require(
            Self.stored(
                #"{"command":"info","acme":{"mode":"x"},"list":[{"x":true}]}"#,
                Catalogue(CatalogueField.builtIn + fields)))
        let left = try Self.leaving(stored, EventRules(Self.catalogue))
        #expect(left.hasSuffix(#""command":"info","acme":null,"list":null}"#), "\(left)")
    }

    @Test("a text that is hashed only now leaves as null, since it was not when it was recorded; a hash stays")
    func hashedNow() throws {
        let text = CatalogueField("acme.name", .pattern(.word), "w", "\"a\"", source: "/acme.json")
        let hash = CatalogueField("acme.name", .keyedHash, "w", "\"a\"", source: "/acme.json")
        let (before, now) = (Catalogue(CatalogueField.builtIn + [text]), Catalogue(CatalogueField.builtIn + [hash]))
        let stored = try #require(Self.stored(#"{"command":"info","acme":{"name":"zorba"}}"#, before))
        #expect(try Self.leaving(stored, EventRules(now)).hasSuffix(#""acme":{"name":null}}"#))
        let hashed = try #require(Self.stored(#"{"command":"info","acme":{"name":"zorba"}}"#, now))
        #expect(try Self.leaving(hashed, EventRules(now)) == hashed)
    }

    @Test("what was recorded under the rules is not looked at again")
    func recordedUnderThem() throws {
        let rules = EventRules(Catalogue([]))
        #expect(try Self.leaving(#"{"command":"info"}"#, rules, before: 1) == #"{"command":"info"}"#)
        #expect(try Self.leaving(#"{"command":"info"}"#, rules, before: 2) == #"{"command":null}"#)
    }

    @Test("an identity that is known only now leaves as null")
    func identity() throws {
        let stored = try #require(Self.stored(#"{"command":"zorbaline"}"#))
        let rules = EventRules(
            Self.catalogue, identities: IdentityFilter([try #require(Identity(.loginName, "zorbaline"))]))
        #expect(try Self.leaving(stored, rules).hasSuffix(#""command":null}"#))
    }
}
