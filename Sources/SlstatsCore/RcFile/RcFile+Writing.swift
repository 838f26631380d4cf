// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON
internal import SlstatsProtocol
internal import SystemPackage

extension RcFile {
    /// One member and its new value.
    package struct Change: Sendable {
        package let path: [String]
        let value: JSON

        package init(_ path: [String], _ value: JSON) {
            self.path = path
            self.value = value
        }
    }

    /// How often we start again at once because another program wrote in between; a try costs about a millisecond, and
    /// others wait for us meanwhile.
    private static var maximumAttempts: Int { 16 }

    private static var updatedAt: [String] { ["meta", "updated_at"] }

    /// Changes members of the file and nothing else in it; `meta.updated_at` goes with every change.
    ///
    /// If another program wrote between our reading and our renaming, its version is read and changed instead.
    ///
    /// - Returns: how often that happened.
    @discardableResult
    package mutating func set(_ changes: [Change]) throws(RcFileError) -> Int {
        guard let location else { throw RcFileError("~/.serverlessrc", "there is no home to keep it in") }
        for attempt in 0..<Self.maximumAttempts where try setOnce(changes, location) { return attempt }
        throw RcFileError(contended: location.usual)
    }

    /// Answers false if the file changed under our hands.
    private mutating func setOnce(_ changes: [Change], _ location: RcFileLocation) throws(RcFileError) -> Bool {
        let (path, status) = try checked(location.usual) { () throws(FileError) in try location.find(files) }
        self.path = path
        let target = try checked(path) { () throws(FileError) in
            try files.finalTarget(of: path, trusting: linkOwners)
        }
        guard let status else { return try make(target, changes, location) }
        // Somebody has put another file in its place while we asked.
        guard status.linkCount > 0 else { return false }
        guard status.linkCount == 1 else {
            throw RcFileError(
                path,
                "it has \(status.linkCount) hard links, and replacing it would part them; see: find ~ -samefile \(path)"
            )
        }
        if let problem = unfit(path, status) { throw RcFileError(path, "it \(problem.reason)") }
        let old = try checked(path) { () throws(FileError) in try files.read(target, limit: Self.maximumBytes) }
        let new = try edited(old, changes, path)
        let name = temporaryName()
        return try replaced(path, target, new) { () throws(FileError) in
            try files.replace(target, with: new, .existing(status), temporaryName: name) { () throws(FileError) in
                // The content too: two writes of one size within a tick of the clock look alike.
                guard try files.status(of: path)?.identity == status.identity else { return false }
                return try files.read(target, limit: Self.maximumBytes) == old
            }
        }
    }

    /// The first write makes the file, in a home that is ours; where a dangling link leads, if there is one.
    private mutating func make(
        _ target: FilePath, _ changes: [Change], _ location: RcFileLocation
    ) throws(RcFileError) -> Bool {
        for folder in [location.home, target.removingLastComponent()] {
            if let problem = foreignHome(folder) { throw RcFileError(location.usual, problem.description) }
        }
        let content = try edited(initialContent(), changes, location.usual)
        let name = temporaryName()
        return try replaced(location.usual, target, content) { () throws(FileError) in
            try files.replace(target, with: content, .nothing, temporaryName: name)
        }
    }

    private func edited(_ old: [UInt8], _ changes: [Change], _ path: FilePath) throws(RcFileError) -> [UInt8] {
        var document: JSONEdit
        do throws(JSONError) { document = try JSONEdit(old) } catch {
            throw RcFileError(path, "it \(RcFileProblem.malformed(path, error, in: old).reason)")
        }
        var paths = changes.map(\.path)
        do throws(JSONError) {
            for change in changes { try document.set(change.path, to: change.value) }
        } catch {
            throw RcFileError(path, "it has something else where \(changes[0].path.joined(separator: ".")) belongs")
        }
        do throws(JSONError) {
            try document.set(Self.updatedAt, to: JSON(clock.seconds))
            paths.append(Self.updatedAt)
        } catch {
            // A `meta` of another type is somebody else's: it stays as it is.
        }
        let new = document.bytes
        guard new.count <= Self.maximumBytes else { throw RcFileError(path, "it would have more than 1 MiB") }
        guard JSONEdit.isOnlyChanged(at: paths, from: old, to: new) else {
            throw RcFileError(path, "the change would have touched more than it should; please report this")
        }
        return new
    }

    /// What the original writes on its first run (serverless-semantics, section 4.2), with a random id instead of one
    /// that is made of the machine's address and the time.
    private mutating func initialContent() -> [UInt8] {
        let frameworkID = EventID(using: &random)
        let json: JSON = [
            "userId": .null, "frameworkId": .string(frameworkID.description), "trackingDisabled": false,
            "enterpriseDisabled": false, "meta": ["created_at": JSON(clock.seconds), "updated_at": .null],
        ]
        return Array(json.prettyPrinted().utf8)
    }

    /// Tells an error before the rename from one behind it, when only the sync of the folder is missing.
    private func replaced(
        _ path: FilePath, _ target: FilePath, _ new: [UInt8], _ body: () throws(FileError) -> Bool
    ) throws(RcFileError) -> Bool {
        do { return try body() } catch {
            let isReplaced = (try? files.read(target, limit: Self.maximumBytes)) == new
            throw RcFileError(path, error, isReplaced: isReplaced)
        }
    }

    private func checked<Value>(
        _ path: FilePath, _ body: () throws(FileError) -> Value
    ) throws(RcFileError) -> Value {
        do { return try body() } catch { throw RcFileError(path, error) }
    }

    // MARK: - Temporary files

    private static var temporaryMark: String { ".slstats-" }

    /// `.serverlessrc.slstats-1f2e3d4c5b6a7988`: nobody else's, not even that of a daemon with another state folder.
    private mutating func temporaryName() -> String {
        let name = location?.stage.rcFileName ?? ".serverlessrc"
        return name + Self.temporaryMark + random.next().hexDigits
    }

    /// Removes what a crash left of our changes: they were never in place, and hold what the file holds.
    ///
    /// If another daemon is at work in this very moment it loses its try and starts again.
    package func removeLeftovers() throws(FileError) {
        guard let location else { return }
        var folders: Set<FilePath> = [location.home, location.home.appending(".config")]
        for path in [location.usual, location.alternative] {
            guard let target = try? files.finalTarget(of: path, trusting: linkOwners) else { continue }
            folders.insert(target.removingLastComponent())
        }
        for folder in folders.sorted(by: { $0.string < $1.string }) {
            guard try files.status(of: folder) != nil else { continue }
            for name in try files.names(in: folder) where Self.isTemporary(name) {
                try files.remove(folder.appending(name))
            }
        }
    }

    /// Of any stage; nobody else gives a file such a name.
    private static func isTemporary(_ name: String) -> Bool {
        let parts = name.split(separator: temporaryMark, omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].hasPrefix(".serverless") && parts[0].hasSuffix("rc")
            && parts[1].utf8.count == 16 && parts[1].utf8.allSatisfy { $0.hexDigitValue != nil }
    }
}
