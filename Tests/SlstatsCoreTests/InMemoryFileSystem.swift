// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Synchronization
import SystemPackage

/// Files that know which of their bytes and names would survive a loss of power, and that can fail on demand.
final class InMemoryFileSystem: FileSystem {
    fileprivate struct Node {
        var bytes: [UInt8] = []
        var syncedCount = 0
        var modifiedAt: Int64 = 0
        var mode: UInt32 = 0o600
        var linkCount: UInt64 = 1
        var userID: UInt32 = 1000
    }

    fileprivate struct State {
        var nodes: [UInt64: Node] = [:]
        /// By the text of the path: a FilePath is slow where everything is checked.
        var names: [String: UInt64] = [:]
        var durableNames: [String: UInt64] = [:]
        var folders: Set<FilePath> = []
        var nextNode: UInt64 = 1
        var clock: Int64 = 1
        var operations: [String] = []
        var failAt: (operation: Int, errno: Errno)?
        var failFrom: (operation: Int, errno: Errno)?
        var capacity: Int?
        var interruption: (operation: Int, path: FilePath, bytes: [UInt8])?
        var owners: [FilePath: UInt32] = [:]
    }

    fileprivate let state = Mutex(State())

    init() {}

    private init(_ state: State) {
        self.state.withLock { $0 = state }
    }

    // MARK: - What tests do

    /// Every operation so far, as `verb name`.
    var operations: [String] { state.withLock(\.operations) }

    /// The operation of that number, counted from 0 over all that can fail, fails once.
    func fail(at operation: Int, with errno: Errno) { state.withLock { $0.failAt = (operation, errno) } }

    /// That operation and all after it fail.
    func fail(from operation: Int, with errno: Errno) { state.withLock { $0.failFrom = (operation, errno) } }

    /// Writes into a file without changing its size or times, as within one tick of a file system's clock.
    func patch(_ path: FilePath, with bytes: [UInt8]) {
        state.withLock { state in
            guard let number = state.names[path.string] else { return }
            state.nodes[number]?.bytes = bytes
        }
    }

    /// Right before the operation of that number another program puts a file in place.
    func interrupt(at operation: Int, writing bytes: [UInt8], to path: FilePath) {
        state.withLock { $0.interruption = (operation, path, bytes) }
    }

    /// Looks at the files as if no fault had been asked for, and leaves no trace in the count of operations.
    func unharmed<Value>(_ body: () throws -> Value) rethrows -> Value {
        let saved = state.withLock { state in
            let saved = (state.failAt, state.failFrom, state.operations)
            (state.failAt, state.failFrom) = (nil, nil)
            return saved
        }
        defer { state.withLock { ($0.failAt, $0.failFrom, $0.operations) = saved } }
        return try body()
    }

    /// All bytes together; appends beyond it write a part and fail with ENOSPC, as a real disk does.
    func setCapacity(_ bytes: Int?) { state.withLock { $0.capacity = bytes } }

