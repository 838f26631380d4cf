// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsProtocol
import Testing

@Suite("Versions and ranges of them")
struct VersionRangeTests {
    @Test("ascending by Semantic Versioning, section 11")
    func order() throws {
        let ascending = [
            "0.0.0-0", "0.0.1", "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
            "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0", "10.0.0",
        ]
        let versions = try ascending.map { try #require(SemanticVersion($0)) }
        for (i, a) in versions.enumerated() {
            for (j, b) in versions.enumerated() { #expect((a < b) == (i < j), "\(a) < \(b)") }
        }
        #expect(versions.map(\.description) == ascending)
    }

    @Test(
        "programs say of themselves what they like",
        arguments: [("v3.38.0", "3.38.0"), ("3.38", "3.38.0"), ("3", "3.0.0"), ("1.2.3+build.5", "1.2.3")])
    func lenient(_ text: String, _ version: String) {
        #expect(SemanticVersion(text)?.description == version)
    }

    @Test(
        "what is no version is none",
        arguments: [
            "", "v", "1.2.3.4", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3-a..b", "1.-2.3", "a.b.c", "1.2.x-beta", " 1.2.3",
            "1.2.3 ", "4294967295.0.0", "99999999999.0.0", "1.2.3-ä", "٣.0.0", "*", "-1", "1..2",
        ])
    func noVersion(_ text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    static let rows: [(range: String, inside: [String], outside: [String])] = [
        ("<3.0.0", ["0.0.1", "2.99.9", "3.0.0-beta"], ["3.0.0", "3.0.1", "10.0.0"]),
        (">=2.1 <2.5", ["2.1.0", "2.4.99"], ["2.0.9", "2.5.0", "3.0.0"]),
        (">= 2.1  < 2.5", ["2.1.0"], ["2.5.0"]),
        ("<1 || >=3", ["0.9.9", "3.0.0", "4.1.0"], ["1.0.0", "2.9.9"]),
        ("2.1", ["2.1.0", "2.1.9"], ["2.0.9", "2.2.0"]), ("=2.1.3", ["2.1.3"], ["2.1.2", "2.1.4"]),
        ("2.1.3-rc.1", ["2.1.3-rc.1"], ["2.1.3", "2.1.3-rc.2", "2.1.3-rc.1.1"]),
        (">2.1", ["2.2.0", "3.0.0"], ["2.1.0", "2.1.9"]), (">2.1.3", ["2.1.4"], ["2.1.3"]),
        ("<=2.1", ["2.1.9", "1.0.0"], ["2.2.0"]), ("<=2.1.3", ["2.1.3"], ["2.1.4"]),
        ("*", ["0.0.0", "9.9.9"], []), ("2.x", ["2.0.0", "2.9.0"], ["1.9.9", "3.0.0"]),
        ("2.1.*", ["2.1.5"], ["2.2.0"]), (">*", [], ["1.0.0"]), ("<*", [], ["1.0.0"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]), ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]), ("^0", ["0.0.1", "0.9.0"], ["1.0.0"]), ("~1.2.3", ["1.2.9"], ["1.3.0"]),
        ("~1", ["1.9.0"], ["2.0.0"]), ("v2.1.0", ["2.1.0"], ["2.1.1"]), (">=2 <1", [], ["1.5.0", "3.0.0"]),
    ]

    @Test("a range holds what npm's would, and pre-releases where they stand in the order", arguments: rows)
    func range(_ text: String, _ inside: [String], _ outside: [String]) throws {
        let range = try #require(VersionRange(text))
        for version in inside { #expect(range.contains(try #require(SemanticVersion(version))), "\(version)") }
        for version in outside { #expect(!range.contains(try #require(SemanticVersion(version))), "\(version)") }
        #expect(range.description == text)
    }

    @Test(
        "what is no range is none",
        arguments: ["", " ", "||", "1 ||", "|| 1", "<", ">=2.1 <", "=>2", "<<2", "1 - 2", "a", "<3.0.0,", "!2", "1|2"])
    func noRange(_ text: String) {
        #expect(VersionRange(text) == nil)
    }

    @Test("a product is a name and a version, split at the last @")
    func product() {
        #expect(Product("serverless@2.37.1")?.description == "serverless@2.37.1")
        #expect(Product("@acme/cli@1.0.0-rc.1")?.name == "@acme/cli")
        for text in ["", "serverless", "@1.0.0", "serverless@", "serverless@latest", "a b@1.0.0", "ä@1.0.0"] {
            #expect(Product(text) == nil, "\(text)")
        }
    }
}
