// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsCore
internal import SystemPackage

/// The token of `collector.tokenFile`, read for each request, so that it can be changed at any time and is nowhere else
/// in the meantime.
struct BearerToken {
    private static let maximumBytes = 8 << 10

    let header: String

    /// Why there is none, with the mend.
    struct Problem: Error {
        let description: String
    }

    /// - Parameter owner: who keeps it for everybody who may read it; `nil` for one that nobody but this user may.
    init(readingFrom path: FilePath, owner: UInt32? = nil, files: some FileSystem) throws(Problem) {
        let bytes: [UInt8]
        let status: FileStatus?
        do throws(FileError) {
            status = try files.status(of: path)
            bytes = try files.read(path, limit: Self.maximumBytes)
        } catch {
            throw Problem(description: "collector.tokenFile: \(error)")
        }
        if let owner {
            guard let status, status.mode & 0o022 == 0, status.userID == owner else {
                throw Problem(
                    description: "collector.tokenFile: \(path) can be written by others than root; as root: "
                        + "chown root \(path) && chmod go-w \(path)")
            }
        } else {
            guard let status, status.mode & 0o077 == 0, status.userID == geteuid() else {
                throw Problem(description: "collector.tokenFile: others can read \(path); try: chmod 600 \(path)")
            }
        }
        let token = bytes.filter { !Array(" \t\r\n".utf8).contains($0) }
        guard !token.isEmpty, token.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            throw Problem(description: "collector.tokenFile: \(path) holds no token")
        }
        header = "Bearer " + String(decoding: token, as: UTF8.self)
    }
}
