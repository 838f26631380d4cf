// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// Where the daemon listens, computed by client and daemon with this one function (Protocol.md, "Where").
package struct SocketLocation: Sendable, Equatable {
    package let path: String

    /// What the function needs to know of the process; read once at the entry point, made up in tests.
    package struct Surroundings: Sendable {
        package let userID: UInt32
        package let variable: @Sendable (String) -> String?
        /// The permissions of a folder (0o700) that exists, is no symbolic link, and belongs to the user; else `nil`.
        package let modeOfOwnFolder: @Sendable (String) -> UInt32?

        package init(
            userID: UInt32, variable: @escaping @Sendable (String) -> String?,
            modeOfOwnFolder: @escaping @Sendable (String) -> UInt32? = PrivateFolder.modeOfOwn
        ) {
            self.userID = userID
            self.variable = variable
            self.modeOfOwnFolder = modeOfOwnFolder
        }

        /// An absolute path from the environment; the XDG Base Directory Specification says to ignore relative ones.
        package func absolute(_ name: String) -> String? {
            guard let value = variable(name), value.utf8.first == UInt8(ascii: "/") else { return nil }
            return value.count > 1 && value.hasSuffix("/") ? String(value.dropLast()) : value
        }

        /// `HOME`, if there is one and it is the user's: under sudo it may be somebody else's, where nothing of ours is
        /// to be made. A link to a folder will do.
        package var ownHome: String? {
            guard let home = absolute("HOME"), home != "/", modeOfOwnFolder(home + "/.") != nil else { return nil }
            return home
        }

        /// Whether sockets can be kept there: who may write in a folder can put their own socket in the place of ours.
        fileprivate func isRuntimeFolder(_ path: String) -> Bool {
            modeOfOwnFolder(path).map { $0 & 0o022 == 0 } ?? false
        }

        /// What is wrong with `XDG_RUNTIME_DIR`, for whoever wonders why the socket is elsewhere; `nil` if it is used, not
        /// set, or not asked for (XDG Base Directory Specification: say so and use another folder).
        package var passedOver: String? {
            guard let value = variable("XDG_RUNTIME_DIR"), variable("SLSTATS_SOCKET") ?? "" == "" else { return nil }
            guard !value.isEmpty else { return "XDG_RUNTIME_DIR is empty" }
            guard let folder = absolute("XDG_RUNTIME_DIR") else {
                return "XDG_RUNTIME_DIR is \(value), which is not an absolute path"
            }
            guard let mode = modeOfOwnFolder(folder) else {
                return "XDG_RUNTIME_DIR is \(folder), which is not a folder of yours"
            }
            return mode & 0o022 == 0 ? nil : "XDG_RUNTIME_DIR is \(folder), in which others may write"
        }
    }

    /// `$SLSTATS_SOCKET`; else the runtime folder; else the state folder. Never `/tmp`, where others could be first.
    package static func resolve(_ surroundings: Surroundings) throws(SocketLocationError) -> SocketLocation {
        if let path = surroundings.variable("SLSTATS_SOCKET"), !path.isEmpty {
            guard path.hasPrefix("/") else { throw SocketLocationError(code: .relative, path: path) }
            return try SocketLocation(checking: path)
        }
        let runtimeFolders = [surroundings.absolute("XDG_RUNTIME_DIR"), "/run/user/\(surroundings.userID)"]
        for folder in runtimeFolders.compactMap({ $0 }) where surroundings.isRuntimeFolder(folder) {
            return try SocketLocation(checking: "\(folder)/slstats/slstatsd.sock")
        }
        guard let state = stateFolder(surroundings) else { throw SocketLocationError(code: .noHome, path: "") }
        return try SocketLocation(checking: "\(state)/slstatsd.sock")
    }

    /// `$XDG_STATE_HOME/slstats`, else `~/.local/state/slstats`; `nil` without a home of the user's own.
    package static func stateFolder(_ surroundings: Surroundings) -> String? {
        if let folder = surroundings.absolute("XDG_STATE_HOME") { return "\(folder)/slstats" }
        return surroundings.ownHome.map { "\($0)/.local/state/slstats" }
    }

    package init(checking path: String) throws(SocketLocationError) {
        guard path.utf8.count <= ProtocolLimits.maximumSocketPathBytes, !path.utf8.contains(0) else {
            throw SocketLocationError(code: .tooLong, path: path)
        }
        self.path = path
    }

    /// The folder that holds the socket; it is created 0700.
    package var folder: String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}

/// Why there is no place for a socket.
package struct SocketLocationError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable { case tooLong, relative, noHome }

    package let code: Code
    package let path: String

    package init(code: Code, path: String) {
        self.code = code
        self.path = path
    }

    package var description: String {
        switch code {
        case .tooLong:
            """
            the socket path \(path) has \(path.utf8.count) bytes, the limit is \(ProtocolLimits.maximumSocketPathBytes); \
            set SLSTATS_SOCKET to a shorter one
            """
        case .relative: "SLSTATS_SOCKET is \(path), which is not an absolute path"
        case .noHome:
            """
            neither XDG_STATE_HOME nor HOME names a folder of yours to keep the state in; \
            set HOME to your own (sudo -H does), or XDG_STATE_HOME
            """
        }
    }
}
