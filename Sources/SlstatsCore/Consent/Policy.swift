// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// What the administrator of a machine has to say: `/etc/slstats/policy.json`, which can only make things stricter.
///
///     {"consent": {"mode": "off"}}
package enum Policy: Sendable, Equatable {
    case missing
    case rules(PolicyRules)
    /// Anybody could have written it, so it says nothing; the text tells why.
    case untrusted(String)
    /// Doubt about what the administrator wants is a no; the text tells what is wrong.
    case broken(String)
}

/// The policy's file, read again when it changed.
package struct PolicyFile {
    package let path: FilePath
    private let administrator: UInt32
    private let files: any FileSystem
    private let clock: WallClock
    private var memo = FileMemo<Policy>()

    private static let maximumBytes = 1 << 20

    /// - Parameter administrator: the only user whose file is believed: root, by whatever number it is known here.
    package init(_ path: FilePath, administrator: UInt32, files: any FileSystem, clock: WallClock) {
        self.path = path
        self.administrator = administrator
        self.files = files
        self.clock = clock
    }

    package mutating func read() -> Policy {
        do throws(FileError) {
            guard let status = try files.status(of: path) else {
                // Whoever has put it there wanted something.
                return try files.isLink(path) ? .broken("\(path) is a link to nothing") : .missing
            }
            if let reason = try files.distrust(path, administrator: administrator) { return .untrusted(reason) }
            if let known = memo.content(of: path, status) { return known }
            let policy = try load(status)
            memo.remember(policy, of: path, status, now: clock.milliseconds)
            return policy
        } catch {
            return .broken("\(path) cannot be read (\(error.operation): \(error.errno))")
        }
    }

    private func load(_ status: FileStatus) throws(FileError) -> Policy {
        guard status.kind == .file else { return .broken("\(path) is not a file") }
        let bytes = try files.read(path, limit: Self.maximumBytes)
        do throws(PolicyRules.Mistake) {
            return .rules(try PolicyRules(bytes))
        } catch {
            return .broken("\(path):\(error.line): \(error.problem)")
        }
    }
}

extension FileSystem {
    /// Why a file could say something that the administrator has not said; `nil` if nobody else could have written it.
    /// The folder counts too, in which a file can be replaced, and of a link everything on its way to the file. What is
    /// not there says nothing.
    package func distrust(_ path: FilePath, administrator: UInt32) throws(FileError) -> String? {
        var places = [path, path.removingLastComponent()]
        if try isLink(path) {
            do throws(FileError) {
                places.append(try finalTarget(of: path, trusting: [administrator]).removingLastComponent())
            } catch {
                return "\(path) is a link that somebody else than root has a hand in (\(error))"
            }
        }
        for place in places {
            guard let status = try status(of: place) else { continue }
            guard status.userID == administrator else { return "\(place) belongs to uid \(status.userID), not to root" }
            guard status.mode & 0o022 == 0 else { return "\(place) can be written by others than root" }
        }
        return nil
    }
}
