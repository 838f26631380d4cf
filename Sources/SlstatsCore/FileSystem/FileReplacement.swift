// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// What stands at a path whose content is to be replaced.
package enum ReplacedFile: Sendable {
    /// A file of our own, or nothing: the new one is 0600 and ours.
    case own
    /// A file whose mode, owner, access list and attributes the new one has to have.
    case existing(FileStatus)
    /// Nothing, and if that has changed meanwhile the new file is not put there.
    case nothing
}

extension FileSystem {
    /// Replaces a file as a whole: after a crash there is the old content or the new, never a mixture, never nothing.
    ///
    /// Temporary file beside it, sync, rename, sync of the folder: without the first sync the new name can come back
    /// empty, without the second the old content (engineering-notes, section 2).
    ///
    /// - Parameters:
    ///   - temporaryName: one that nobody else uses.
    ///   - isStillWanted: asked at the last moment before the rename; if it says no, nothing has happened.
    /// - Returns: whether the file was replaced.
    @discardableResult
    package func replace(
        _ path: FilePath, with bytes: [UInt8], _ old: ReplacedFile = .own, temporaryName: String? = nil,
        ifStill isStillWanted: () throws(FileError) -> Bool = { () throws(FileError) in true }
    ) throws(FileError) -> Bool {
        let folder = path.removingLastComponent()
        let temporary = folder.appending(temporaryName ?? "\(path.lastComponent?.string ?? "file").tmp")
        do throws(FileError) {
            // Left over from a crash: only we use this name.
            if temporaryName == nil { try remove(temporary) }
            let file = try create(temporary)
            try file.append(bytes)
            if case .existing(let status) = old { try copyAttributes(of: status, at: path, to: temporary) }
            try file.syncWithAttributes()
            guard try isStillWanted(), try put(temporary, at: path, old) else {
                try remove(temporary)
                return false
            }
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncFolder(folder)
        return true
    }

    private func put(_ temporary: FilePath, at path: FilePath, _ old: ReplacedFile) throws(FileError) -> Bool {
        switch old {
        case .own, .existing:
            try rename(temporary, to: path)
            return true
        case .nothing:
            do throws(FileError) {
                try publish(temporary, as: path)
                return true
            } catch {
                switch error.errno {
                case .fileExists: return false
                case .notPermitted, .notSupported, .noFunction:
                    // No hard links here: look once more instead.
                    guard try status(of: path) == nil else { return false }
                    try rename(temporary, to: path)
                    return true
                default: throw error
                }
            }
        }
    }
}
