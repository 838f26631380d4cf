// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("What people are told before anything leaves")
struct DisclosureTests {
    private let files = InMemoryFileSystem()
    private static let collector = CollectorURL("https://t.example/")!
    private static let told = disclosure(CatalogueField.builtIn)

    private static func disclosure(
        _ fields: [CatalogueField], admitting admitted: Set<String> = [],
        _ restrictions: [String: FieldRestriction] = [:], to collector: CollectorURL = collector
    ) -> Disclosure {
        Disclosure(
            Catalogue(fields, admitting: admitted, restrictions: restrictions),
            of: Catalogue(fields, admitting: admitted), collector: collector)
    }

    /// However its lines are broken.
    private static func words(of disclosure: Disclosure) -> String { disclosure.text.replacing("\n", with: " ") }

    private static func names(_ names: [String], _ source: String = "/acme.json") -> CatalogueField {
        CatalogueField(
            "acme.mode", .string(.names(NameTable(names), other: "other")), "w", "\"a\"", source: source)
    }

    private func shown(_ disclosure: Disclosure) throws -> DisclosureRecord {
        var record = DisclosureRecord(state: "/state", files: files)
        try record.note(disclosure, .command, version: "1.0", now: 7)
        return DisclosureRecord(state: "/state", files: files)
    }

    init() throws { try files.createFolder("/state") }

    @Test("the text says what, where to and how to say no, on no more lines than a notice has")
    func text() {
        for words in [
            "59 fields", "random number of this installation", "time zone", "keyed hash", "interactive setup",
            "packages and plugins", "https://t.example/", "slstats schema", "slstats pending", "slstats --disable",
        ] {
            #expect(Self.words(of: Self.told).contains(words), "\(Self.told.text)")
        }
        #expect(Self.told.text.split(separator: "\n").count < 20)
        #expect(Self.told.text.utf8.count < 2048)
    }

    @Test("every field of ours is under one topic of the text", arguments: CatalogueField.builtIn.map(\.path))
    func topics(_ path: String) throws {
        let field = try #require(CatalogueField.builtIn.first { $0.path == path })
        #expect(DisclosureTopic.all.count { $0.covers(field) } == 1)
    }

    @Test("how to say no comes first, and stays on the screen whatever vendors add")
    func long() {
        let fields = (0..<900).map {
            CatalogueField(
                "acme\($0 / 60).text\($0 % 60)", .pattern(.text), "w", "\"a\"",
                source: "/etc/slstats/catalogue.d/\($0).json")
        }
        let text = PrintableText.notice(Self.disclosure(fields).text)
        #expect(text.contains("slstats --disable") && text.contains("slstats pending"), "\(text)")
        #expect(text.contains("and 897 more"))
    }

    @Test("what the administrator withholds is not said to be kept")
    func withheld() {
        let text = Self.words(
            of: Self.disclosure(
                CatalogueField.builtIn, ["commandUsage": .deny, "frameworkLocalUserId": .deny, "timezone": .deny]))
        #expect(!text.contains("interactive") && !text.contains("random number"))
        #expect(text.contains("time zone") && text.contains("44 fields"), "\(text)")
    }

    @Test("it promises nothing that the catalogue does not keep")
    func promise() {
        let text = CatalogueField("acme.text", .pattern(.text), "w", "\"a\"", source: "/acme.json")
        let free = Self.words(of: Self.disclosure(CatalogueField.builtIn + [text]))
        #expect(free.contains("1 field of /acme.json") && free.contains("What a tool writes into acme.text is kept"))
        let named = Self.words(of: Self.disclosure(CatalogueField.builtIn, admitting: ["dashboard.userId"]))
        #expect(named.contains("dashboard.userId tells who you are") && !named.contains("Your name"), "\(named)")
    }

    @Test("the record says when, in which way, which text and which version")
    func record() throws {
        let entry = try shown(Self.told).entry

        #expect(entry?.at == 7 && entry?.way == .command && entry?.version == "1.0")
        #expect(entry?.text == Self.told.hash)
        #expect(entry?.text.count == 64)
    }

    @Test(
        "a wider catalogue, a field of which more is kept, and another collector are told anew; a narrower one is not [F169]"
    )
    func widened() throws {
        let record = try shown(Self.told)
        let more = CatalogueField("acme.mode", .boolean, "w", "true", source: "/acme.json")
        let fields = CatalogueField.builtIn

        #expect(record.covers(Self.told))
        #expect(!record.covers(Self.disclosure(fields + [more])))
        #expect(!record.covers(Self.disclosure(fields, to: CollectorURL("https://u.example/")!)))
        #expect(record.covers(Self.disclosure(fields.dropLast())))
        for restriction in FieldRestriction.allCases {
            let narrow = Self.disclosure(fields, ["timezone": restriction])
            #expect(record.covers(narrow))
            #expect(try !shown(narrow).covers(Self.told))
        }
        #expect(
            try shown(Self.disclosure(fields, ["timezone": .coarsen])).covers(
                Self.disclosure(fields, ["timezone": .deny])))
    }

    @Test("a longer list of a vendor's is more, however long it is; of public names of ours it is not")
    func lists() throws {
        let few = (0..<50).map { "name\($0)" }
        let record = try shown(Self.disclosure([Self.names(few)]))

        #expect(record.covers(Self.disclosure([Self.names(few)])))
        #expect(!record.covers(Self.disclosure([Self.names(few + ["another"])])))
        let builtIn = CatalogueField.builtInSource
        #expect(
            try shown(Self.disclosure([Self.names(few, builtIn)])).covers(
                Self.disclosure([Self.names(few + ["another"], builtIn)])))
    }

    @Test(
        "a record that nobody can understand says that nothing was shown", arguments: ["", "{", "[]", "{\"format\":2}"])
    func damaged(_ text: String) throws {
        _ = try shown(Self.told)
        files.write(Array(text.utf8), to: "/state/disclosure.json")

        #expect(!DisclosureRecord(state: "/state", files: files).covers(Self.told))
    }
}
