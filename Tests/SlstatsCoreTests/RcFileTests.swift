// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("The rc file")
struct RcFileTests {
    private let files = InMemoryFileSystem()
    private let usual: FilePath = "/home/u/.serverlessrc"
    private let alternative: FilePath = "/home/u/.config/.serverlessrc"

    private func rcFile() -> RcFile {
        RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(1_700_000_000_600),
            random: .seeded(3))
    }

    private func text(_ path: FilePath) -> String? {
        files.bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a missing file is made on the first write, with the original's keys, 0600")
    func creation() throws {
        var file = rcFile()
        let before = file.read()
        #expect(before == .missing)
        #expect(files.fileNames.isEmpty)

        try file.set([RcFile.Change(["trackingDisabled"], true)])

        let lines = try #require(text(usual)).split(separator: "\n").map(String.init)
        #expect(lines[0...1] == ["{", "  \"userId\": null,"])
        #expect(lines[2].hasPrefix("  \"frameworkId\": \""))
        #expect(
            lines[3...] == [
                "  \"trackingDisabled\": true,", "  \"enterpriseDisabled\": false,", "  \"meta\": {",
                "    \"created_at\": 1700000001,", "    \"updated_at\": 1700000001", "  }", "}",
            ])
        #expect(files.mode(of: usual) == 0o600)
    }

    @Test("a change touches its own bytes and the time of the update, and keeps the mode")
    func change() throws {
        files.write(
            Array(
                "{\"users\":{\"u\":{\"dashboard\":{\"refreshToken\":\"s\\/e\"}}},\"trackingDisabled\":false,\"meta\":{\"updated_at\":null}}\n"
                    .utf8),
            to: usual, mode: 0o640)
        var file = rcFile()

        try file.set([RcFile.Change(["trackingDisabled"], true)])

        #expect(
            text(usual)
                == "{\"users\":{\"u\":{\"dashboard\":{\"refreshToken\":\"s\\/e\"}}},\"trackingDisabled\":true,\"meta\":{\"updated_at\":1700000001}}\n"
        )
        #expect(files.mode(of: usual) == 0o640)
    }

    @Test("the file in .config is used if it is the only one")
    func alternativePlace() throws {
        files.write(Array("{}".utf8), to: alternative)
        var file = rcFile()
        try file.set([RcFile.Change(["trackingDisabled"], true)])
        #expect(text(alternative)?.contains("true") == true)
        #expect(text(usual) == nil)

        files.write(Array("{\"trackingDisabled\":false}".utf8), to: usual)
        let content = file.read()
        #expect(file.path == usual)
        #expect(content == .usable(RcFileMembers(trackingDisabled: false)))
    }

    @Test(
        "what cannot be read strictly is neither believed nor touched [F027]",
        arguments: [
            "", "{", "[]", "null", "{\"a\":1,}", "\u{feff}{}", "{} x", "// c\n{}",
            "{\"trackingDisabled\":true,\"trackingDisabled\":false}",
            "\0\0\0",
        ])
    func unusable(_ content: String) throws {
        files.write(Array(content.utf8), to: usual)
        var file = rcFile()

        guard case .unusable = file.read() else {
            Issue.record("\(content) was taken for an rc file")
            return
        }
        #expect(throws: RcFileError.self) { try file.set([RcFile.Change(["trackingDisabled"], false)]) }
        #expect(text(usual) == content)
        #expect(files.fileNames == [usual.string])
    }

    @Test("a file of another user is not believed, one with several hard links not replaced [F045, F050]")
    func foreign() throws {
        files.write(Array("{}".utf8), to: usual, userID: 0)
        var file = rcFile()
        guard case .unusable = file.read() else {
            Issue.record("a foreign file was believed")
            return
        }
        files.write(Array("{}".utf8), to: usual, linkCount: 2)
        let error = #expect(throws: RcFileError.self) { try file.set([RcFile.Change(["a"], 1)]) }
        #expect(error?.description.contains("2 hard links") == true)
    }

    @Test("a file that is replaced while it is asked about has no name left; that is no hard link but another try")
    func replacedWhileAsked() {
        files.write(Array("{}".utf8), to: usual, linkCount: 0)
        var file = rcFile()

        let error = #expect(throws: RcFileError.self) { try file.set([RcFile.Change(["a"], 1)]) }

        #expect(error?.isContended == true)
    }

    @Test("a foreign edit is seen by the next reading [F047]")
    func foreignEdit() {
        files.write(Array("{\"trackingDisabled\":false}".utf8), to: usual)
        var file = rcFile()
        let before = file.read()

        files.write(Array("{\"trackingDisabled\":true}".utf8), to: usual)

        let after = file.read()
        #expect(before == .usable(RcFileMembers(trackingDisabled: false)))
        #expect(after == .usable(RcFileMembers(trackingDisabled: true)))
    }

    @Test("a failure at any step leaves the old file, and no other")
    func failures() throws {
        let old = Array("{\"trackingDisabled\":false}".utf8)
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            files.write(old, to: usual)
            var file = RcFile(
                RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(0), random: .seeded(3))
            files.fail(at: step, with: .noSpace)
            do throws(RcFileError) {
                try file.set([RcFile.Change(["trackingDisabled"], true)])
                // Every step of the way has failed once; this one lies behind the last.
                if files.operations.count <= step { return }
            } catch {
                let isOld = files.bytes(of: usual) == old
                // Only the last step, the sync of the folder, comes after the new file is in place.
                #expect(isOld || files.operations[step].hasPrefix("fsync"))
                #expect(files.fileNames == [usual.string])
            }
        }
        Issue.record("a change takes more than 64 operations")
    }

    @Test(
        "what another program writes while we change the file survives, at whatever moment [F046]",
        arguments: [true, false])
    func foreignWrite(exists: Bool) throws {
        let login = Array("{\"trackingDisabled\":false,\"login\":\"secret\"}".utf8)
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            if exists { files.write(Array("{\"trackingDisabled\":false}".utf8), to: usual) }
            var file = RcFile(
                RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(0), random: .seeded(3))
            files.interrupt(at: step, writing: login, to: usual)
            try file.set([RcFile.Change(["trackingDisabled"], true)])

            let written = files.operations.firstIndex { $0 == "rename .serverlessrc" } ?? 0
            // From the rename on the other program is the later one; a rename in the same instant nobody can exclude.
            if files.operations.count <= step { return }
            if step == written { continue }
            let text = files.bytes(of: usual).map { String(decoding: $0, as: UTF8.self) }
            #expect(text?.contains("secret") == true, "step \(step): \(files.operations[step])")
            #expect(text?.contains("\"trackingDisabled\":true") == (step < written), "step \(step)")
            #expect(files.fileNames == [usual.string])
        }
        Issue.record("a change takes more than 64 operations")
    }

    @Test("a meta of another type is somebody else's")
    func foreignMeta() throws {
        files.write(Array("{\"meta\":7}".utf8), to: usual)
        var file = rcFile()

        try file.set([RcFile.Change(["trackingDisabled"], true)])

        #expect(text(usual) == "{\"meta\":7,\"trackingDisabled\":true}")
    }

    @Test("without a home nobody knows what the file says, and none can be made")
    func noHome() {
        var file = RcFile(nil, userID: 1000, files: files, clock: .fixed(0), random: .seeded(1))

        guard case .unusable(let problem) = file.read() else {
            Issue.record("nobody knows what it would say")
            return
        }
        #expect(problem.mend == "Set HOME to your home.")
        #expect(throws: RcFileError.self) { try file.set([RcFile.Change(["a"], 1)]) }
    }
}
