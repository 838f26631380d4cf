// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import OrderedJSON
import SlstatsCore
import SystemPackage
import Testing

/// The golden files of `Fixtures/RcFile`: the name of a file is the sentence it proves.
@Suite("The golden rc files")
struct RcFileGoldenTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let action: String
        let name: String

        var testDescription: String { name.replacing("-", with: " ") }
        var sentence: String { "\(action): \(testDescription)" }

        func bytes(_ ending: String) throws -> [UInt8] {
            Array(try Data(contentsOf: RcFileGoldenTests.root.appending(path: "\(action)/\(name)\(ending)")))
        }
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/RcFile")
    private static let rcPath: FilePath = "/home/u/.serverlessrc"

    private static func fixtures(_ action: String, ending: String) -> [Fixture] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: action).path)) ?? []
        return names.sorted().filter { $0.hasSuffix(ending) }.map {
            Fixture(action: action, name: String($0.dropLast(ending.count)))
        }
    }

    private static let edits = ["disable", "enable", "show-NEWS"].flatMap { fixtures($0, ending: ".before.json") }
    private static let refusals = fixtures("refused", ending: ".json")

    private func rcFile(_ bytes: [UInt8], _ files: InMemoryFileSystem) -> RcFile {
        files.write(bytes, to: Self.rcPath)
        return RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(1_700_000_000_600),
            random: .seeded(3))
    }

    private func change(_ action: String) throws -> RcFile.Change {
        switch action {
        case "disable": Consent.switchChange(isEnabled: false)
        case "enable": Consent.switchChange(isEnabled: true)
        default: RcFile.Change(["shownNotificationsHistory", "NEWS"], 1_700_000_000_600)
        }
    }

    @Test("there are as many as the issue asked for")
    func count() {
        #expect(Self.edits.count >= 35)
        #expect(Self.refusals.count >= 25)
    }

    @Test("a change makes of the file before the file after, byte for byte [F040, F052]", arguments: edits)
    func edit(_ fixture: Fixture) throws {
        let files = InMemoryFileSystem()
        var file = rcFile(try fixture.bytes(".before.json"), files)

        try file.set([try change(fixture.action)])

        let after = String(decoding: try fixture.bytes(".after.json"), as: UTF8.self)
        #expect(files.bytes(of: Self.rcPath).map { String(decoding: $0, as: UTF8.self) } == after)
    }

    @Test("what cannot be read strictly says why and what to do, and stays as it is [F027, F054]", arguments: refusals)
    func refuse(_ fixture: Fixture) throws {
        let files = InMemoryFileSystem()
        let bytes = try fixture.bytes(".json")
        var file = rcFile(bytes, files)

        guard case .unusable(let problem) = file.read() else {
            Issue.record("it was taken for an rc file")
            return
        }
        let text = "\(problem)\n\(problem.mend)\n".replacing(Self.rcPath.string, with: "PATH")
        #expect(text == String(decoding: try fixture.bytes(".txt"), as: UTF8.self))
        for isEnabled in [true, false] {
            #expect(throws: RcFileError.self) { try file.set([Consent.switchChange(isEnabled: isEnabled)]) }
        }
        #expect(files.bytes(of: Self.rcPath) == bytes)
        #expect(files.fileNames == [Self.rcPath.string])
    }

    @Test("1 MiB is read, a byte more is not [F027]")
    func size() throws {
        for excess in [0, 1] {
            let files = InMemoryFileSystem()
            var file = rcFile(Array("{}".utf8) + [UInt8](repeating: 0x20, count: (1 << 20) - 2 + excess), files)
            switch file.read() {
            case .usable: #expect(excess == 0)
            case .unusable(let problem):
                #expect(excess == 1)
                #expect(problem.description == "/home/u/.serverlessrc has more than 1048576 bytes")
            case .missing: Issue.record("it is there")
            }
        }
    }
}
