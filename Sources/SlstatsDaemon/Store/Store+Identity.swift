// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol

/// By what a collector can tell that events are of the same installation: `frameworkId` of the rc file, which CLIs send,
/// and the key of keyed hashes, which nobody does. Both are random, and can be made anew at any time.
extension Store {
    /// The answer to `id`.
    func identity(_ stage: PlatformStage) -> JSON {
        var id: String?
        if case .usable(let members) = consent.readRcFile(stage) { id = members.frameworkID?.string }
        return [
            "id": JSON(id), "rcFile": .string(consent.rcFilePath(stage)), "rotatedAt": JSON(identityRotation.rotatedAt),
        ]
    }

    /// Makes both anew, the id where there is one. Events that are pending keep what they have, in batches of their own, so
    /// that no request has the old and the new.
    ///
    /// - Throws: also if a single rc file has kept its id; the others have a new one then, and so has the key.
    func rotateIdentity(_ stage: PlatformStage) throws(ProtocolError) -> JSON {
        if hasStaged { _ = commitStaged() }
        spool.rotate()
        // First, since it only withholds: no batch from before gets the new id, however the rest ends, and nothing tries
        // again with each delivery.
        do throws(FileError) {
            try identityRotation.note(now: clock.milliseconds, since: spool.lastSequence + 1)
            try installationKey.renew(using: &random)
        } catch {
            throw ProtocolError(.refused, .stateUnavailable, "neither key nor id were made anew: \(error)")
        }
        var problem: RcFileError?
        for stage in consent.stagesOnDisk().union([stage]) {
            if case .usable(let members) = consent.readRcFile(stage), members.frameworkID == nil { continue }
            guard consent.readRcFile(stage) != .missing else { continue }
            let new = RcFile.Change([RcFileMembers.frameworkIDKey], .string(EventID(using: &random).description))
            do throws(RcFileError) { try consent.change([new], in: stage) } catch { problem = error }
        }
        if let problem { throw ProtocolError(.refused, .rcFileUnusable, "an id was not made anew: \(problem)") }
        return identity(stage)
    }

    /// What `service.instance.id` may be for a batch; `nil` where the catalogue keeps no id, or the batch is from before it
    /// was made anew.
    func instanceID(for batch: SealedBatch) -> String? {
        let field = rules.catalogue.fields.first { $0.path == CatalogueField.installationPath }
        guard let field, field.kind != .withheld, batch.firstSequence ?? 0 >= identityRotation.since else { return nil }
        guard case .usable(let members) = consent.readRcFile(.production) else { return nil }
        return members.frameworkID?.string.flatMap(EventID.init)?.description
    }

    /// Called at the start and when a delivery ends; the time begins when it is asked for.
    func rotateIdentityIfDue() {
        guard let period = configuration.identityPeriod else { return }
        do {
            if identityRotation.rotatedAt == nil { return try identityRotation.note(now: clock.milliseconds, since: 0) }
            guard identityRotation.isDue(every: period, now: clock.milliseconds) else { return }
            _ = try rotateIdentity(.production)
            logger.notice("installation id made anew")
        } catch {
            logger.warning("installation id not made anew", metadata: ["error": "\(error)"])
        }
    }
}
