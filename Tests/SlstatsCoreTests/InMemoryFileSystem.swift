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
        var names: [FilePath: UInt64] = [:]
        var durableNames: [FilePath: UInt64] = [:]
        var folders: Set<FilePath> = []
        var nextNode: UInt64 = 1
        var clock: Int64 = 1
        var operations: [String] = []
        var failAt: (operation: Int, errno: Errno)?
        var capacity: Int?
        var interruption: (operation: Int, path: FilePath, bytes: [UInt8])?
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

    /// Right before the operation of that number another program puts a file in place.
    func interrupt(at operation: Int, writing bytes: [UInt8], to path: FilePath) {
        state.withLock { $0.interruption = (operation, path, bytes) }
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

    private static func put(_ node: Node, at path: FilePath, in state: inout State) {
        var node = node
        state.clock += 1
        node.modifiedAt = state.clock
        state.nodes[state.nextNode] = node
        state.names[path] = state.nextNode
        state.durableNames[path] = state.nextNode
        state.nextNode += 1
    }

    func bytes(of path: FilePath) -> [UInt8]? {
        state.withLock { state in state.names[path].flatMap { state.nodes[$0]?.bytes } }
    }

    func mode(of path: FilePath) -> UInt32? {
        state.withLock { state in state.names[path].flatMap { state.nodes[$0]?.mode } }
    }

    var fileNames: [String] { state.withLock { $0.names.keys.map(\.string).sorted() } }

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
            state.operations.append("\(operation) \(path.lastComponent?.string ?? "/")")
            if let other = state.interruption, state.operations.count - 1 == other.operation {
                Self.put(Node(bytes: other.bytes, syncedCount: other.bytes.count), at: other.path, in: &state)
            }
            if let failure = state.failAt, state.operations.count - 1 == failure.operation {
                throw FileError(operation, path, failure.errno)
            }
            return try body(&state)
        }
    }

    // MARK: - FileSystem

    func createFolder(_ path: FilePath) throws(FileError) {
        try perform("mkdir", path) { state in _ = state.folders.insert(path) }
    }

    func names(in folder: FilePath) throws(FileError) -> [String] {
        try perform("readdir", folder) { state in
            state.names.keys.filter { $0.removingLastComponent() == folder }.compactMap { $0.lastComponent?.string }
                .sorted()
        }
    }

    func status(of path: FilePath) throws(FileError) -> FileStatus? {
        try perform("stat", path) { state in
            guard let number = state.names[path], let node = state.nodes[number] else { return nil }
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
            guard let node = state.names[path].flatMap({ state.nodes[$0] }) else {
                throw FileError("open", path, .noSuchFileOrDirectory)
            }
            guard node.bytes.count <= limit else { throw FileError("read", path, .fileTooLarge) }
            return node.bytes
        }
    }

    func create(_ path: FilePath) throws(FileError) -> any AppendableFile {
        let number = try perform("create", path) { state throws(FileError) in
            guard state.names[path] == nil else { throw FileError("open", path, .fileExists) }
            let number = state.nextNode
            state.nextNode += 1
            state.nodes[number] = Node()
            state.names[path] = number
            return number
        }
        return InMemoryFile(self, number, path)
    }

    func open(_ path: FilePath) throws(FileError) -> any AppendableFile {
        let number = try perform("open", path) { state throws(FileError) in
            guard let number = state.names[path] else { throw FileError("open", path, .noSuchFileOrDirectory) }
            return number
        }
        return InMemoryFile(self, number, path)
    }

    func rename(_ from: FilePath, to target: FilePath) throws(FileError) {
        try perform("rename", target) { state throws(FileError) in
            guard let number = state.names.removeValue(forKey: from) else {
                throw FileError("rename", from, .noSuchFileOrDirectory)
            }
            state.names[target] = number
        }
    }

    func remove(_ path: FilePath) throws(FileError) {
        try perform("unlink", path) { state in state.names[path] = nil }
    }

    func syncFolder(_ path: FilePath) throws(FileError) {
        try perform("fsync", path) { state in
            for name in state.durableNames.keys where name.removingLastComponent() == path {
                state.durableNames[name] = nil
            }
            for (name, number) in state.names where name.removingLastComponent() == path {
                state.durableNames[name] = number
            }
        }
    }

    func copyOwnership(of status: FileStatus, to path: FilePath) throws(FileError) {
        try perform("chmod", path) { state in
            guard let number = state.names[path] else { return }
            state.nodes[number]?.mode = status.mode
        }
    }

    func realPath(of path: FilePath) throws(FileError) -> FilePath { path }
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
                room = min(room, max(0, capacity - state.nodes.values.reduce(0) { $0 + $1.bytes.count }))
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
