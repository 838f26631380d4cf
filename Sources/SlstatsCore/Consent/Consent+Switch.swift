// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol
internal import SystemPackage

extension Consent {
    /// What became of a no. It holds in any case; this is how far.
    package struct Disabling: Sendable, Equatable {
        /// Why the rc file does not say it.
        package let rcFileError: RcFileError?
        /// Why our own record does not.
        package let recordError: FileError?
        /// How often another program was in the way.
        package let conflicts: Int

        /// It would survive the end of this process, and a loss of power.
        package var isDurable: Bool { rcFileError == nil || recordError == nil }
    }

    /// Says no: to everybody at once in memory, then in our own record, then in the rc file.
    package mutating func disable(_ stage: PlatformStage) -> Disabling {
        save(answered(.no, owing: stage))
        let recordError = recordFailure
        do throws(RcFileError) {
            let conflicts = try change([Self.switchChange(isEnabled: false)], in: stage)
            save(answered(.no, forgiving: stage))
            return Disabling(rcFileError: nil, recordError: recordError, conflicts: conflicts)
        } catch {
            return Disabling(rcFileError: error, recordError: recordError, conflicts: 0)
        }
    }

    /// The rc file of a stage has lost its no again and could not be told anew.
    package mutating func owe(_ stage: PlatformStage) {
        guard case .record(let record) = record, record.answer == .no else { return }
        save(answered(.no, owing: stage))
    }

    /// Says yes: in the rc file first, since a yes that is only in our record is none.
    ///
    /// - Returns: how often another program was in the way.
    package mutating func enable(_ stage: PlatformStage) throws(ConsentError) -> Int {
        var conflicts = 0
        do throws(RcFileError) {
            conflicts = try change([Self.switchChange(isEnabled: true)], in: stage)
        } catch {
            // A yes that a loss of power takes away is no harm.
            guard error.isReplaced else { throw .rcFile(error) }
        }
        do throws(FileError) {
            let new = answered(.yes, forgiving: stage)
            try recordFile.write(new)
            record = .record(new)
            recordFailure = nil
        } catch {
            guard case .record(let before) = record, before.answer != .no, !before.owed.contains(stage) else {
                // A no must not be forgotten only because it could not be taken back.
                if case .record(let before) = record { try? recordFile.write(before) }
                throw .record(error)
            }
            // Nothing stands against the yes of the rc file.
        }
        return conflicts
    }

    /// Tries again what ``disable(_:)`` could not do.
    package mutating func settleDebts() {
        guard case .record(var new) = record, hasDebts else { return }
        new.owed = new.owed.filter { stage in
            (try? change([Self.switchChange(isEnabled: false)], in: stage)) == nil
        }
        save(new)
    }

    /// Something of a no is not on disk yet.
    package var hasDebts: Bool {
        guard case .record(let record) = record else { return false }
        return !record.owed.isEmpty || record.answer == .no && recordFailure != nil
    }

    package static func switchChange(isEnabled: Bool) -> RcFile.Change {
        RcFile.Change([RcFileMembers.trackingDisabledKey], .bool(!isEnabled))
    }

    private func answered(
        _ answer: ConsentRecord.Answer, owing: PlatformStage? = nil, forgiving: PlatformStage? = nil
    ) -> ConsentRecord {
        var new = ConsentRecord()
        if case .record(let before) = record { new.owed = before.owed.filter { $0 != forgiving && $0 != owing } }
        if let owing { new.owed.append(owing) }
        new.answer = answer
        new.answeredAt = clock.milliseconds
        return new
    }

    /// In memory it holds from now on, whatever the disk says.
    private mutating func save(_ new: ConsentRecord) {
        record = .record(new)
        do throws(FileError) {
            try recordFile.write(new)
            recordFailure = nil
        } catch {
            recordFailure = error
        }
    }
}

/// Why telemetry was not turned on.
package enum ConsentError: Error, Equatable {
    case rcFile(RcFileError)
    case record(FileError)
}
