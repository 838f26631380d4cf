// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

extension SentRecord {
    /// What a look at every byte of the record has found.
    package struct Verification: Sendable, Equatable {
        package fileprivate(set) var entries = 0
        package fileprivate(set) var bytes = 0
        /// Sentences; none if every file is there and is what it was.
        package fileprivate(set) var problems: [String] = []
    }

    /// Looks whether anything was changed or taken out since it was written. Changes nothing.
    ///
    /// - Parameter hasSent: the ledger says that events were sent, so there has to be something.
    package func verify(hasSent: Bool = false) throws(FileError) -> Verification {
        var result = Verification()
        guard try files.status(of: folder) != nil else {
            if hasSent { result.problems.append("\(folder) is missing, and events were sent") }
            return result
        }
        let (names, others) = try names()
        for name in others { result.problems.append("\(name) does not belong there") }
        guard let head = try readHead() else {
            let isThere = try files.status(of: headPath) != nil
            if hasSent || isThere || !names.isEmpty { result.problems.append("head.json is missing or was changed") }
            return result
        }
        var next = head.first
        var previous: SHA256Digest? = head.anchor
        for name in names where name.number >= head.first && name.number <= head.last {
            if name.number < next {
                result.problems.append("\(name.fileName) is there a second time")
                continue
            }
            result.note(missing: next..<name.number)
            if next != name.number { previous = nil }
            next = name.number + 1
            guard let bytes = try? files.read(path(of: name), limit: Self.maximumFileBytes) else {
                result.problems.append("\(name.fileName) cannot be read")
                previous = nil
                continue
            }
            result.entries += 1
            result.bytes += bytes.count
            check(bytes, name, behind: previous, &result)
            previous = SHA256Digest(of: bytes)
        }
        result.note(missing: next..<(head.last + 1))
        if next == head.last + 1, let previous, previous != head.hash {
            result.problems.append("\(head.last) or head.json was changed")
        }
        checkBehind(head, names, &result)
        return result
    }

    /// A crash may have kept whole files from being entered in the head, and left a part of one.
    private func checkBehind(_ head: SentHead, _ names: [SentName], _ result: inout Verification) {
        var head = head
        for name in names where name.number > head.last {
            guard let bytes = try? files.read(path(of: name), limit: Self.maximumFileBytes),
                let entry = SentEntry(parsing: bytes)
            else { continue }
            guard entry.follows(head), entry.name == name else {
                result.problems.append("\(name.fileName) is not in head.json")
                continue
            }
            head.follow(by: bytes)
            result.entries += 1
            result.bytes += bytes.count
        }
    }

    private func check(
        _ bytes: [UInt8], _ name: SentName, behind previous: SHA256Digest?, _ result: inout Verification
    ) {
        guard let entry = SentEntry(parsing: bytes), entry.name == name else {
            result.problems.append("\(name.fileName) was changed")
            return
        }
        if let previous, entry.previous != previous {
            result.problems.append("\(name.number) does not follow \(name.number - 1): one of them was changed")
        }
    }
}

extension SentRecord.Verification {
    fileprivate mutating func note(missing numbers: Range<UInt64>) {
        guard let first = numbers.first, let last = numbers.last else { return }
        problems.append(first == last ? "\(first) is missing" : "\(first) to \(last) are missing")
    }
}
