// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `Tests/Faults.md` and the tests say the same.
@Suite("The catalogue of faults")
struct FaultCatalogueTests {
    private struct Row {
        let id: String
        let test: String
    }

    private static let folder = Sandbox.repository + "/Tests/"
    private static let mark = "not here: "

    private static func rows() throws -> [Row] {
        try String(contentsOfFile: folder + "Faults.md", encoding: .utf8).split(separator: "\n").compactMap { line in
            let columns = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard columns.count == 6, columns[1].wholeMatch(of: #/F[0-9]{3}/#) != nil else { return nil }
            return Row(id: columns[1], test: columns[4])
        }
    }

    /// The tests that carry each id in their name, as `Suite/function`.
    static func tests() throws -> [String: Set<String>] {
        var tests: [String: Set<String>] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where path.hasSuffix("Tests.swift") {
            let text = try String(contentsOfFile: folder + path, encoding: .utf8)
            var suite = ""
            var ids: [String] = []
            // Declarations begin at the margin, functions behind the name of their test.
            for line in text.split(separator: "\n") {
                if let declared = line.firstMatch(of: #/^(?:final class|struct|extension) (\w+)/#) {
                    suite = String(declared.1)
                } else if line.contains("@Test") {
                    ids = []
                }
                if line.contains("[F"), line.firstMatch(of: #/\[F[0-9]{3}(, F[0-9]{3})*\]",?\)?/#) != nil,
                    !line.contains("Case(")
                {
                    ids += line.matches(of: #/F[0-9]{3}/#).map { String($0.0) }
                }
                if let function = line.firstMatch(of: #/^ +(?:mutating )?func (\w+)/#) {
                    for id in ids { tests[id, default: []].insert("\(suite)/\(function.1)") }
                    ids = []
                }
            }
        }
        return tests
    }

    @Test("each row has its tests, which carry its number, and each number in a test's name is a row")
    func complete() throws {
        let (rows, tests) = (try Self.rows(), try Self.tests())
        #expect(rows.count >= 176)
        #expect(Set(rows.map(\.id)).count == rows.count)
        #expect(Set(tests.keys).subtracting(rows.map(\.id)) == [], "a test names no row")
        for row in rows {
            let carried = tests[row.id] ?? []
            if row.test.hasPrefix(Self.mark) {
                #expect(row.test.count > Self.mark.count + 20, "\(row.id): no reason")
                #expect(carried.isEmpty, "\(row.id) is marked, and has a test")
            } else {
                let named = Set(row.test.split(separator: ", ").map(String.init))
                #expect(!named.isEmpty && named == carried, "\(row.id)")
            }
        }
        #expect(rows.count { $0.test.hasPrefix(Self.mark) } <= 8, "those that cannot be provoked here are few")
    }
}
