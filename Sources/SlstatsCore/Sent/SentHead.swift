// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON

/// Where the record begins and ends: `head.json` (SentFormat.md). It has one spelling only, so that nothing in it can
/// change unseen.
struct SentHead: Equatable {
    /// The lowest number that has not expired; one more than the last if all have.
    private(set) var first: UInt64 = 1
    private(set) var last: UInt64 = 0
    /// Of the file before the first.
    private(set) var anchor = SHA256Digest.zero
    /// Of the last file.
    private(set) var hash = SHA256Digest.zero

    /// Of a record with nothing in it.
    init() {}

    init?(parsing bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let first = json["first"]?.moment, first > 0,
            let last = json["last"]?.moment, last >= first - 1,
            let anchor = json["anchor"]?.string.flatMap(SHA256Digest.init),
            let hash = json["hash"]?.string.flatMap(SHA256Digest.init)
        else { return nil }
        self.first = UInt64(first)
        self.last = UInt64(last)
        self.anchor = anchor
        self.hash = hash
        guard self.bytes == bytes else { return nil }
    }

    var bytes: [UInt8] {
        let json: JSON = [
            "format": 1, "first": JSON(Int64(clamping: first)), "last": JSON(Int64(clamping: last)),
            "anchor": .string(anchor.description), "hash": .string(hash.description),
        ]
        return json.serializedBytes() + [0x0a]
    }

    /// One more file.
    mutating func follow(by bytes: [UInt8]) {
        last += 1
        hash = SHA256Digest(of: bytes)
    }

    /// Numbers up to this one are given, whatever is there.
    mutating func skip(to number: UInt64) { last = max(last, number) }

    /// The files before this number have expired.
    mutating func begin(with number: UInt64, behind digest: SHA256Digest) {
        first = number
        anchor = digest
    }
}
