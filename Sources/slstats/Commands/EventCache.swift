// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OrderedJSON

/// The folder in which the original keeps its events, one a file (serverless-semantics, section 4.5).
struct EventCache {
    let folder: String

    /// What one file holds.
    enum Entry: Equatable {
        /// With the file's name as its id, and the time of storing if it has none.
        case event(JSON)
        /// Older than a week, or without a time.
        case expired
        /// No JSON object with a payload, or still being written.
        case unreadable
        /// Somebody else has taken it.
        case gone
    }

    private static let maximumBytes = 64 << 10
    private static let maximumAge: Int64 = 7 * 24 * 3600 * 1000

    /// The files with a UUID in lower case for a name; others are not the original's.
    var names: [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if Self.isOurs(name) { names.append(name) }
        }
        return names.sorted()
    }

    static func isOurs(_ name: String) -> Bool {
        let groups = name.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && groups.joined().utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
    }

    /// - Parameter now: Unix milliseconds.
    func read(_ name: String, now: Int64) -> Entry {
        switch bytes(of: name) {
        case .failure(let error): error.errno == ENOENT ? .gone : .unreadable
        case .success(let bytes): Self.entry(bytes, name: name, now: now)
        }
    }

    static func entry(_ bytes: [UInt8], name: String, now: Int64) -> Entry {
        guard let json = try? JSON(parsing: bytes), var payload = json["payload"]?.object else { return .unreadable }
        guard let timestamp = json["timestamp"]?.integer, timestamp > now - maximumAge else { return .expired }
        if payload["id"] == nil { payload["id"] = .string(name) }
        // A clock that was wrong is no reason to send an event from the future.
        if payload["timestamp"] == nil { payload["timestamp"] = JSON(min(timestamp, now)) }
        return .event(.object(payload))
    }

    /// - Returns: whether it is gone.
    func remove(_ name: String) -> Bool { unlink("\(folder)/\(name)") == 0 || errno == ENOENT }

    private struct ReadError: Error {
        let errno: CInt
    }

    private func bytes(of name: String) -> Result<[UInt8], ReadError> {
        let descriptor = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(ReadError(errno: errno)) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if got == 0 { return .success(Array(bytes[..<count])) }
            if got > 0 { count += got } else if errno != EINTR { return .failure(ReadError(errno: errno)) }
        }
        return .failure(ReadError(errno: EFBIG))
    }
}

extension JSON {
    /// Without the member that a path such as `config.functions[].handler` names, wherever it occurs.
    func removing(path: String) -> JSON { removing(path.split(separator: ".")[...]) }

    private func removing(_ path: ArraySlice<Substring>) -> JSON {
        guard var object, let first = path.first else { return self }
        let isArray = first.hasSuffix("[]")
        let key = String(isArray ? first.dropLast(2) : first)
        guard let value = object[key] else { return self }
        if path.count == 1 {
            object[key] = nil
        } else if isArray {
            object[key] = .array((value.array ?? []).map { $0.removing(path.dropFirst()) })
        } else {
            object[key] = value.removing(path.dropFirst())
        }
        return .object(object)
    }
}
