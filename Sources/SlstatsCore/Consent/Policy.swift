// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SystemPackage

/// What the administrator of a machine has to say: `/etc/slstats/policy.json`, which can only make things stricter.
///
///     {"consent": {"mode": "off"}}
package enum Policy: Sendable, Equatable {
    case missing
    /// `nil` for a policy that does not speak of consent.
    case mode(ConsentMode?)
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
            guard let status = try files.status(of: path) else { return .missing }
            if let reason = try distrust(status) { return .untrusted(reason) }
            if let known = memo.content(of: path, status) { return known }
            let policy = try load(status)
            memo.remember(policy, of: path, status, now: clock.milliseconds)
            return policy
        } catch {
            return .broken("\(path) cannot be read (\(error.operation): \(error.errno))")
        }
    }

    /// Who could have written it; the folder too, in which a file can be replaced.
    private func distrust(_ status: FileStatus) throws(FileError) -> String? {
        let folder = path.removingLastComponent()
        for (place, status) in [(path, status), (folder, try files.status(of: folder) ?? status)] {
            guard status.userID == administrator else { return "\(place) belongs to uid \(status.userID), not to root" }
            guard status.mode & 0o022 == 0 else { return "\(place) can be written by others than root" }
        }
        return nil
    }

    private func load(_ status: FileStatus) throws(FileError) -> Policy {
        guard status.kind == .file else { return .broken("\(path) is not a file") }
        let bytes = try files.read(path, limit: Self.maximumBytes)
        do throws(JSONError) {
            return Self.policy(try JSON(parsing: bytes), path)
        } catch {
            return .broken("\(path) is not strict JSON: \(error)")
        }
    }

    /// A key that we do not know was meant to forbid something.
    private static func policy(_ json: JSON, _ path: FilePath) -> Policy {
        guard let policy = json.object else { return .broken("\(path) is not a JSON object") }
        var mode: ConsentMode?
        for member in policy.members {
            guard member.key == "consent", let consent = member.value.object else {
                return .broken("\(path) has something unknown at \(member.key)")
            }
            for member in consent.members {
                guard member.key == "mode", let known = member.value.string.flatMap(ConsentMode.init(rawValue:)) else {
                    return .broken("\(path) has something unknown at consent.\(member.key)")
                }
                mode = known
            }
        }
        return .mode(mode)
    }
}
