// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SlstatsProtocol

private let rules = EventRules()

/// A request is read in one pass where that is possible, and in two otherwise: both come to the same, and what is stored
/// of a good event is JSON on one line.
func readLine(_ bytes: [UInt8]) {
    guard !bytes.contains(0x0a) else { return }
    let line = bytes.span
    let scan = RecordScan(line, rules: rules)
    guard let request = try? Request(parsing: line) else {
        demand(scan == nil, "a record and no request")
        return
    }
    guard request.method == .record, let params = try? RecordParams(scanning: line, at: request.params) else {
        demand(scan == nil, "a record in one pass and none in two")
        return
    }
    let check = EventCheck(line, at: params.event, rules: rules)
    if let scan {
        demand(request.id == scan.id, "another id")
        demand(params == scan.params, "other parameters")
        demand(check == scan.check, "another judgement")
    }
    // Read apart, by whoever remembers those of the same caller.
    if let facts = params.factsRange { _ = try? Facts(parsing: line, at: facts) }
    guard check.violations.isEmpty else { return }
    var stored: [UInt8] = []
    StoredEvent.append(
        line, at: params.event, check: check, id: EventID(fuzzed: 0), timestamp: 1,
        key: [UInt8](repeating: 1, count: 32),
        to: &stored)
    guard let json = try? JSON(parsing: stored) else { fatalError("stored and no JSON") }
    demand(json["id"] != nil && json["timestamp"] != nil, "stored without id or timestamp")
    demand(!stored.contains(0x0a), "stored on two lines")
}

/// A stream of lines means the same wherever it is cut. The first bytes say where.
func readStream(_ bytes: [UInt8]) {
    let count = min(Int(bytes.first ?? 0) % 16, max(bytes.count - 1, 0))
    let cuts = bytes.dropFirst().prefix(count)
    let stream = Array(bytes.dropFirst(1 + count))
    var whole: [[UInt8]] = []
    var cutter = LineCutter()
    let isWhole = cutter.cut(ByteBuffer(bytes: stream)) { line in whole.append(Array(line.bytesCopy)) }

    var pieces: [[UInt8]] = []
    var rest = stream[...]
    var isGoing = true
    cutter = LineCutter()
    for cut in cuts + [.max] where isGoing {
        let piece = cut == .max ? rest : rest.prefix(Int(cut))
        rest = rest.dropFirst(piece.count)
        isGoing = cutter.cut(ByteBuffer(bytes: piece)) { line in pieces.append(Array(line.bytesCopy)) }
        if rest.isEmpty { break }
    }
    demand(isGoing == isWhole, "too long in one way only")
    demand(pieces == whole, "other lines where it is cut")
    demand(isWhole == false || whole.joined().count + whole.count <= stream.count, "more than came")
    for line in whole { readLine(line) }
}

extension Span<UInt8> {
    fileprivate var bytesCopy: [UInt8] { indices.map { self[$0] } }
}

extension EventID {
    fileprivate init(fuzzed seed: UInt64) {
        var random = RandomSource.seeded(seed)
        self.init(using: &random)
    }
}
