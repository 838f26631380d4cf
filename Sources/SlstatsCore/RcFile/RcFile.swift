// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
internal import SlstatsProtocol
package import SystemPackage

/// `~/.serverlessrc`: the user's switch, in a file that also holds other programs' credentials (RcFileFormat.md).
///
/// Read whenever it changed, never renamed away, never written anew: what we cannot read strictly we do not touch.
package struct RcFile {
    package enum Content: Sendable, Equatable {
        case missing
        case usable(RcFileMembers)
        /// Somebody has to look at it; until then nobody's consent can be read from it.
        case unusable(RcFileProblem)
    }

    /// `nil` where there is no home; then there is no rc file, none is made, and nobody knows what it would say.
    let location: RcFileLocation?
    let userID: UInt32
    /// Whose symbolic links are followed: the user's and the administrator's.
    let linkOwners: Set<UInt32>
    let files: any FileSystem
    let clock: WallClock
    var random: RandomSource
    private var memo = FileMemo<Content>()

    /// A user's rc file is small; what is larger is not one.
    static let maximumBytes = 1 << 20

    /// - Parameters:
    ///   - userID: only a file of this user is believed or changed.
    ///   - administrator: whose links are followed besides.
    package init(
        _ location: RcFileLocation?, userID: UInt32, administrator: UInt32 = 0, files: any FileSystem,
        clock: WallClock, random: RandomSource
    ) {
        self.location = location
        path = location?.usual
        self.userID = userID
        linkOwners = [userID, administrator]
        self.files = files
        self.clock = clock
        self.random = random
    }

    /// Where it was, or would have been made, when it was last read; `nil` where there is no home.
    package internal(set) var path: FilePath?

    // MARK: - Reading

    /// What the file says now. Costs a stat(2) while nobody has changed it.
    package mutating func read() -> Content {
        guard let location else { return .unusable(.noHome) }
        let place: (path: FilePath, status: FileStatus?)
        do throws(FileError) {
            place = try location.find(files)
        } catch {
            return .unusable(.unreadable(error.path, error))
        }
        path = place.path
        guard let status = place.status else { return foreignHome(location.home).map(Content.unusable) ?? .missing }
        do throws(FileError) {
            if let known = memo.content(of: place.path, status) { return known }
            let content = try load(place.path, status)
            memo.remember(content, of: place.path, status, now: clock.milliseconds)
            return content
        } catch {
            return .unusable(.unreadable(place.path, error))
        }
    }

    func load(_ path: FilePath, _ status: FileStatus) throws(FileError) -> Content {
        if let problem = unfit(path, status) { return .unusable(problem) }
        let bytes = try files.read(path, limit: Self.maximumBytes)
        do throws(JSONError) {
            return .usable(try RcFileMembers(parsing: bytes))
        } catch {
            return .unusable(.malformed(path, error, in: bytes))
        }
    }

    /// What keeps us from even looking into it.
    func unfit(_ path: FilePath, _ status: FileStatus) -> RcFileProblem? {
        guard status.kind == .file else { return .notAFile(path, status.kind) }
        guard status.userID == userID else { return .foreignOwner(path, status.userID) }
        return nil
    }

    /// A home that is not ours (sudo keeps HOME) holds somebody else's choice, which we cannot know.
    func foreignHome(_ home: FilePath) -> RcFileProblem? {
        do throws(FileError) {
            guard let status = try files.status(of: home), status.userID != userID else { return nil }
            return .foreignHome(home, status.userID)
        } catch {
            return .unreadable(home, error)
        }
    }

    /// Both places and where their links lead: what happens elsewhere is no change.
    func possiblePaths() -> [FilePath] {
        guard let location else { return [] }
        let places = [location.usual, location.alternative]
        let targets = places.compactMap { try? files.finalTarget(of: $0, trusting: linkOwners) }
        return places + targets
    }

    // MARK: - What should be looked at

    /// Things that do not keep us from reading the file and that its owner would want to know.
    package func warnings() -> [String] {
        guard let location, let place = try? location.find(files), let status = place.status,
            status.kind == .file
        else { return [] }
        var warnings: [String] = []
        if place.path == location.usual, let other = try? files.status(of: location.alternative),
            other.identity != status.identity
        {
            warnings.append("\(location.alternative) is there too and is ignored.")
        }
        if status.mode & 0o022 != 0 {
            warnings.append("\(place.path) can be changed by other users: chmod go-w \(place.path)")
        }
        if status.mode & 0o044 != 0 {
            warnings.append(
                "\(place.path) can be read by other users and may hold credentials: chmod go-r \(place.path)")
        }
        let folder = place.path.removingLastComponent()
        if let mode = try? files.status(of: folder)?.mode, mode & 0o1002 == 0o0002 {
            warnings.append("Any user can replace files in \(folder): chmod o-w \(folder)")
        }
        return warnings
    }
}
