// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

/// What the administrator's policy says besides consent, which ``Consent`` obeys by itself.
extension Store {
    /// Looks whether the policy has changed, and lets it hold from here on: what is recorded, and what leaves, also of what
    /// was recorded before. Called before the first event of a turn is read, and when a source of consent may have
    /// changed.
    func obeyPolicy() {
        let rules = consent.readPolicy().rules
        let isNew = rules != policyRules
        guard isNew || isTimeToRetryPolicyCollector else { return }
        // What was checked under the rules of before counts as theirs.
        if hasStaged { _ = commitStaged() }
        policyRules = rules
        combine()
        guard isNew || !isPolicyCollectorUnusable else { return }
        forgetCollector()
        logger.notice("policy", metadata: ["says": "\(rules.summary)", "problem": "\(policyProblem ?? "none")"])
        redirect()
        // It may be another collector, for all machines of a fleet at once.
        if isDeliveryPossible { perform(flushMachine.started(pending: pendingTotals)) }
    }

    /// Called when it may be another one: what the one before has said of sizes says nothing of this.
    func forgetCollector() {
        refusedBytes = .max
        deliveryPlan?.plan.collectorChanged(isolatesRefused: configuration.collector.kind == .serverless)
    }

    /// The policy names a collector, and a file that goes with it is not there or of no use.
    var isPolicyCollectorUnusable: Bool { policyRules.collector != nil && configuration.collector.url == nil }

    /// A file that was missing may have come: looked for once a second, however many requests there are.
    private var isTimeToRetryPolicyCollector: Bool {
        guard isPolicyCollectorUnusable else { return false }
        return clock.steadyMilliseconds - policyCollectorTriedAt >= 1000
    }

    /// Makes what holds from what is configured and from the policy.
    func combine() {
        configuration = configured
        policyProblem = unknownFieldsProblem
        if let collector = policyRules.collector {
            configuration.collector.url = collector
            configuration.collector.kind = policyRules.collectorKind
            // A token of the user's, in whatever form, is not for the administrator's collector.
            configuration.collector.headers = []
            configuration.collector.tokenFile = policyRules.tokenFile
            configuration.collector.tokenOwner = consent.administrator
            configuration.collector.authorityFile = policyRules.authorityFile
            do throws(ConfigurationError) {
                try configuration.collector.checkFiles()
            } catch {
                policyCollectorTriedAt = clock.steadyMilliseconds
                // Nothing leaves until the administrator has mended it.
                configuration.collector.url = nil
                policyProblem = error.description
            }
        }
        if rateLimit?.perHour != policyRules.eventsPerHour {
            rateLimit = policyRules.eventsPerHour.map(openRate)
        }
        rules = EventRules(configuration.catalogue.combined(restrictedBy: policyRules.fields), identities: identities)
        narrowing = Narrowing(rules, before: rulesMark.since(rules, next: spool.lastSequence + 1))
        narrowingChanges += 1
        reviewDisclosure()
    }

    /// A name that is spelled wrong would deny nothing, and nobody would know.
    private var unknownFieldsProblem: String? {
        let unknown = configuration.catalogue.unknown(policyRules.fields.keys.sorted())
        guard !unknown.isEmpty else { return nil }
        return "no field of the catalogue is called \(unknown.joined(separator: " or ")); slstats schema lists them"
    }

    private var ratePath: FilePath { state.appending("rate.json") }

    /// A daemon that ends when nobody needs it would have a full hour's worth whenever it starts.
    private func openRate(_ perHour: Int) -> RateLimit {
        let saved = files.readJSON(ratePath)
        let passed = clock.milliseconds - (saved?["at"]?.moment ?? 0)
        return RateLimit(saved, perHour: perHour, passed: passed, now: clock.steadyMilliseconds)
            ?? RateLimit(perHour: perHour, now: clock.steadyMilliseconds)
    }

    /// Called when the daemon stops.
    func saveRate() {
        guard let saved = rateLimit?.saved.object?.members else { return }
        let members = [(key: "at", value: JSON(clock.milliseconds))] + saved.map { ($0.key, $0.value) }
        do throws(FileError) {
            try files.replace(ratePath, with: JSON.object(JSONObject(members)).serializedBytes())
        } catch {
            logger.warning("rate forgotten", metadata: ["error": "\(error)"])
        }
    }

    /// One program cannot have the spool for itself.
    func checkSender(_ process: pid_t) throws(ProtocolError) {
        let sender = senderLimits.take(now: clock.steadyMilliseconds) {
            SenderProgram(files: files).name(of: process)
        }
        guard let sender else { return }
        spool.countRefusal(.rate)
        throw ProtocolError(
            .refused, .rateLimited,
            "\(senderLimits.perHour) events an hour of one program are recorded at most (sender.eventsPerHour), and \(sender) has more"
        )
    }

    /// The administrator's limit for all programs of this user together.
    func checkRate() throws(ProtocolError) {
        guard rateLimit != nil else { return }
        if rateLimit?.take(now: clock.steadyMilliseconds) == true {
            stagedRate += 1
            return
        }
        spool.countRefusal(.rate)
        throw ProtocolError(
            .refused, .rateLimited,
            "\(policyRules.eventsPerHour ?? 0) events an hour are recorded at most, says \(consent.policyPath)")
    }

    /// Turning telemetry on is not the user's to do where the administrator has locked the switch.
    func checkLock() throws(ProtocolError) {
        guard consent.readPolicy().rules.isLocked else { return }
        throw ProtocolError(
            .refused, .lockedByPolicy,
            "telemetry cannot be turned on here: the administrator has locked the switch in \(consent.policyPath)")
    }

    /// For `slstats status`.
    var policyStatus: JSON {
        let (policy, rules) = consent.readPolicy()
        let (state, problem): (String, String?) =
            switch policy {
            case .missing: ("missing", nil)
            case .rules: ("obeyed", policyProblem)
            case .untrusted(let reason): ("not believed", reason)
            case .broken(let reason): ("broken", reason)
            }
        let fields = rules.fields.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value.rawValue)) }
        return [
            "path": .string(consent.policyPath), "state": .string(state), "problem": JSON(problem),
            "mode": JSON(rules.mode?.rawValue), "locked": .bool(rules.isLocked),
            "collector": JSON(rules.collector?.description), "fields": .object(JSONObject(fields)),
            "eventsPerHour": rules.eventsPerHour.map { JSON($0) } ?? .null,
        ]
    }
}
