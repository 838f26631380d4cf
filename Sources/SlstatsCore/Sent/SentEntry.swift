// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// One request that has left this machine, with its answer (SentFormat.md, "Files").
package struct SentEntry: Sendable, Equatable {
    /// What was sent where, and what came back.
    package struct Request: Sendable, Equatable {
        /// Unix milliseconds of the answer.
        package let at: Int64
        package let collector: String
        /// The `Idempotency-Key` of the request.
        package let key: String
        /// Of HTTP: 2xx, or one that says that it will never be taken.
        package let status: Int
        package let answer: [UInt8]
        package let events: Int
        /// A JSON array, byte for byte, before any compression.
        package let body: [UInt8]

        package init(
            at: Int64, collector: String, key: String, status: Int, answer: [UInt8], events: Int, body: [UInt8]
        ) {
            self.at = at
            self.collector = collector
            self.key = key
            self.status = status
            self.answer = answer
            self.events = events
            self.body = body
        }
    }

    /// One more than the one before.
    package let number: UInt64
    /// ``SHA256Digest`` of the file before; zeros before the first.
    let previous: SHA256Digest
    package let request: Request

    init(number: UInt64, previous: SHA256Digest, _ request: Request) {
        self.number = number
        self.previous = previous
        self.request = request
    }

    func follows(_ head: SentHead) -> Bool { number == head.last + 1 && previous == head.hash }

    var name: SentName { SentName(number: number, at: request.at) }

    /// Everything but the body; the first line of the file.
    package var head: JSON {
        [
            "format": 1, "number": JSON(Int64(clamping: number)), "previous": .string(previous.description),
            "at": JSON(request.at), "collector": .string(request.collector), "key": .string(request.key),
            "status": JSON(request.status),
            // What is no text can be no notification either.
            "answer": JSON(String(validating: request.answer, as: UTF8.self)), "events": JSON(request.events),
        ]
    }

    /// The whole file: its head, the body, each on a line.
    var bytes: [UInt8] {
        var bytes = head.serializedBytes()
        bytes.reserveCapacity(bytes.count + request.body.count + 2)
        bytes.append(0x0a)
        bytes += request.body
        bytes.append(0x0a)
        return bytes
    }

    /// - Returns: `nil` for anything that ``bytes`` would not have written.
    init?(parsing bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 0x0a), bytes.last == 0x0a, end < bytes.count - 1,
            let head = try? JSON(parsing: Array(bytes[..<end])), head["format"] == 1,
            let number = head["number"]?.moment, number > 0,
            let previous = head["previous"]?.string.flatMap(SHA256Digest.init), let at = head["at"]?.integer,
            let collector = head["collector"]?.string, let key = head["key"]?.string,
            let status = head["status"]?.integer, let answer = head["answer"], let events = head["events"]?.integer
        else { return nil }
        let request = Request(
            at: at, collector: collector, key: key, status: Int(clamping: status),
            answer: Array((answer.string ?? "").utf8), events: Int(clamping: events),
            body: Array(bytes[(end + 1)..<(bytes.count - 1)]))
        self.init(number: UInt64(number), previous: previous, request)
        guard answer == .null || self.head["answer"] == answer else { return nil }
    }
}

/// The name of a file of the record: `<number>-<at>.sent`, in decimal with 16 digits each.
struct SentName: Hashable, Comparable {
    let number: UInt64
    let at: Int64

    init(number: UInt64, at: Int64) {
        self.number = number
        self.at = at
    }

    init?(fileName: String) {
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == "sent", numbers.count == 2, let number = UInt64(numbers[0]),
            let at = Int64(numbers[1]), number < 1 << 53, 0..<(1 << 53) ~= at
        else { return nil }
        self.init(number: number, at: at)
        guard self.fileName == fileName else { return nil }
    }

    var fileName: String { "\(Self.digits(number))-\(Self.digits(at)).sent" }

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    private static func digits(_ value: some BinaryInteger) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }
}
