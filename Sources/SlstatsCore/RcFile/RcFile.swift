// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
internal import SlstatsProtocol
package import SystemPackage

/// `~/.serverlessrc`: the user's switch, in a file that also holds other programs' credentials (RcFileFormat.md).
///
/// Read whenever it changed, never renamed away, never written anew: what we cannot read strictly we do not touch.
package struct RcFile {
    package enum Content: Sendable, Equatable {
        case missing
        case usable(JSON)
        /// Somebody has to look at it; until then nobody's consent can be read from it. The text names what is wrong.
        case unusable(String)
    }

    let home: FilePath?
    private let userID: UInt32
    let files: any FileSystem
    let clock: WallClock
    var random: RandomSource
    private var lastSeen: (path: FilePath, identity: FileStatus.Identity, content: Content)?

    /// A user's rc file is small; what is larger is not one.
    static let maximumBytes = 1 << 20

    /// - Parameters:
    ///   - home: `nil` where there is none; then there is no rc file and none is made.
    ///   - userID: only a file of this user is believed or changed.
    package init(
        home: FilePath?, userID: UInt32, files: any FileSystem, clock: WallClock,
        random: RandomSource
    ) {
        self.home = home
        self.userID = userID
        self.files = files
        self.clock = clock
        self.random = random
    }

    /// `~/.serverlessrc`, unless only `~/.config/.serverlessrc` exists (serverless-semantics, section 4.2).
    package var path: FilePath? {
        guard let home else { return nil }
        let usual = home.appending(".serverlessrc")
        let alternative = home.appending(".config").appending(".serverlessrc")
        guard exists(usual) || !exists(alternative) else { return alternative }
        return usual
    }

    private func exists(_ path: FilePath) -> Bool {
        do { return try files.status(of: path) != nil } catch { return true }
    }

    // MARK: - Reading

    /// What the file says now. Costs a stat(2) or two while nobody has changed it.
    package mutating func read() -> Content {
        guard let path else { return .missing }
        do throws(FileError) {
            guard let status = try files.status(of: path) else { return .missing }
            if let lastSeen, lastSeen.path == path, lastSeen.identity == status.identity { return lastSeen.content }
            let content = try load(path, status)
            lastSeen = (path, status.identity, content)
            return content
        } catch {
            return .unusable(error.description)
        }
    }

    func load(_ path: FilePath, _ status: FileStatus) throws(FileError) -> Content {
        guard status.kind == .file else { return .unusable("\(path) is not a file") }
        guard status.userID == userID else { return .unusable("\(path) belongs to another user") }
        let bytes = try files.read(path, limit: Self.maximumBytes)
        do throws(JSONError) {
            let json = try JSON(parsing: bytes)
            return json.object == nil ? .unusable("\(path) is not a JSON object") : .usable(json)
        } catch {
            return .unusable("\(path) is not strict JSON: \(error)")
        }
    }
}
