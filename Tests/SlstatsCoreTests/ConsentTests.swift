// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage
import Testing

@Suite("The sources of consent")
struct ConsentTests {
    private let files = InMemoryFileSystem()
    private static let rcPath: FilePath = "/home/u/.serverlessrc"
    private static let recordPath: FilePath = "/state/consent.json"
    private static let policyPath: FilePath = "/etc/slstats/policy.json"

    private func consent(_ mode: ConsentMode = .on, _ files: InMemoryFileSystem? = nil) -> Consent {
        Consent(
            Consent.Surroundings(
                state: "/state", home: "/home/u", policy: Self.policyPath, userID: 1000, administrator: 0),
            mode: mode, files: files ?? self.files, clock: .fixed(1_700_000_000_600), random: .seeded(7))
    }

    private func write(_ text: String, to path: FilePath, mode: UInt32 = 0o600, userID: UInt32 = 1000) {
        files.write(Array(text.utf8), to: path, mode: mode, userID: userID)
    }

    private func decidedBy(_ consent: inout Consent) -> String { consent.decide(Facts()).decidedBy }

    // MARK: - The record

    @Test("the record is there from the first start, and says nothing")
    func reserve() {
        var consent = consent()
        #expect(files.bytes(of: Self.recordPath)?.count == 512)
        #expect(decidedBy(&consent) == "default")
    }

    @Test("a no is in the record and in the rc file, and both outlive the daemon")
    func disable() throws {
        var first = consent()
        let result = first.disable(.production)
        #expect(result.isDurable && result.rcFileError == nil && result.recordError == nil)

        for path in [Self.rcPath, Self.recordPath] {
            let copy = files.afterPowerCut()
            try copy.remove(path == Self.rcPath ? Self.recordPath : Self.rcPath)
            var next = consent(.on, copy)
            let decision = next.decide(Facts())
            #expect(!decision.isEnabled && decision.isPlainNo, "by \(path) alone")
        }
        #expect(!first.hasDebts)
    }

