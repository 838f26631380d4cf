// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import CChecksum
import SlstatsCore
import Testing

@Suite("Spool lines")
struct SpoolRecordTests {
    @Test(
        "CRC-32C gives the published values (RFC 3720, appendix B.4)",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            ([UInt8](0..<32), 0x46dd_794e), ([UInt8]((0..<32).reversed()), 0x113f_db5c),
            (Array("123456789".utf8), 0xe306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func checksums(_ bytes: [UInt8], _ value: UInt32) {
        #expect(CRC32C.checksum(of: bytes[...]) == value)
        #expect(slstats_crc32c_portable(0, bytes, bytes.count) == value)
    }

    @Test("the instruction and the table agree on bytes of every length and place")
    func checksumsAgree() {
        var random = RandomSource.seeded(3)
        let bytes = (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for start in 0..<20 {
            for count in 0..<260 {
                let part = Array(bytes[start..<start + count])
                #expect(CRC32C.checksum(of: bytes[start..<start + count]) == slstats_crc32c_portable(0, part, count))
            }
        }
    }

    @Test("a line is checksum, sequence, JSON and a newline, and is read back")
    func roundTrip() throws {
        var line: [UInt8] = []
        SpoolRecord.append(Array(#"{"a":"b c"}"#.utf8), sequence: 42, to: &line)

        let record = try #require(SpoolRecord.parse(line.dropLast()))

        #expect(line.last == 0x0a)
        #expect(record.sequence == 42)
        #expect(String(decoding: line[record.json], as: UTF8.self) == #"{"a":"b c"}"#)
    }

    @Test("any single flipped bit costs its own record at most [F090]")
    func flippedBits() throws {
        var segment = SegmentHeader(epoch: 7, createdAt: 1, firstSequence: 1).line
        let headerEnd = segment.count
        for sequence in 1...5 as ClosedRange<UInt64> {
            SpoolRecord.append(Array(#"{"id":\#(sequence)}"#.utf8), sequence: sequence, to: &segment)
        }
        let events = SegmentContent(scanning: segment).events.map { Array(segment[$0.json]) }
        #expect(events.count == 5)

        for bit in headerEnd * 8..<segment.count * 8 {
            var damaged = segment
            damaged[bit / 8] ^= 1 << (bit % 8)
            let content = SegmentContent(scanning: damaged)
            let readable = content.events.map { Array(damaged[$0.json]) }
            // The two records around a newline that has become something else are whole.
            #expect(readable.count >= 4)
            #expect(readable.allSatisfy(events.contains), "bit \(bit) made an event up")
            #expect((readable.count == 5) == (segment[bit / 8] == 0x0a))
        }
    }

    @Test("cut at any byte, all whole records before the cut are read [F089]")
    func cutAnywhere() {
        var segment = SegmentHeader(epoch: 7, createdAt: 1, firstSequence: 1).line
        var ends = [segment.count]
        for sequence in 1...4 as ClosedRange<UInt64> {
            SpoolRecord.append(Array(#"{"id":\#(sequence)}"#.utf8), sequence: sequence, to: &segment)
            ends.append(segment.count)
        }

        for length in ends[0]...segment.count {
            let content = SegmentContent(scanning: Array(segment[..<length]))
            // A record without its newline, and with one other byte in its place, is whole.
            let whole = ends.last { $0 <= length + 1 } ?? 0
            #expect(content.events.count == ends.firstIndex(of: whole))
            #expect(content.isUnterminated == (whole == length + 1))
            #expect(content.tornTail == min(whole, length)..<length)
            #expect(content.damaged.isEmpty)
        }
    }

    @Test("a tail of NULs is the end of the log [F086]", arguments: [1, 300, 4096])
    func nulTail(_ count: Int) {
        var segment = SegmentHeader(epoch: 7, createdAt: 1, firstSequence: 1).line
        SpoolRecord.append(Array("{}".utf8), sequence: 1, to: &segment)
        let end = segment.count

        let content = SegmentContent(scanning: segment + [UInt8](repeating: 0, count: count))

        #expect(content.events.count == 1)
        #expect(content.tornTail == end..<end + count)
    }

    @Test("a line that was copied does not count twice")
    func repeatedSequence() {
        var segment = SegmentHeader(epoch: 7, createdAt: 1, firstSequence: 1).line
        SpoolRecord.append(Array("{}".utf8), sequence: 1, to: &segment)
        SpoolRecord.append(Array("{}".utf8), sequence: 1, to: &segment)

        #expect(SegmentContent(scanning: segment).events.count == 1)
        #expect(SegmentContent(scanning: segment).damaged.count == 1)
    }

    @Test(
        "a segment is gone on with only if no number is missing, however wide the gap",
        arguments: [
            ([2, 3, 4], true), ([3, 4], false), ([2, 4], false), ([2, 2444], false), ([2, 1 << 59], false), ([], false),
        ]
            as [([UInt64], Bool)])
    func gaps(_ sequences: [UInt64], isWhole: Bool) {
        var segment = SegmentHeader(epoch: 7, createdAt: 1, firstSequence: 2).line
        for sequence in sequences { SpoolRecord.append(Array("{}".utf8), sequence: sequence, to: &segment) }

        let content = SegmentContent(scanning: segment)

        #expect(content.events.map(\.sequence) == sequences)
        #expect(content.isWhole == isWhole)
    }

    @Test("a later format is recognised")
    func futureFormat() {
        var line: [UInt8] = []
        SpoolRecord.append(Array(#"{"format":2}"#.utf8), sequence: 0, to: &line)

        #expect(SegmentContent(scanning: line).header?.format == 2)
        #expect(SegmentContent(scanning: line).header?.isCurrent == false)
        #expect(SegmentContent(scanning: [0, 1, 2]).header == nil)
    }

    @Test("names of segments are ours or nobody's")
    func names() throws {
        let name = SegmentName(number: 10, epoch: 0xabc, stage: .open)

        #expect(name.fileName == "000000000000000a-0000000000000abc.open")
        #expect(SegmentName(fileName: name.fileName) == name)
        let sealed = name.sealed(events: 20)
        #expect(sealed.fileName == "000000000000000a-0000000000000abc-20.batch")
        #expect(SegmentName(fileName: sealed.fileName) == sealed)
        #expect(sealed.batchID == name.batchID)
        for foreign in [
            "", "x.open", "ffffffffffffffff-0000000000000000.batch", "000000000000000A-0000000000000abc.open",
            "000000000000000a-0000000000000abc.tmp",
            "+00000000000000a-0000000000000abc.open", "000000000000000a.open",
            ".000000000000000a-0000000000000abc.open", "000000000000000a-0000000000000abc.batch",
            "000000000000000a-0000000000000abc-0.batch", "000000000000000a-0000000000000abc-020.batch",
            "000000000000000a-0000000000000abc-+1.batch", "000000000000000a-0000000000000abc-20.open",
            "000000000000000a-0000000000000abc-99999999999.batch",
        ] {
            #expect(SegmentName(fileName: foreign) == nil)
        }
    }
}
