// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// What the administrator's policy says besides consent, which ``Consent`` obeys by itself.
extension Store {
    /// Looks whether the policy has changed, and lets it hold from here on: what is recorded next, and sent next. Called
    /// before the first event of a turn is read, and when a source of consent may have changed.
    func obeyPolicy() {
        let rules = consent.readPolicy().rules
        guard rules != policyRules else { return }
        policyRules = rules
        combine()
        logger.notice("policy", metadata: ["says": "\(rules.summary)"])
        if case .exporting = flushMachine.state { return }
        // It may be another collector, for all machines of a fleet at once.
        if isDeliveryPossible { perform(flushMachine.started(pending: pendingTotals)) }
    }

    /// Makes what holds from what is configured and from the policy.
    func combine() {
        configuration = configured
        policyProblem = nil
        if let collector = policyRules.collector {
            configuration.collector.url = collector
            // A token of the user's is not for the administrator's collector.
            configuration.collector.tokenFile = policyRules.tokenFile
            configuration.collector.authorityFile = policyRules.authorityFile
            do throws(ConfigurationError) {
                try configuration.collector.checkFiles()
            } catch {
                // Nothing leaves until the administrator has mended it.
                configuration.collector.url = nil
                policyProblem = error.description
                logger.error("the policy's collector cannot be used", metadata: ["reason": "\(error)"])
            }
        }
        if rateLimit?.perHour != policyRules.eventsPerHour {
            rateLimit = policyRules.eventsPerHour.map { RateLimit(perHour: $0, now: clock.steadyMilliseconds) }
        }
        rules = EventRules(configuration.catalogue.combined(restrictedBy: policyRules.fields), identities: identities)
        reviewDisclosure()
    }

    /// The administrator's limit for all programs of this user together.
    func checkRate() throws(ProtocolError) {
        guard rateLimit != nil, rateLimit?.take(now: clock.steadyMilliseconds) == false else { return }
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
