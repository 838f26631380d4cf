// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("The house is in order")
struct RepositoryTests {
    private static let root = Sandbox.repository

    private static func files(_ folder: String, suffix: String = ".swift") throws -> [(path: String, text: String)] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(suffix) }
            .sorted()
            .map { ("\(folder)/\($0)", try String(contentsOfFile: "\(root)/\(folder)/\($0)", encoding: .utf8)) }
    }

    private static func imports(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 2, words.count > index + 1,
                    words[..<index].allSatisfy({
                        $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0)
                    })
                else { return nil }
                return String(words[index + 1])
            })
    }

    /// The floors: what each target may import. A row more or less is a change of the design.
    private static let floors: [String: Set<String>] = [
        "OrderedJSON": [],
        "SlstatsProtocol": ["OrderedJSON", "Glibc"],
        "SlstatsClient": ["OrderedJSON", "SlstatsProtocol", "Glibc"],
        "slstats": ["OrderedJSON", "SlstatsProtocol", "SlstatsClient", "Glibc", "ArgumentParser"],
        "SlstatsCore": [
            "CChecksum", "CLinux", "Crypto", "OrderedJSON", "SlstatsProtocol", "Glibc", "Synchronization",
            "SystemPackage",
        ],
        "SlstatsDaemon": [
            "CZlib", "OrderedJSON", "SlstatsProtocol", "SlstatsCore", "Glibc", "SystemPackage", "AsyncHTTPClient",
            "Configuration", "Crypto", "DequeModule", "FoundationEssentials", "Logging", "NIOCore", "NIOExtras",
            "NIOHTTP1", "NIOHTTPCompression",
            "NIOPosix",
            "NIOSSL", "ServiceLifecycle", "UnixSignals",
        ],
        "SystemdSupport": ["CSystemd", "Glibc"],
        "slstatsd": [
            "CLinux", "CLoader", "CProbe", "SlstatsProtocol", "SlstatsCore", "SlstatsDaemon", "SystemdSupport", "Glibc",
            "SystemPackage",
            "ArgumentParser",
            "Logging",
        ],
        "SlstatsCollector": [
            "CZlib", "Crypto", "OrderedJSON", "SlstatsProtocol", "Foundation", "GRDB", "Glibc", "HTTPTypes",
            "Hummingbird",
            "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore", "NIOSSL", "ServiceLifecycle", "Synchronization",
        ],
        "slstats-collector": [
            "SlstatsProtocol", "SlstatsCollector", "ArgumentParser", "Foundation", "Hummingbird", "Logging",
            "ServiceLifecycle", "UnixSignals",
        ],
    ]

    @Test("every target imports what its floor allows, and nothing else", arguments: floors.keys.sorted())
    func imports(_ target: String) throws {
        let used = try Self.files("Sources/\(target)").reduce(into: Set<String>()) {
            $0.formUnion(Self.imports($1.text))
        }

        #expect(used.subtracting(Self.floors[target] ?? []) == [])
    }

    @Test("there are the targets of the architecture and no others")
    func targets() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/Sources")
        #expect(
            Set(folders)
                == Set(Self.floors.keys).union(["CChecksum", "CLinux", "CLoader", "CProbe", "CSystemd", "CZlib"]))
    }

    @Test("hot verbs import nothing but our modules and libc")
    func hotPath() throws {
        for file in try Self.files("Sources/slstats/Hot") {
            #expect(Self.imports(file.text).isSubset(of: ["Glibc", "OrderedJSON", "SlstatsClient", "SlstatsProtocol"]))
        }
    }

    @Test("every source file begins with the same two lines")
    func headers() throws {
        let header = "// This source file is part of the slstats project\n// SPDX-License-Identifier: Apache-2.0\n"
        for file in try Self.files("Sources") + Self.files("Tests") {
            // A manifest says first what it is.
            let text =
                file.text.hasPrefix("// swift-tools-version")
                ? file.text.drop { $0 != "\n" }.dropFirst() : file.text[...]
            #expect(text.hasPrefix(header), "\(file.path)")
        }
    }

    @Test("no test waits by the clock, and none is switched off")
    func noWaiting() throws {
        // Spelled in two parts, or this file would find itself.
        let forbidden = ["Task." + "sleep", "us" + "leep(", "Thread." + "sleep", ".dis" + "abled(", "Task." + "yield"]
        for file in try Self.files("Tests") {
            for word in forbidden { #expect(!file.text.contains(word), "\(file.path) has \(word)") }
        }
    }

    @Test("the sources promise nothing for later and trap on no input")
    func noShortcuts() throws {
        let forbidden = [
            "TO" + "DO", "FIX" + "ME", "try" + "! ", " as" + "! ", "fatal" + "Error(", "@unchecked" + " Sendable",
            "nonisolated" + "(unsafe)",
        ]
        for file in try Self.files("Sources") {
            for word in forbidden { #expect(!file.text.contains(word), "\(file.path) has \(word)") }
        }
    }

    @Test("the top level holds what it should")
    func topLevel() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root).filter { !$0.hasPrefix(".") }
        let expected: Set = [
            "Package.swift", "Makefile", "README.md", "SECURITY.md", "LICENSE", "Documentation", "Sources", "Tests",
            "systemd",
        ]
        #expect(Set(names).subtracting(["Package.resolved"]) == expected)
    }

    @Test("each promise of SECURITY.md has tests that carry its number")
    func security() throws {
        let page = try String(contentsOfFile: Self.root + "/SECURITY.md", encoding: .utf8)
        let cited = Set(page.matches(of: #/F[0-9]{3}/#).map { String($0.0) })
        let shown = Set(try FaultCatalogueTests.tests().keys)
        #expect(cited.count > 30 && cited.isSubset(of: shown), "\(cited.subtracting(shown).sorted())")
    }

    @Test("what has a long form, or wants the daemon as it is shipped, is in `make test-long`")
    func longForms() throws {
        let makefile = try String(contentsOfFile: Self.root + "/Makefile", encoding: .utf8)
        let list = try #require(makefile.firstMatch(of: #/LONG_TESTS := (.*)/#)?.1)
        let suites = list.split(separator: "|").map { $0.prefix { $0 != "/" } }
        // Spelled in two parts, or this file would find itself.
        let signs = ["is" + "Long", "Sandbox.release" + "Daemon"]
        for file in try Self.files("Tests", suffix: "Tests.swift") where signs.contains(where: file.text.contains) {
            #expect(suites.contains { file.path.contains($0) }, "\(file.path)")
        }
    }

    @Test("what the sanitizers leave out is there, each with its reason")
    func sanitized() throws {
        let tests = try Self.files("Tests", suffix: "Tests.swift")
        let list = try String(contentsOfFile: Self.root + "/Tests/Tools/not-sanitized", encoding: .utf8)
        for line in list.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            let name = words[0].split(separator: ".").last?.split(separator: "/") ?? []
            #expect(words.count > 3, "\(line)")
            #expect(
                tests.contains { _, text in
                    text.contains("struct \(name[0]) {") && (name.count == 1 || text.contains("func \(name[1])("))
                }, "\(line)")
        }
    }

    @Test("README is short enough to be read, its tables apart, which are looked up")
    func readme() throws {
        let lines = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count { !$0.hasPrefix("|") } < 220)
    }
}