    func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o600, linkCount: UInt64 = 1, userID: UInt32 = 1000)
    {
        state.withLock { state in
            let node = Node(bytes: bytes, syncedCount: bytes.count, mode: mode, linkCount: linkCount, userID: userID)
            Self.put(node, at: path, in: &state)
        }
    }

    /// Folders are there, and the user's own, unless somebody says otherwise.
    func setFolder(_ path: FilePath, userID: UInt32) { state.withLock { $0.owners[path] = userID } }

    private static func put(_ node: Node, at path: FilePath, in state: inout State) {
        var node = node
        state.clock += 1
        node.modifiedAt = state.clock
        state.nodes[state.nextNode] = node
        state.names[path.string] = state.nextNode
        state.durableNames[path.string] = state.nextNode
        state.nextNode += 1
    }

    func bytes(of path: FilePath) -> [UInt8]? {
        state.withLock { state in state.names[path.string].flatMap { state.nodes[$0]?.bytes } }
    }

    func mode(of path: FilePath) -> UInt32? {
        state.withLock { state in state.names[path.string].flatMap { state.nodes[$0]?.mode } }
    }

    var fileNames: [String] { state.withLock { $0.names.keys.sorted() } }

    /// What a machine would find after the power came back: synced names, synced bytes, and NULs behind them.
    func afterPowerCut(nulTail: Int = 0) -> InMemoryFileSystem {
        InMemoryFileSystem(
            state.withLock { state in
                var survived = State()
                survived.nextNode = state.nextNode
                survived.folders = state.folders
                survived.names = state.durableNames
                survived.durableNames = state.durableNames
                for node in Set(state.durableNames.values) {
                    guard var file = state.nodes[node] else { continue }
                    let isTorn = file.syncedCount < file.bytes.count
                    file.bytes = Array(file.bytes.prefix(file.syncedCount))
                    if isTorn { file.bytes += [UInt8](repeating: 0, count: nulTail) }
                    survived.nodes[node] = file
                }
                return survived
            })
    }

    fileprivate func perform<Value: Sendable>(
        _ operation: String, _ path: FilePath, _ body: (inout State) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        try state.withLock { state throws(FileError) in
            state.operations.append("\(operation) \(path.string.split(separator: "/").last ?? "/")")
            if let other = state.interruption, state.operations.count - 1 == other.operation {
                Self.put(Node(bytes: other.bytes, syncedCount: other.bytes.count), at: other.path, in: &state)
            }
            if let failure = state.failAt, state.operations.count - 1 == failure.operation {
                throw FileError(operation, path, failure.errno)
            }
            if let failure = state.failFrom, state.operations.count - 1 >= failure.operation {
                throw FileError(operation, path, failure.errno)
            }
            return try body(&state)
        }
    }

    private static func folder(of path: String) -> Substring {
        path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    }

    // MARK: - FileSystem

    func createFolder(_ path: FilePath) throws(FileError) {
        try perform("mkdir", path) { state in _ = state.folders.insert(path) }
    }

    func names(in folder: FilePath) throws(FileError) -> [String] {
        try perform("readdir", folder) { state in
            state.names.keys.filter { Self.folder(of: $0) == folder.string }.map {
                String($0.dropFirst(folder.string.count + 1))
            }
            .sorted()
        }
    }

    func status(of path: FilePath) throws(FileError) -> FileStatus? {
        try perform("stat", path) { state in
            if let owner = state.owners[path] ?? (state.folders.contains(path) ? 1000 : nil) {
                let identity = FileStatus.Identity(device: 1, inode: 0, size: 0, modifiedAt: 0, changedAt: 0)
                return FileStatus(
                    kind: .folder, identity: identity, mode: 0o700, userID: owner, groupID: owner, linkCount: 2)
            }
            guard let number = state.names[path.string], let node = state.nodes[number] else { return nil }
            let identity = FileStatus.Identity(
                device: 1, inode: number, size: Int64(node.bytes.count), modifiedAt: node.modifiedAt,
                changedAt: node.modifiedAt)
            return FileStatus(
                kind: .file, identity: identity, mode: node.mode, userID: node.userID, groupID: node.userID,
                linkCount: node.linkCount)
        }
    }

    func read(_ path: FilePath, limit: Int) throws(FileError) -> [UInt8] {
        try perform("read", path) { state throws(FileError) in
            guard let node = state.names[path.string].flatMap({ state.nodes[$0] }) else {
                throw FileError("open", path, .noSuchFileOrDirectory)
            }
            guard node.bytes.count <= limit else { throw FileError("read", path, .fileTooLarge) }
            return node.bytes
        }
    }

    func create(_ path: FilePath) throws(FileError) -> any AppendableFile {
        let number = try perform("create", path) { state throws(FileError) in
            guard state.names[path.string] == nil else { throw FileError("open", path, .fileExists) }
            let number = state.nextNode
            state.nextNode += 1
            state.nodes[number] = Node()
            state.names[path.string] = number
            return number
        }
        return InMemoryFile(self, number, path)
    }

    func open(_ path: FilePath) throws(FileError) -> any AppendableFile {
        let number = try perform("open", path) { state throws(FileError) in
            guard let number = state.names[path.string] else { throw FileError("open", path, .noSuchFileOrDirectory) }
            return number
        }
        return InMemoryFile(self, number, path)
    }

    func rename(_ from: FilePath, to target: FilePath) throws(FileError) {
        try perform("rename", target) { state throws(FileError) in
            guard let number = state.names.removeValue(forKey: from.string) else {
                throw FileError("rename", from, .noSuchFileOrDirectory)
            }
            state.names[target.string] = number
        }
    }

    func publish(_ from: FilePath, as target: FilePath) throws(FileError) {
        try perform("link", target) { state throws(FileError) in
            guard state.names[target.string] == nil else { throw FileError("link", target, .fileExists) }
            state.names[target.string] = state.names.removeValue(forKey: from.string)
        }
    }

    func readBeginning(of path: FilePath, count: Int) throws(FileError) -> [UInt8] {
        try perform("read", path) { state throws(FileError) in
            guard let node = state.names[path.string].flatMap({ state.nodes[$0] }) else {
                throw FileError("open", path, .noSuchFileOrDirectory)
            }
            return Array(node.bytes.prefix(count))
        }
    }

    func overwrite(_ path: FilePath, with bytes: [UInt8], at offset: Int) throws(FileError) {
        try perform("overwrite", path) { state throws(FileError) in
            guard let number = state.names[path.string], var node = state.nodes[number] else {
                throw FileError("open", path, .noSuchFileOrDirectory)
            }
            state.clock += 1
            let end = min(node.bytes.count, offset + bytes.count)
            node.bytes.replaceSubrange(min(offset, end)..<end, with: bytes)
            node.syncedCount = node.bytes.count
            node.modifiedAt = state.clock
            state.nodes[number] = node
        }
    }

    func remove(_ path: FilePath) throws(FileError) {
        try perform("unlink", path) { state in state.names[path.string] = nil }
    }

    func syncFolder(_ path: FilePath) throws(FileError) {
        try perform("fsync", path) { state in
            for name in state.durableNames.keys where Self.folder(of: name) == path.string {
                state.durableNames[name] = nil
            }
            for (name, number) in state.names where Self.folder(of: name) == path.string {
                state.durableNames[name] = number
            }
        }
    }

    func copyAttributes(of status: FileStatus, at old: FilePath, to path: FilePath) throws(FileError) {
        try perform("chmod", path) { state in
            guard let number = state.names[path.string] else { return }
            state.nodes[number]?.mode = status.mode
        }
    }

    func isLink(_ path: FilePath) throws(FileError) -> Bool { false }

    func finalTarget(of path: FilePath, trusting owners: Set<UInt32>) throws(FileError) -> FilePath { path }
}

