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

    /// Makes both anew. Events that are pending keep what they have, in batches of their own, so that no request has the
    /// old and the new.
    func rotateIdentity(_ stage: PlatformStage) throws(ProtocolError) -> JSON {
        spool.rotate()
        for stage in consent.stagesOnDisk().union([stage]) where consent.readRcFile(stage) != .missing {
            let new = RcFile.Change([RcFileMembers.frameworkIDKey], .string(EventID(using: &random).description))
            do throws(RcFileError) { try consent.change([new], in: stage) } catch {
                throw ProtocolError(.refused, .rcFileUnusable, "the id was not made anew: \(error)")
            }
        }
        do throws(FileError) {
            try installationKey.renew(using: &random)
            try identityRotation.note(now: clock.milliseconds)
        } catch {
            throw ProtocolError(.refused, .stateUnavailable, "the key was not made anew: \(error)")
        }
        return identity(stage)
    }

    /// Called at the start and when a delivery ends; the time begins when it is asked for.
    func rotateIdentityIfDue() {
        guard let period = configuration.identityPeriod else { return }
        do {
            if identityRotation.rotatedAt == nil { return try identityRotation.note(now: clock.milliseconds) }
            guard identityRotation.isDue(every: period, now: clock.milliseconds) else { return }
            _ = try rotateIdentity(.production)
            logger.notice("installation id made anew")
        } catch {
            logger.warning("installation id not made anew, will try again", metadata: ["error": "\(error)"])
        }
    }
}
