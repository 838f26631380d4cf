// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// What has left this machine: each request as a file in `sent/`, chained so that an edit or a gap shows (SentFormat.md).
///
/// A chain proves nothing against somebody who writes all of it anew. It tells accident from intent, and what a program
/// or a person has taken out from what expired.
package struct SentRecord: Sendable {
    /// How much of it there is.
    package struct Limits: Sendable, Equatable {
        package var maximumBytes = 8 << 20
        package var maximumAge = Duration.seconds(30 * 86_400)

        package init() {}
    }

    package let folder: FilePath
    package var limits: Limits
    let files: any FileSystem
    private let clock: WallClock
    /// `nil` until it is needed for the first time.
    private var content: Content?
    /// Numbers up to here are given, also to what could not be kept.
    private var lastGiven: UInt64 = 0

    /// What is known of the files without reading them.
    struct Content {
        var head: SentHead
        /// In the order of their numbers, with their sizes.
        var entries: [Known] = []
        var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }
    }

    struct Known {
        let name: SentName
        let bytes: Int
        /// Of one that this process has written, so that it need not be read to be taken away.
        var previous: SHA256Digest?
    }

    /// More than any request and its answer: 512 KiB of events can be ten times as much in OTLP.
    static let maximumFileBytes = 8 << 20

    package init(state: FilePath, limits: Limits, files: any FileSystem, clock: WallClock) {
        folder = state.appending("sent")
        self.limits = limits
        self.files = files
        self.clock = clock
    }

    var headPath: FilePath { folder.appending("head.json") }
    func path(of name: SentName) -> FilePath { folder.appending(name.fileName) }

    // MARK: - Adding and taking away

    /// Adds requests, durably, and takes away what is too old or too much.
    ///
    /// - Throws: with none of them added; their numbers are not given again, so that the gap shows.
    package mutating func append(_ requests: [SentEntry.Request]) throws(FileError) {
        guard !requests.isEmpty else { return }
        var content = try open()
        lastGiven = content.head.last + UInt64(requests.count)
        let hasExpired: Bool
        do throws(FileError) {
            for request in requests {
                let entry = SentEntry(number: content.head.last + 1, previous: content.head.hash, request)
                let bytes = entry.bytes
                let file = try files.create(path(of: entry.name))
                try file.append(bytes)
                try file.sync()
                content.head.follow(by: bytes)
                content.entries.append(Known(name: entry.name, bytes: bytes.count, previous: entry.previous))
            }
            // What cannot be read to be taken away goes another time.
            hasExpired = (try? expire(&content)) ?? false
            try files.replace(headPath, with: content.head.bytes)
        } catch {
            // Read again the next time, with what of it has come to the disk.
            self.content = nil
            throw error
        }
        self.content = content
        if hasExpired { removeExpired(content) }
    }

    /// Takes away what is too old or too much.
    package mutating func expire() throws(FileError) {
        guard try files.status(of: folder) != nil else { return }
        var content = try open()
        guard try expire(&content) else { return }
        try files.replace(headPath, with: content.head.bytes)
        self.content = content
        removeExpired(content)
    }

    /// - Returns: whether there was anything.
    private func expire(_ content: inout Content) throws(FileError) -> Bool {
        let oldest = clock.milliseconds - Int64(limits.maximumAge / .milliseconds(1))
        var bytes = content.bytes
        let count = content.entries.prefix { entry in
            defer { bytes -= entry.bytes }
            return bytes > limits.maximumBytes || entry.name.at < oldest
        }.count
        guard count > 0 else { return false }
        if let next = content.entries.dropFirst(count).first {
            var anchor = next.previous
            if anchor == nil { anchor = try entry(next.name)?.previous }
            content.head.begin(with: next.name.number, behind: anchor ?? .zero)
        } else {
            content.head.begin(with: content.head.last + 1, behind: content.head.hash)
        }
        content.entries.removeFirst(count)
        return true
    }

    /// Behind the head, which says that they have expired. One that stays is taken away by the next start.
    private func removeExpired(_ content: Content) {
        guard let names = try? files.names(in: folder) else { return }
        for name in names.compactMap(SentName.init(fileName:)) where name.number < content.head.first {
            try? files.remove(path(of: name))
        }
    }

    // MARK: - Opening

    /// Finds out how far it has come: behind the head there may be what a crash has kept from being entered there.
    mutating func open() throws(FileError) -> Content {
        if let content { return content }
        try files.createFolder(folder)
        let names = try names().names
        let head = try readHead()
        var content = Content(head: head ?? headOfUnknown(names))
        for name in names {
            guard let status = try files.status(of: path(of: name)) else { continue }
            guard status.kind == .file else {
                // Nothing of ours, but it has the number.
                content.head.skip(to: name.number)
                continue
            }
            if name.number > content.head.last {
                guard let entry = try entry(name) else {
                    // Not whole, so it was never said to be there.
                    try files.remove(path(of: name))
                    continue
                }
                guard entry.follows(content.head) else {
                    // Whose it is nobody knows, but its number is taken.
                    content.head.skip(to: name.number)
                    continue
                }
                content.head.follow(by: entry.bytes)
            }
            if name.number >= content.head.first {
                content.entries.append(Known(name: name, bytes: Int(status.identity.size)))
            }
        }
        content.head.skip(to: lastGiven)
        if content.head != head { try files.replace(headPath, with: content.head.bytes) }
        removeExpired(content)
        self.content = content
        return content
    }

    /// Without a head nobody can say what is missing: a gap behind the last file says that there was none.
    private func headOfUnknown(_ names: [SentName]) -> SentHead {
        guard let first = names.first, let last = names.last else { return SentHead() }
        var head = SentHead()
        head.begin(with: first.number, behind: (try? entry(first))?.previous ?? .zero)
        head.skip(to: last.number + 1)
        return head
    }

    /// - Returns: `nil` for something that we have not written, or not to its end.
    /// - Throws: if it cannot be read now, which says nothing of what is in it.
    private func entry(_ name: SentName) throws(FileError) -> SentEntry? {
        let bytes = try files.read(path(of: name), limit: Self.maximumFileBytes)
        guard let entry = SentEntry(parsing: bytes), entry.name == name else { return nil }
        return entry
    }

    /// - Returns: `nil` if there is none, or nothing that could be one.
    func readHead() throws(FileError) -> SentHead? {
        guard try files.status(of: headPath) != nil else { return nil }
        return SentHead(parsing: try files.read(headPath, limit: 4096))
    }

    /// - Returns: the files in the order of their numbers, and the names of what does not belong there.
    func names() throws(FileError) -> (names: [SentName], others: [String]) {
        var names: [SentName] = []
        var others: [String] = []
        for fileName in try files.names(in: folder) where !["head.json", "head.json.tmp"].contains(fileName) {
            if let name = SentName(fileName: fileName) { names.append(name) } else { others.append(fileName) }
        }
        return (names.sorted(), others)
    }

    // MARK: - Looking

    /// Some of the last entries, the oldest of them first, without their bodies; what cannot be read is left out.
    ///
    /// - Parameter number: only those before this one.
    package mutating func entries(last count: Int, before number: UInt64 = .max) throws(FileError) -> [SentEntry] {
        guard try files.status(of: folder) != nil else { return [] }
        try expire()
        return try open().entries.filter { $0.name.number < number }.suffix(count).compactMap { try? entry($0.name) }
    }

    package func path(of entry: SentEntry) -> FilePath { path(of: entry.name) }
}
