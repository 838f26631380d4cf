// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import OrderedJSON
internal import SlstatsProtocol

/// Requests of one connection whose events wait to be written, in their order: what their answers need of them, in two
/// buffers however many they are.
struct StagedRecords: Sendable {
    private struct Record: Sendable {
        let event: EventID
        let durability: Durability
        /// Bytes of its id in `ids`; `nil` for one that wants no answer.
        let idCount: Int?
    }

    private var records: [Record] = []
    private var ids: [UInt8] = []

    var isEmpty: Bool { records.isEmpty }

    mutating func append(_ event: EventID, _ durability: Durability, id: Range<Int>?, in line: Span<UInt8>) {
        records.append(Record(event: event, durability: durability, idCount: id?.count))
        if let id { JSONCursor(line).append(id, to: &ids) }
    }

    mutating func append(_ others: StagedRecords) {
        if records.isEmpty {
            self = others
        } else {
            records += others.records
            ids += others.ids
        }
    }

    mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
    }

    /// `accepted` is answered at once, `synced` when it is: one answer for all that can go out together.
    func answers(_ outcome: Store.Commit, _ store: isolated Store) -> [Answer] {
        guard !records.isEmpty else { return [] }
        switch outcome {
        case .failed(let error): return [.now(errors(error))]
        case .off(let decidedBy):
            let result = Self.off(decidedBy).serializedBytes()
            return [.now(lines { Reply.append(result, id: $1, to: &$2) })]
        case .written: break
        }
        guard records.contains(where: { $0.durability == .synced }) else { return [.now(recorded(store))] }
        let sync = store.syncOfCommit()
        return runs().map { run in
            let reply = run.recorded(store)
            guard run.records[0].durability == .synced else { return .now(reply) }
            return .later(
                sync.map { reply }.recover { error in
                    let error = error as? ProtocolError ?? ProtocolError(.internalError, .stopping, "\(error)")
                    return run.errors(error)
                })
        }
    }

    /// What a `record` is told where telemetry is off.
    static func off(_ decidedBy: String) -> JSON {
        ["recorded": false, "reason": "telemetry-off", "decidedBy": .string(decidedBy)]
    }

    private func recorded(_ store: isolated Store) -> [UInt8] {
        let accepted = store.acceptedDurability
        return lines { record, id, line in
            let durability = record.durability == .synced ? record.durability.rawValue : accepted
            Reply.appendRecorded(record.event, durability, id: id, to: &line)
        }
    }

    private func errors(_ error: ProtocolError) -> [UInt8] {
        lines { $2.append(contentsOf: Reply.error(error, id: Array($1))) }
    }

    /// One line for each request that wants an answer.
    private func lines(_ append: (Record, _ id: ArraySlice<UInt8>, inout [UInt8]) -> Void) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(records.count * 128 + ids.count)
        var start = 0
        for record in records {
            guard let count = record.idCount else { continue }
            append(record, ids[start..<start + count], &lines)
            start += count
        }
        return lines
    }

    /// Cut where the durability changes.
    private func runs() -> [StagedRecords] {
        var runs: [StagedRecords] = []
        var start = 0
        for record in records {
            if runs.last?.records[0].durability != record.durability { runs.append(StagedRecords()) }
            let end = start + (record.idCount ?? 0)
            runs[runs.count - 1].records.append(record)
            runs[runs.count - 1].ids += ids[start..<end]
            start = end
        }
        return runs
    }
}
