// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsProtocol
package import SystemPackage

/// The sources of consent, and the one place that asks them and that changes them.
///
/// Each decision looks whether a source has changed (two stat(2) calls while none has); one with the inputs of the last
/// is the last.
package struct Consent {
    /// Where the sources are, and who is believed.
    package struct Surroundings: Sendable {
        package let state: FilePath
        /// `nil` where there is none: no rc file then.
        package let home: FilePath?
        package let policy: FilePath
        package let userID: UInt32
        /// Root, by whatever number it is known here.
        package let administrator: UInt32

        package init(
            state: FilePath, home: FilePath?, policy: FilePath, userID: UInt32, administrator: UInt32
        ) {
            self.state = state
            self.home = home
            self.policy = policy
            self.userID = userID
            self.administrator = administrator
        }
    }

    private let surroundings: Surroundings
    package var policyPath: String { surroundings.policy.string }
    package var administrator: UInt32 { surroundings.administrator }
    package var mode: ConsentMode
    private let files: any FileSystem
    let clock: WallClock
    private let random: RandomSource

    private var policy: PolicyFile
    private var rcFiles: [PlatformStage: RcFile] = [:]
    let recordFile: ConsentRecordFile
    var record: ConsentRecordFile.Content
    /// Why the record on disk is not the one in memory.
    package internal(set) var recordFailure: FileError?
    /// Where the sources stand; the rc file's place can change.
    private var places = ConsentInputs.Places()
    private var homeIdentity: String?
    private var last: (inputs: ConsentInputs, decision: ConsentDecision)?

    /// More stages than anybody has; a caller that makes them up shall not fill our memory.
    package static let maximumStages = 8

    package init(
        _ surroundings: Surroundings, mode: ConsentMode, files: any FileSystem, clock: WallClock, random: RandomSource
    ) {
        self.surroundings = surroundings
        self.mode = mode
        self.files = files
        self.clock = clock
        self.random = random
        policy = PolicyFile(
            surroundings.policy, administrator: surroundings.administrator, files: files, clock: clock)
        recordFile = ConsentRecordFile(state: surroundings.state, files: files)
        (record, recordFailure) = recordFile.open()
        places.policy = surroundings.policy.string
        places.record = recordFile.path.string
        rcFiles[.production] = rcFile(.production)
    }

    // MARK: - Deciding

    /// Decided for every request, from its facts and the sources as they are now.
    package mutating func decide(_ facts: Facts) -> ConsentDecision {
        var inputs = ConsentInputs()
        inputs.policy = policy.read()
        inputs.facts.off = facts.off
        inputs.facts.stage = facts.stage
        inputs.isOtherHome = isOtherHome(facts.home)
        inputs.rcFile = readRcFile(facts.stage)
        inputs.record = record
        inputs.isRecordUnsaved = recordFailure != nil
        inputs.mode = mode
        inputs.places = places
        inputs.places.rcFile = rcFilePath(facts.stage)
        if let last, last.inputs == inputs { return last.decision }
        let decision = ConsentDecision(inputs)
        last = (inputs, decision)
        return decision
    }

    /// The policy as it is now, and what is to be obeyed of it besides consent.
    package mutating func readPolicy() -> (policy: Policy, rules: PolicyRules) {
        let policy = policy.read()
        guard case .rules(let rules) = policy else { return (policy, PolicyRules()) }
        return (policy, rules)
    }

    /// A home that was made anew is the daemon's as well, so a difference is looked at twice.
    private mutating func isOtherHome(_ caller: String?) -> Bool {
        guard let caller, let home = surroundings.home, caller != homeIdentity else { return false }
        let now = (try? files.status(of: home))?.identity
        homeIdentity = now.map { Facts.identity(ofHome: $0.device, $0.inode) }
        return caller != homeIdentity
    }

    /// Where a change of a source shows itself.
    package struct Sources: Sendable {
        package var folders: Set<FilePath> = []
        /// Of files in those folders; other files there are other people's business.
        package var names: Set<String> = []

        package init() {}
    }

    /// The folders of the policy and of the rc files that were asked for, also where links lead.
    package func sources() -> Sources {
        var paths = [surroundings.policy]
        if let target = try? files.finalTarget(of: surroundings.policy, trusting: [administrator]) {
            paths.append(target)
        }
        for file in rcFiles.values { paths += file.possiblePaths() }
        var sources = Sources()
        for path in paths {
            sources.folders.insert(path.removingLastComponent())
            sources.names.insert(path.lastComponent?.string ?? "")
            sources.names.insert(path.removingLastComponent().lastComponent?.string ?? "")
        }
        return sources
    }

    // MARK: - The rc file of a stage

    package mutating func readRcFile(_ stage: PlatformStage) -> RcFile.Content { withRcFile(stage) { $0.read() } }

    /// Changes members of a stage's rc file. A file that has to be made for it says no if that was said.
    ///
    /// - Returns: how often another program was in the way.
    @discardableResult
    package mutating func change(
        _ changes: [RcFile.Change], in stage: PlatformStage
    ) throws(RcFileError) -> Int {
        var changes = changes
        if case .record(let record) = record, record.answer == .no, readRcFile(stage) == .missing,
            !changes.contains(where: { $0.path == [RcFileMembers.trackingDisabledKey] })
        {
            changes.append(Self.switchChange(isEnabled: false))
        }
        return try withRcFile(stage) { file throws(RcFileError) in try file.set(changes) }
    }

    package func rcFilePath(_ stage: PlatformStage) -> String {
        rcFile(stage).path?.string ?? "~/\(stage.rcFileName)"
    }

    package func rcFileWarnings(_ stage: PlatformStage) -> [String] { rcFile(stage).warnings() }

    /// Called once at start: what a crash left beside the rc file.
    package func removeLeftovers() throws(FileError) { try rcFile(.production).removeLeftovers() }

    private mutating func withRcFile<Value, Failure: Error>(
        _ stage: PlatformStage, _ body: (inout RcFile) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        if rcFiles[stage] == nil, rcFiles.count >= Self.maximumStages {
            rcFiles = rcFiles.filter { $0.key == .production }
        }
        var file = rcFile(stage)
        defer { rcFiles[stage] = file }
        return try body(&file)
    }

    private func rcFile(_ stage: PlatformStage) -> RcFile {
        rcFiles[stage]
            ?? RcFile(
                surroundings.home.map { RcFileLocation(home: $0, stage: stage) }, userID: surroundings.userID,
                administrator: surroundings.administrator, files: files, clock: clock, random: random)
    }

    /// The stages that have an rc file, in either place.
    package func stagesOnDisk() -> Set<PlatformStage> {
        guard let home = surroundings.home else { return [] }
        var stages: Set<PlatformStage> = []
        for folder in [home, home.appending(".config")] {
            for name in (try? files.names(in: folder)) ?? [] {
                guard name.hasPrefix(".serverless"), name.hasSuffix("rc"), name.utf8.count > 12 else { continue }
                let stage = PlatformStage(name: String(name.dropFirst(11).dropLast(2)))
                if let stage, stage.rcFileName == name { stages.insert(stage) }
            }
        }
        return stages
    }
}
