// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

@Suite("What people are told before anything leaves")
struct DisclosureTests {
    private let files = InMemoryFileSystem()
    private static let collector = CollectorURL("https://t.example/")!
    private static let told = Disclosure(.builtIn, collector: collector)

    private func shown(_ disclosure: Disclosure) throws -> DisclosureRecord {
        var record = DisclosureRecord(state: "/state", files: files)
        try record.note(disclosure, .command, version: "1.0", now: 7)
        return DisclosureRecord(state: "/state", files: files)
    }

    init() throws { try files.createFolder("/state") }

    @Test("the text says what, where to and how to say no, on no more lines than a notice has")
    func text() {
        for words in [
            "59 fields", "and no free text", "https://t.example/", "slstats schema", "slstats pending",
            "slstats --disable",
        ] {
            #expect(Self.told.text.contains(words), "\(Self.told.text)")
        }
        #expect(Self.told.text.split(separator: "\n").count < 20)
        #expect(Self.told.text.utf8.count < 2048)
    }

    @Test("it promises nothing that the catalogue does not keep")
    func promise() {
        let text = CatalogueField("acme.text", .pattern(.text), "w", "\"a\"", source: "/acme.json")
        let free = Disclosure(Catalogue(CatalogueField.builtIn + [text]), collector: Self.collector).text
        #expect(!free.contains("no free text") && free.contains("(with those of /acme.json)"))
        let named = Catalogue(CatalogueField.builtIn, admitting: ["dashboard.userId"])
        #expect(Disclosure(named, collector: Self.collector).text.contains("dashboard.userId tells who you are"))
    }

    @Test("the record says when, in which way, which text and which version")
    func record() throws {
        let entry = try shown(Self.told).entry

        #expect(entry?.at == 7 && entry?.way == .command && entry?.version == "1.0")
        #expect(entry?.text == Self.told.hash)
        #expect(entry?.text.count == 64)
    }

    @Test(
        "a wider catalogue, a field of which more is kept, and another collector are told anew; a narrower one is not")
    func widened() throws {
        let record = try shown(Self.told)
        let more = CatalogueField("acme.mode", .boolean, "w", "true", source: "/acme.json")
        let narrow = Catalogue(CatalogueField.builtIn, restrictions: ["timezone": .coarsen])

        #expect(record.covers(Self.told))
        #expect(!record.covers(Disclosure(Catalogue(CatalogueField.builtIn + [more]), collector: Self.collector)))
        #expect(!record.covers(Disclosure(.builtIn, collector: CollectorURL("https://u.example/")!)))
        #expect(record.covers(Disclosure(Catalogue(CatalogueField.builtIn.dropLast()), collector: Self.collector)))
        #expect(!record.covers(Disclosure(narrow, collector: Self.collector)))
        let afterNarrow = try shown(Disclosure(narrow, collector: Self.collector))
        #expect(!afterNarrow.covers(Self.told))
    }

    @Test(
        "a record that nobody can understand says that nothing was shown", arguments: ["", "{", "[]", "{\"format\":2}"])
    func damaged(_ text: String) throws {
        _ = try shown(Self.told)
        files.write(Array(text.utf8), to: "/state/disclosure.json")

        #expect(!DisclosureRecord(state: "/state", files: files).covers(Self.told))
    }
}
