// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Foundation
import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

/// Where the rc file is and what it is, on real files: links, modes, attributes, two homes, stages.
@Suite("The places of the rc file")
struct RcFilePlacesTests {
    /// A home in a folder of its own.
    struct Home {
        let path: String

        func file(_ name: String) -> String { "\(path)/\(name)" }

        func make(_ name: String, _ text: String = "{\"trackingDisabled\":false}\n", mode: mode_t = 0o600) throws {
            let folder = URL(filePath: file(name)).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: file(name)))
            chmod(file(name), mode)
        }

        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
        }

        func text(_ name: String) -> String? { try? String(contentsOfFile: file(name), encoding: .utf8) }
        func isOff(_ name: String) -> Bool { text(name)?.contains("\"trackingDisabled\":true") == true }

        func target(_ name: String) -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: file(name))
        }

        func status(_ name: String) throws -> FileStatus {
            try #require(try PosixFileSystem().status(of: FilePath(file(name))))
        }

        /// Everything below, to see that nothing else has come.
        var names: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: path).sorted()) ?? [] }

        func rcFile(stage: PlatformStage = .production) -> RcFile {
            RcFile(
                RcFileLocation(home: FilePath(path), stage: stage), userID: geteuid(), files: PosixFileSystem(),
                clock: .fixed(1_700_000_000_600), random: .seeded(5))
        }

        func disable(stage: PlatformStage = .production) throws(RcFileError) {
            var file = rcFile(stage: stage)
            try file.set([Consent.switchChange(isEnabled: false)])
        }
    }

    private func withHome(_ body: (Home) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "slr-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(Home(path: folder))
    }

    // MARK: - Symbolic links

    struct LinkCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Name and target of each link; `HOME` stands for the home.
        let links: [(String, String)]
        /// Where the file is, or would be made.
        let target: String
        var exists = true
        /// A folder that has to be there.
        var folder: String?
    }

    static let linkCases = [
        LinkCase(testDescription: "no link", links: [], target: ".serverlessrc"),
        LinkCase(testDescription: "an absolute link", links: [(".serverlessrc", "HOME/dot/rc")], target: "dot/rc"),
        LinkCase(testDescription: "a relative link", links: [(".serverlessrc", "dot/rc")], target: "dot/rc"),
        LinkCase(
            testDescription: "a chain of three", links: [(".serverlessrc", "a"), ("a", "HOME/b"), ("b", "dot/rc")],
            target: "dot/rc"),
        LinkCase(
            testDescription: "through a linked folder, where .. means its parent",
            links: [("linked", "deep/er/folder"), (".serverlessrc", "linked/../rc")], target: "deep/er/rc",
            folder: "deep/er/folder"),
        LinkCase(
            testDescription: "in .config", links: [(".config/.serverlessrc", "../dot/rc")], target: "dot/rc",
            folder: ".config"),
        LinkCase(
            testDescription: "a link that dangles makes what it leads to", links: [(".serverlessrc", "dot/rc")],
            target: "dot/rc", exists: false, folder: "dot"),
        LinkCase(
            testDescription: "a relative chain that dangles through a linked folder",
            links: [("linked", "deep/er"), (".serverlessrc", "linked/one"), ("deep/er/one", "../rc")],
            target: "deep/rc", exists: false, folder: "deep/er"),
    ]

    @Test("links are followed to the file and stay links [F049]", arguments: linkCases)
    func links(_ example: LinkCase) throws {
        try withHome { home in
            if let folder = example.folder {
                try FileManager.default.createDirectory(
                    atPath: home.file(folder), withIntermediateDirectories: true)
            }
            if example.exists { try home.make(example.target) }
            for (name, target) in example.links {
                try home.link(name, to: target.replacing("HOME", with: home.path))
            }
            let before = home.names

            try home.disable()

            #expect(home.text(example.target)?.contains("true") == true)
            #expect(try home.status(example.target).mode == 0o600)
            for (name, target) in example.links {
                #expect(home.target(name) == target.replacing("HOME", with: home.path))
            }
            let made = example.exists ? [] : [example.target]
            #expect(home.names == (before + made).sorted())
        }
    }

    @Test("links in a circle, and a link into a folder that is not there, are refused and left alone [F049]")
    func linksThatLeadNowhere() throws {
        for links in [
            [(".serverlessrc", "a"), ("a", ".serverlessrc")], [(".serverlessrc", ".serverlessrc")],
            [(".serverlessrc", "nowhere/rc")],
        ] {
            try withHome { home in
                for (name, target) in links { try home.link(name, to: target) }
                let before = home.names

                #expect(throws: RcFileError.self) { try home.disable() }
                #expect(home.names == before)
            }
        }
    }

    @Test("links in a circle are doubt, not absence")
    func circleIsDoubt() throws {
        try withHome { home in
            try home.link(".serverlessrc", to: ".serverlessrc")
            var file = home.rcFile()
            guard case .unusable(let problem) = file.read() else {
                Issue.record("a circle was taken for nothing")
                return
            }
            #expect(problem.mend.contains("rm \(home.file(".serverlessrc"))"))
        }
    }

    @Test(
        "a link of another user is not followed [F049]", .enabled(if: geteuid() == 0, "needs root to give a link away"))
    func foreignLink() throws {
        try withHome { home in
            try home.make("dot/rc")
            try home.link(".serverlessrc", to: "dot/rc")
            lchown(home.file(".serverlessrc"), 65534, 65534)
            let error = #expect(throws: RcFileError.self) { try home.disable() }
            #expect(error?.description.contains("follow the link") == true)
            #expect(!home.isOff("dot/rc"))
        }
    }

    // MARK: - What the file is

    @Test(
        "mode and owner of the old file are kept [F045]",
        arguments: [0o600, 0o640, 0o644, 0o664, 0o400, 0o666] as [mode_t])
    func mode(_ mode: mode_t) throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: mode)
            let before = try home.status(".serverlessrc")

            try home.disable()

            let after = try home.status(".serverlessrc")
            #expect(after.mode == UInt32(mode))
            #expect(after.userID == before.userID && after.groupID == before.groupID)
            #expect(after.identity.inode != before.identity.inode)
        }
    }

    @Test("another group is kept", .enabled(if: geteuid() == 0, "needs root to give a file to another group"))
    func group() throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: 0o640)
            chown(home.file(".serverlessrc"), geteuid(), 4)
            try home.disable()
            #expect(try home.status(".serverlessrc").groupID == 4)
            #expect(try home.status(".serverlessrc").mode == 0o640)
        }
    }

    @Test(
        "a folder that gives its group to new files does not give it to the rc file",
        .enabled(if: geteuid() == 0, "needs root to give a folder to another group"))
    func setGroupIDFolder() throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: 0o640)
            let group = try home.status(".serverlessrc").groupID
            chown(home.path, geteuid(), 50)
            chmod(home.path, 0o2750)
            try home.disable()
            #expect(try home.status(".serverlessrc").groupID == group)
            #expect(try home.status(".serverlessrc").mode == 0o640)
        }
    }

    @Test("extended attributes are kept [F050]")
    func attributes() throws {
        try withHome { home in
            try home.make(".serverlessrc")
            guard Self.set("user.origin", "dotfiles", on: home.file(".serverlessrc")) else {
                try Test.cancel("this file system has no extended attributes")
            }
            Self.set("user.empty", "", on: home.file(".serverlessrc"))
            try home.disable()
            #expect(home.isOff(".serverlessrc"))
            #expect(Self.attribute("user.origin", of: home.file(".serverlessrc")) == Array("dotfiles".utf8))
            #expect(Self.attribute("user.empty", of: home.file(".serverlessrc")) == [])
        }
    }

    /// acl(5) in the kernel's form: version 2, then tag, permissions and id of each entry. User 4711 may read.
    private static let accessList: [UInt8] =
        [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 4, 0, 0x67, 0x12, 0, 0]
        + [4, 0, 0, 0, 255, 255, 255, 255] + [16, 0, 4, 0, 255, 255, 255, 255] + [32, 0, 0, 0, 255, 255, 255, 255]

    @Test("an access list is kept [F050]")
    func accessList() throws {
        try withHome { home in
            try home.make(".serverlessrc")
            let path = home.file(".serverlessrc")
            let name = "system.posix_acl_access"
            guard setxattr(path, name, Self.accessList, Self.accessList.count, 0) == 0 else {
                try Test.cancel("this file system has no access lists")
            }
            try home.disable()
            #expect(Self.attribute(name, of: path) == Self.accessList)
        }
    }

    @Test("an access list that the folder hands down lets nobody in who was not before")
    func defaultAccessList() throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: 0o640)
            guard
                setxattr(home.path, "system.posix_acl_default", Self.accessList, Self.accessList.count, 0) == 0
            else {
                try Test.cancel("this file system has no access lists")
            }
            try home.disable()
            #expect(Self.attribute("system.posix_acl_access", of: home.file(".serverlessrc")) == nil)
            #expect(try home.status(".serverlessrc").mode == 0o640)
        }
    }

    @discardableResult
    private static func set(_ name: String, _ value: String, on path: String) -> Bool {
        setxattr(path, name, value, value.utf8.count, 0) == 0
    }

    private static func attribute(_ name: String, of path: String) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 256)
        let count = getxattr(path, name, &value, value.count)
        return count < 0 ? nil : Array(value[..<count])
    }

    @Test("a second hard link, and an immutable file, are refused with the reason [F050]")
    func refusals() throws {
        try withHome { home in
            try home.make(".serverlessrc")
            try FileManager.default.linkItem(atPath: home.file(".serverlessrc"), toPath: home.file("twin"))
            let error = #expect(throws: RcFileError.self) { try home.disable() }
            #expect(error?.description.contains("2 hard links") == true)
            #expect(home.names == [".serverlessrc", "twin"])
            #expect(!home.isOff("twin"))
        }
        try withHome { home in
            try home.make(".serverlessrc")
            guard geteuid() == 0, Self.run("chattr", "+i", home.file(".serverlessrc")) else { return }
            defer { _ = Self.run("chattr", "-i", home.file(".serverlessrc")) }
            let error = #expect(throws: RcFileError.self) { try home.disable() }
            #expect(error?.cause == .notPermitted)
            #expect(home.names == [".serverlessrc"])
        }
    }

    private static func run(_ program: String, _ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test("a folder, a FIFO and a socket in its place are doubt, are not waited for, and stay [F028]")
    func otherKinds() throws {
        let socketMode: mode_t = 0o140600
        let makers: [(String) -> Void] = [
            { mkdir($0, 0o700) }, { mkfifo($0, 0o600) }, { mknod($0, socketMode, 0) },
        ]
        for make in makers {
            try withHome { home in
                make(home.file(".serverlessrc"))
                let before = try home.status(".serverlessrc")
                var file = home.rcFile()
                guard case .unusable(let problem) = file.read() else {
                    Issue.record("it was taken for an rc file")
                    return
                }
                #expect(problem.mend.contains("mv "))
                #expect(throws: RcFileError.self) { try home.disable() }
                #expect(try home.status(".serverlessrc") == before)
                #expect(home.names == [".serverlessrc"])
            }
        }
    }

    @Test("a file that may not be read is doubt [F028]", .enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: 0)
            var file = home.rcFile()
            guard case .unusable(let problem) = file.read() else {
                Issue.record("it was taken for an rc file")
                return
            }
            #expect(problem.mend == "Make it readable: chmod u+r \(home.file(".serverlessrc"))")
        }
    }

    @Test(
        "any error of the file system while reading is doubt, and the file stays [F028]",
        arguments: [Errno.ioError, .permissionDenied, .tooManySymbolicLinkLevels, .staleNFSFileHandle])
    func errors(_ errno: Errno) throws {
        for step in 0..<2 {
            let files = InMemoryFileSystem()
            files.write(Array("{\"trackingDisabled\":false}".utf8), to: "/home/u/.serverlessrc")
            var file = RcFile(
                RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(0), random: .seeded(1))
            files.fail(at: step, with: errno)
            guard case .unusable(let problem) = file.read() else {
                Issue.record("\(errno) in step \(step) was not noticed")
                return
            }
            #expect(!problem.mend.isEmpty)
            #expect(files.fileNames == ["/home/u/.serverlessrc"])
        }
    }

    // MARK: - Making it

    @Test("a new file is 0600, and nothing is made in a home that is not ours [F043, F045]")
    func creation() throws {
        try withHome { home in
            try home.disable()
            #expect(try home.status(".serverlessrc").mode == 0o600)
            #expect(home.names == [".serverlessrc"])
        }
        try withHome { home in
            var file = RcFile(
                RcFileLocation(home: FilePath(home.path)), userID: geteuid() + 1, files: PosixFileSystem(),
                clock: .fixed(0), random: .seeded(1))
            guard case .unusable(let problem) = file.read() else {
                Issue.record("a foreign home was believed")
                return
            }
            #expect(problem.mend.contains("sudo -H"))
            #expect(throws: RcFileError.self) { try file.set([Consent.switchChange(isEnabled: false)]) }
            #expect(home.names == [])
        }
        try withHome { home in
            try FileManager.default.removeItem(atPath: home.path)
            #expect(throws: RcFileError.self) { try home.disable() }
            #expect(!FileManager.default.fileExists(atPath: home.path))
        }
    }

    @Test("a file that another program makes in the last moment is not overwritten")
    func madeMeanwhile() throws {
        try withHome { home in
            let files = PosixFileSystem()
            try home.make("new", "ours")
            try home.make(".serverlessrc", "theirs")
            let error = #expect(throws: FileError.self) {
                try files.publish(FilePath(home.file("new")), as: FilePath(home.file(".serverlessrc")))
            }
            #expect(error?.errno == .fileExists)
            #expect(home.text(".serverlessrc") == "theirs")
        }
    }

    @Test("what a crash left beside the file is removed at the next start, and nothing else [F048]")
    func leftovers() throws {
        try withHome { home in
            try home.make("dot/rc")
            try home.link(".serverlessrc", to: "dot/rc")
            for name in [
                ".serverlessrc.slstats-0123456789abcdef", "dot/.serverlessdevrc.slstats-0000000000000001",
                ".config/.serverlessrc.slstats-fedcba9876543210", ".serverlessrc.bak", ".serverlessrc.1234567",
                "x.slstats-3",
                ".serverlessrc.slstats-mine", ".serverlessrc.slstats-0123456789abcdef.txt",
                ".serverlessrc.slstats-０１２３４0",
            ] {
                try home.make(name)
            }

            try home.rcFile().removeLeftovers()

            #expect(
                home.names == [
                    ".config", ".serverlessrc", ".serverlessrc.1234567", ".serverlessrc.bak",
                    ".serverlessrc.slstats-0123456789abcdef.txt", ".serverlessrc.slstats-mine",
                    ".serverlessrc.slstats-０１２３４0", "dot", "dot/rc", "x.slstats-3",
                ])
        }
    }

    // MARK: - Two homes and stages

    @Test(
        "~/.serverlessrc wins over ~/.config, which is used if it is the only one [F053]",
        arguments: [
            ([], ".serverlessrc"), ([".serverlessrc"], ".serverlessrc"),
            ([".config/.serverlessrc"], ".config/.serverlessrc"),
            ([".serverlessrc", ".config/.serverlessrc"], ".serverlessrc"),
        ] as [([String], String)])
    func twoHomes(_ present: [String], _ used: String) throws {
        try withHome { home in
            for name in present { try home.make(name) }

            try home.disable()

            #expect(home.text(used)?.contains("true") == true)
            for name in present where name != used { #expect(!home.isOff(name)) }
            var file = home.rcFile()
            _ = file.read()
            #expect(file.path == FilePath(home.file(used)))
            #expect(file.warnings().contains { $0.contains("is there too and is ignored") } == (present.count == 2))
        }
    }

    @Test("both places as one file are no reason for a warning")
    func sameFile() throws {
        try withHome { home in
            try home.make(".config/.serverlessrc")
            try home.link(".serverlessrc", to: ".config/.serverlessrc")
            #expect(home.rcFile().warnings() == [])
        }
    }

    @Test(
        "what others could read or change is warned about, and not changed [F045]",
        arguments: [(0o600, 0), (0o644, 1), (0o664, 2), (0o620, 1)] as [(mode_t, Int)])
    func warnings(_ mode: mode_t, _ count: Int) throws {
        try withHome { home in
            try home.make(".serverlessrc", mode: mode)
            #expect(home.rcFile().warnings().count == count)
            chmod(home.path, 0o777)
            #expect(home.rcFile().warnings().count == count + 1)
            #expect(try home.status(".serverlessrc").mode == UInt32(mode))
        }
    }

    @Test(
        "a stage has a file of its own",
        arguments: [
            (nil, ".serverlessrc"), ("", ".serverlessrc"), ("prod", ".serverlessrc"), ("dev", ".serverlessdevrc"),
            ("DEV", ".serverlessdevrc"), ("Prod", ".serverlessprodrc"), ("dev \n", ".serverlessdevrc"),
            (" dev", ".serverless devrc"), ("../../etc/x", nil), ("a/b", nil), ("a\u{0}b", nil), ("a\u{1b}b", nil),
            ("a\\b", nil), ("a\"b", nil), (String(repeating: "x", count: 33), nil),
        ] as [(String?, String?)])
    func stages(_ variable: String?, _ name: String?) throws {
        let stage = PlatformStage(variable: variable)
        #expect(stage?.rcFileName == name)
        guard let stage, let name else { return }
        try withHome { home in
            try home.make(".serverlessrc")
            try home.disable(stage: stage)
            #expect(home.text(name)?.contains("true") == true)
            #expect(home.isOff(".serverlessrc") == (stage == .production))
        }
    }
}