    @Test(
        "with an rc file that cannot be written the no holds, also after a restart, and the file is told later [F051]")
    func owed() {
        write("{broken", to: Self.rcPath)
        var first = consent()
        let result = first.disable(.production)
        #expect(result.rcFileError != nil && result.isDurable)

        var second = consent()
        #expect(!second.decide(Facts()).isEnabled)
        #expect(
            second.decide(Facts()).rules.first { $0.name == "--disable" }?.value == "asked for, not in the rc file yet")
        #expect(files.bytes(of: Self.rcPath) == Array("{broken".utf8))
        second.settleDebts()
        #expect(second.hasDebts)
        write("{}", to: Self.rcPath)
        second.settleDebts()
        #expect(!second.hasDebts)
        #expect(files.bytes(of: Self.rcPath).map { String(decoding: $0, as: UTF8.self) }?.contains("true") == true)
    }

    @Test("a no of a stage that could not be told is told to that stage's file")
    func owedStage() throws {
        let dev = try #require(PlatformStage(name: "dev"))
        write("{broken", to: "/home/u/.serverlessdevrc")
        var first = consent()
        _ = first.disable(dev)
        write("{}", to: "/home/u/.serverlessdevrc")
        var second = consent()
        second.settleDebts()
        #expect(!second.hasDebts)
        #expect(files.bytes(of: "/home/u/.serverlessdevrc").map { $0.count > 10 } == true)
        #expect(files.bytes(of: Self.rcPath) == nil)
    }

    @Test("a no that one stage's file is owed stands, whatever another stage says after it")
    func owedByStage() throws {
        let dev = try #require(PlatformStage(name: "dev"))
        var facts = Facts()
        facts.stage = dev
        write("{broken", to: Self.rcPath)
        var consent = consent()
        _ = consent.disable(.production)
        _ = consent.disable(dev)
        _ = try consent.enable(dev)
        #expect(consent.decide(facts).isEnabled)
        files.write(Array("{\"trackingDisabled\":false}".utf8), to: Self.rcPath)
        #expect(decidedBy(&consent) == "--disable")
        var next = self.consent()
        #expect(decidedBy(&next) == "--disable")
        next.settleDebts()
        #expect(decidedBy(&next) == "trackingDisabled")
        #expect(!next.decide(Facts()).isEnabled && !next.hasDebts)
    }

    @Test("a file that has to be made for something else says no if that was said")
    func madeForSomethingElse() throws {
        var consent = consent()
        _ = consent.disable(.production)
        try files.remove(Self.rcPath)
        try consent.change([RcFile.Change(["shownNotificationsHistory", "NEWS"], 5)], in: .production)
        let text = String(decoding: try #require(files.bytes(of: Self.rcPath)), as: UTF8.self)
        let json = try JSON(parsing: text)
        #expect(json["trackingDisabled"] == true)
        #expect(json["shownNotificationsHistory"] == ["NEWS": 5])
    }

    @Test("a caller with another home than the daemon's is a no: nobody has looked at its file")
    func otherHome() {
        files.setFolder("/home/u", userID: 1000)
        var consent = consent()
        var facts = Facts()
        facts.home = Facts.identity(ofHome: 1, 0)
        #expect(consent.decide(facts).isEnabled)
        facts.home = Facts.identity(ofHome: 1, 99)
        let decision = consent.decide(facts)
        #expect(decision.decidedBy == "HOME" && !decision.isPlainNo)
        #expect(decision.mend == "Use the HOME that slstatsd was started with, or stop it first.")
        #expect(consent.decide(Facts()).isEnabled)
    }

    @Test("a program that sets the rc file back does not undo a no; only --enable does")
    func setBack() throws {
        var consent = consent()
        _ = consent.disable(.production)
        write("{\"trackingDisabled\":false}", to: Self.rcPath)
        #expect(decidedBy(&consent) == "--disable")
        _ = try consent.enable(.production)
        #expect(decidedBy(&consent) == "trackingDisabled")
        #expect(consent.decide(Facts()).isEnabled)
    }

    @Test("--enable with an rc file that cannot be written changes nothing")
    func enableRefused() {
        var consent = consent()
        _ = consent.disable(.production)
        write("{broken", to: Self.rcPath)
        #expect(throws: ConsentError.self) { try consent.enable(.production) }
        write("{\"trackingDisabled\":false}", to: Self.rcPath)
        #expect(decidedBy(&consent) == "--disable")
    }

    @Test("a damaged record is doubt, cut at every byte; --enable and --disable write it anew")
    func damaged() throws {
        var first = consent()
        _ = first.disable(.production)
        try files.remove(Self.rcPath)
        let whole = try #require(files.bytes(of: Self.recordPath))
        let length = try #require(whole.lastIndex(of: 0x7d)) + 1
        for count in 0..<length {
            files.write(Array(whole.prefix(count)), to: Self.recordPath)
            var cut = consent()
            let decision = cut.decide(Facts())
            #expect(decision.decidedBy == "--disable" && !decision.isPlainNo, "cut at \(count)")
        }
        for bytes in [[UInt8](repeating: 0, count: 512), Array("{\"format\":2,\"answer\":\"no\"}".utf8)] {
            files.write(bytes, to: Self.recordPath)
            var damaged = consent()
            #expect(decidedBy(&damaged) == "--disable")
            _ = try damaged.enable(.production)
            #expect(damaged.decide(Facts()).isEnabled)
            #expect(files.bytes(of: Self.recordPath)?.count == 512)
        }
    }

    @Test(
        "whatever step of a no fails, it holds at once, and after a restart if it was said to be durable [F051]",
        arguments: [Errno.noSpace, .ioError, .readOnlyFileSystem, .permissionDenied])
    func everyStepOfDisabling(_ errno: Errno) throws {
        let old = Array("{\"trackingDisabled\":false,\"token\":\"secret\"}".utf8)
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            files.write(old, to: Self.rcPath)
            var consent = consent(.on, files)
            let start = files.operations.count
            files.fail(at: start + step, with: errno)
            let result = consent.disable(.production)
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: .ioError)

            #expect(!consent.decide(Facts()).isEnabled, "step \(step)")
            let rc = try #require(files.bytes(of: Self.rcPath))
            let isNew = rc != old
            #expect(isNew == String(decoding: rc, as: UTF8.self).contains("\"trackingDisabled\":true"))
            #expect(String(decoding: rc, as: UTF8.self).contains("\"token\":\"secret\""))
            var next = self.consent(.on, files.afterPowerCut())
            if result.isDurable { #expect(!next.decide(Facts()).isEnabled, "step \(step)") }
            #expect(result.isDurable, "no single failure takes both ways")
            consent.settleDebts()
            #expect(!consent.hasDebts)
            #expect(!files.fileNames.contains { $0.contains(".slstats-") }, "step \(step)")
            if isOver { return }
        }
        Issue.record("disabling takes more than 64 operations")
    }

    @Test("whatever step of a yes fails, a no that stood before stands, or the yes is whole")
    func everyStepOfEnabling() throws {
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            var consent = consent(.on, files)
            _ = consent.disable(.production)
            let start = files.operations.count
            files.fail(at: start + step, with: .ioError)
            var isEnabled = true
            do { _ = try consent.enable(.production) } catch { isEnabled = false }
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: .ioError)

            #expect(consent.decide(Facts()).isEnabled == isEnabled, "step \(step)")
            var next = self.consent(.on, files)
            #expect(next.decide(Facts()).isEnabled == isEnabled, "step \(step)")
            if isOver { return }
        }
        Issue.record("enabling takes more than 64 operations")
    }

    @Test("a yes against a no of the rc file alone: what is answered is what holds, whatever step fails")
    func enablingByHandWrittenNo() throws {
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            files.write(Array("{\"trackingDisabled\":true}".utf8), to: Self.rcPath)
            var consent = consent(.on, files)
            let start = files.operations.count
            files.fail(at: start + step, with: .ioError)
            var isEnabled = true
            do { _ = try consent.enable(.production) } catch { isEnabled = false }
            let isOver = files.operations.count <= start + step
            files.fail(at: .max, with: .ioError)
            #expect(consent.decide(Facts()).isEnabled == isEnabled, "step \(step)")
            if isOver { return }
        }
        Issue.record("enabling takes more than 64 operations")
    }

    @Test("at any loss of power while it is disabled there is the old or the new rc file, whole [F048]")
    func powerCuts() throws {
        let old = Array("{\"trackingDisabled\":false}".utf8)
        for step in 0..<64 {
            let files = InMemoryFileSystem()
            files.write(old, to: Self.rcPath)
            var consent = consent(.on, files)
            let start = files.operations.count
            // From here on nothing works: as if the process had ended before this step.
            files.fail(from: start + step, with: .ioError)
            let result = consent.disable(.production)
            let isOver = files.operations.count <= start + step
            let survived = files.afterPowerCut()

            let rc = survived.bytes(of: Self.rcPath).map { String(decoding: $0, as: UTF8.self) }
            #expect(rc == "{\"trackingDisabled\":false}" || rc?.contains("\"trackingDisabled\":true") == true)
            var next = self.consent(.on, survived)
            if result.isDurable { #expect(!next.decide(Facts()).isEnabled, "step \(step)") }
            if isOver { return }
        }
        Issue.record("disabling takes more than 64 operations")
    }

    // MARK: - The rc file

    @Test("a file changed twice within one tick of the clock, in the same size, is read again")
    func sameTick() {
        let clock = WallClock.fixed(0)
        var file = RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: clock, random: .seeded(1))
        write("{\"trackingDisabled\":1}", to: Self.rcPath)
        _ = file.read()
        files.patch(Self.rcPath, with: Array("{\"trackingDisabled\":2}".utf8))

        let content = file.read()

        #expect(content == .usable(RcFileMembers(trackingDisabled: 2)))
    }

    @Test("a file that has not changed for a while is read once")
    func memo() {
        var file = RcFile(
            RcFileLocation(home: "/home/u"), userID: 1000, files: files, clock: .fixed(1_700_000_000_000),
            random: .seeded(1))
        write("{}", to: Self.rcPath)
        for _ in 0..<10 { _ = file.read() }
        #expect(files.operations.count { $0 == "read .serverlessrc" } == 1)
        #expect(files.operations.count == 11)
    }

    // MARK: - The policy

    @Test(
        "a policy can say no, cannot say yes, and is doubt when broken [F042]",
        arguments: [
            ("{\"consent\":{\"mode\":\"off\"}}", "policy", "off"),
            ("{\"consent\":{\"mode\":\"ask\"}}", "policy", "ask, and nobody has said yes"),
            ("{\"consent\":{\"mode\":\"on\"}}", "default", "on, which a policy cannot say"),
            ("{}", "default", "says nothing"), ("{\"consent\":{}}", "default", "says nothing"),
            (
                "", "policy",
                "off, because /etc/slstats/policy.json:1: it is not one object of strict JSON: the document ends too early at byte 0"
            ),
            (
                "[]", "policy",
                "off, because /etc/slstats/policy.json:1: it is not one object of strict JSON: expected an object at byte 0"
            ),
            (
                "{\"telemetry\":true}", "policy",
                "off, because /etc/slstats/policy.json:1: something unknown at telemetry: true"
            ),
            (
                "{\n\"consent\":{\n\"mode\":\"of\"}}", "policy",
                "off, because /etc/slstats/policy.json:3: something unknown at consent.mode: \"of\""
            ),
            (
                "{\"collector\":{\"tokenFile\":\"/t\"}}", "policy",
                "off, because /etc/slstats/policy.json:1: collector has files without a url"
            ),
            (
                "{\"collector\":{\"url\":\"http://t.example/\",\"tokenFile\":\"/t\"}}", "policy",
                "off, because /etc/slstats/policy.json:1: http://t.example/ would carry the token for everybody to read; use https"
            ),
            (
                "{\"collector\":{\"url\":\"http://127.t.example/\",\"tokenFile\":\"/t\"}}", "policy",
                "off, because /etc/slstats/policy.json:1: http://127.t.example/ would carry the token for everybody to read; use https"
            ),
            (
                "{\"fields\":{\"id\":\"deny\"}}", "policy",
                "off, because /etc/slstats/policy.json:1: id tells events apart, so each has to have it"
            ),
            (
                "{\"rate\":{\"eventsPerHour\":-1}}", "policy",
                "off, because /etc/slstats/policy.json:1: something unknown at rate.eventsPerHour: -1"
            ),
            (
                #"{"consent":{"locked":true},"collector":{"url":"https://t.example/"},"rate":{"eventsPerHour":60}}"#,
                "default", "switch locked, sets the collector, at most 60 events an hour"
            ),
            (
                #"{"consent":{"mode":"off"},"fields":{"timezone":"deny","versions":"coarsen","config":"coarsen"}}"#,
                "policy", "off; denies 1 field, coarsens 2 fields"
            ),
        ])
    func policy(_ text: String, _ decidedBy: String, _ value: String) {
        write(text, to: Self.policyPath, mode: 0o644, userID: 0)
        files.setFolder("/etc/slstats", userID: 0)
        var consent = consent()

        let decision = consent.decide(Facts())

        #expect(decision.decidedBy == decidedBy)
        #expect(decision.rules.first?.value == value)
    }

    @Test("a policy that others than root could have written is not believed, and why says so [F042]")
    func untrustedPolicy() {
        files.setFolder("/etc/slstats", userID: 0)
        for (mode, userID, reason) in [
            (0o644, 1000, "belongs to uid 1000, not to root"), (0o664, 0, "can be written by others than root"),
            (0o646, 0, "can be written by others than root"),
        ] as [(UInt32, UInt32, String)] {
            write("{\"consent\":{\"mode\":\"off\"}}", to: Self.policyPath, mode: mode, userID: userID)
            var consent = consent()
            let decision = consent.decide(Facts())
            #expect(decision.decidedBy == "default")
            #expect(decision.rules.first?.value == "not believed: /etc/slstats/policy.json \(reason)")
        }
        files.setFolder("/etc/slstats", userID: 1000)
        write("{\"consent\":{\"mode\":\"off\"}}", to: Self.policyPath, mode: 0o644, userID: 0)
        var consent = consent()
        #expect(
            consent.decide(Facts()).rules.first?.value == "not believed: /etc/slstats belongs to uid 1000, not to root")
        // Mended while the daemon runs.
        files.setFolder("/etc/slstats", userID: 0)
        #expect(decidedBy(&consent) == "policy")
        files.setFolder("/etc/slstats", userID: 1000)
        #expect(decidedBy(&consent) == "default")
    }

    @Test("ask means off until the user says yes with --enable, and a false in the rc file is no such yes")
    func ask() throws {
        write("{\"trackingDisabled\":false}", to: Self.rcPath)
        var consent = consent(.ask)
        #expect(decidedBy(&consent) == "consent.mode")
        #expect(!consent.decide(Facts()).isPlainNo)
        _ = try consent.enable(.production)
        #expect(consent.decide(Facts()).isEnabled)
        var next = self.consent(.ask)
        #expect(next.decide(Facts()).isEnabled)
        _ = next.disable(.production)
        #expect(!next.decide(Facts()).isEnabled)
    }

    @Test("a source is looked at for every decision: policy, rc file, facts")
    func everyDecision() {
        var consent = consent()
        #expect(consent.decide(Facts()).isEnabled)
        write("{\"trackingDisabled\":true}", to: Self.rcPath)
        #expect(decidedBy(&consent) == "trackingDisabled")
        files.setFolder("/etc/slstats", userID: 0)
        write("{\"consent\":{\"mode\":\"off\"}}", to: Self.policyPath, mode: 0o644, userID: 0)
        #expect(decidedBy(&consent) == "policy")
        var facts = Facts()
        facts.off = ["DO_NOT_TRACK"]
        #expect(consent.decide(facts).rules.first { $0.name == "DO_NOT_TRACK" }?.value == "off")
        #expect(consent.decide(Facts()).rules.first { $0.name == "DO_NOT_TRACK" }?.value == "not set")
    }

    @Test("a caller that makes stages up does not fill the memory")
    func manyStages() {
        var consent = consent()
        for number in 0..<100 {
            var facts = Facts()
            facts.stage = PlatformStage(name: "s\(number)") ?? .production
            #expect(consent.decide(facts).isEnabled)
        }
        #expect(consent.sources().folders.count <= 4)
        #expect(consent.sources().names.contains(".serverlessrc"))
        #expect(consent.sources().names.count <= 24)
    }
}
