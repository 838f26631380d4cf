// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SystemPackage
import Testing

@Suite("Since which event the rules hold")
struct RulesMarkTests {
    private let files = InMemoryFileSystem()
    private let now = EventRules(.builtIn)

    init() throws { try files.createFolder("/state") }

    private func since(_ rules: EventRules, _ next: UInt64) -> UInt64 {
        var mark = RulesMark(state: "/state", files: files)
        return mark.since(rules, next: next)
    }

    @Test("the same rules hold on over a start; others begin to hold, and so do those of before when they come back")
    func starts() {
        let denied = EventRules(Catalogue(CatalogueField.builtIn, restrictions: ["timezone": .deny]))
        #expect(since(now, 7) == 7)
        #expect(since(now, 20) == 7)
        #expect(since(denied, 30) == 30)
        #expect(since(now, 40) == 40)
        #expect(since(now, 50) == 40)
    }

    @Test(
        "anything that is kept differently makes other rules: a list that is shorter by one name, a field that is gone")
    func differences() {
        _ = since(now, 1)
        let fewer = CatalogueField.builtIn.map { field in
            guard case .string(.names(let table, let local, let other), let bytes) = field.kind else { return field }
            return CatalogueField(
                field.path,
                .string(
                    .names(NameTable(Array(table.names.dropLast())), local: local, other: other), maximumBytes: bytes),
                isNullable: field.isNullable, isOptIn: field.isOptIn, field.purpose, field.example)
        }
        #expect(since(EventRules(Catalogue(fewer)), 5) == 5)
        #expect(since(EventRules(Catalogue(CatalogueField.builtIn.dropLast())), 9) == 9)
    }

    @Test("a mark that is damaged, or of another spool, or could not be written, says nothing")
    func damage() {
        _ = since(now, 100)
        #expect(since(now, 3) == 3, "numbers that nobody has given yet")
        files.write(Array("{".utf8), to: "/state/rules.json")
        #expect(since(now, 200) == 200)
        var mark = RulesMark(state: "/state", files: files)
        files.fail(from: files.operations.count, with: .noSpace)
        #expect(mark.since(EventRules(Catalogue([])), next: 300) == 300)
        files.fail(from: .max, with: .noSpace)
        #expect(since(EventRules(Catalogue([])), 400) == 400)
    }
}