private final class InMemoryFile: AppendableFile {
    private let files: InMemoryFileSystem
    private let number: UInt64
    private let path: FilePath

    init(_ files: InMemoryFileSystem, _ number: UInt64, _ path: FilePath) {
        self.files = files
        self.number = number
        self.path = path
    }

    func append(_ bytes: [UInt8]) throws(FileError) {
        try files.perform("append", path) { state throws(FileError) in
            var room = bytes.count
            if let capacity = state.capacity {
                let used = Set(state.names.values).reduce(0) { $0 + (state.nodes[$1]?.bytes.count ?? 0) }
                room = min(room, max(0, capacity - used))
            }
            state.clock += 1
            state.nodes[number]?.modifiedAt = state.clock
            state.nodes[number]?.bytes += bytes[..<room]
            if room < bytes.count { throw FileError("write", path, .noSpace) }
        }
    }

    func sync() throws(FileError) {
        try files.perform("fdatasync", path) { state in
            guard let node = state.nodes[number] else { return }
            state.nodes[number]?.syncedCount = node.bytes.count
        }
    }

    var isInPlace: Bool { files.state.withLock { $0.names[path.string] == number } }

    func syncWithAttributes() throws(FileError) { try sync() }

    func truncate(to size: Int) throws(FileError) {
        try files.perform("ftruncate", path) { state in
            guard let node = state.nodes[number] else { return }
            state.nodes[number]?.bytes.removeLast(node.bytes.count - size)
            state.nodes[number]?.syncedCount = min(node.syncedCount, size)
        }
    }
}

extension WallClock {
    /// Stands still.
    static func fixed(_ milliseconds: Int64) -> WallClock { WallClock { milliseconds } }
}

extension RandomSource {
    /// The same numbers every time (SplitMix64).
    static func seeded(_ seed: UInt64) -> RandomSource {
        let state = SeededState(seed)
        return RandomSource { state.next() }
    }
}

private final class SeededState: Sendable {
    private let state: Mutex<UInt64>

    init(_ seed: UInt64) { state = Mutex(seed) }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }
}
