// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

/// What tells this person, this machine and this account from others, looked up once when the daemon starts.
///
/// No name server is asked, and nothing of the hardware is read: addresses and machine ids are known by their form.
enum ProcessIdentities {
    static func current(_ surroundings: SocketLocation.Surroundings) -> [Identity] {
        var found: [Identity?] = []
        for name in ["USER", "LOGNAME", "SUDO_USER"] {
            found.append(surroundings.variable(name).flatMap { Identity(.loginName, $0) })
        }
        found += account(surroundings.userID)
        if let home = surroundings.absolute("HOME") {
            found.append(Identity(.homeFolder, home))
            found += gitConfiguration(home, surroundings.absolute("XDG_CONFIG_HOME") ?? home + "/.config")
        }
        found += hostNames()
        found += secrets()
        return found.compactMap { $0 }
    }

    /// passwd(5): the name, the full name, the home.
    private static func account(_ userID: uid_t) -> [Identity?] {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(userID, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return [] }
        // "Ann Other,Room 1,…"
        let name = String(cString: entry.pw_gecos).split(separator: ",").first.map(String.init) ?? ""
        return [
            Identity(.loginName, String(cString: entry.pw_name)), Identity(.homeFolder, String(cString: entry.pw_dir)),
        ] + fullName(name)
    }

    /// A name, and each of its words that is long enough to be somebody's.
    private static func fullName(_ name: String) -> [Identity?] {
        let words = name.split(separator: " ").map(String.init).filter { $0.count > 3 }
        return ([name] + words).map { Identity(.fullName, $0) }
    }

    /// uname(2), and the names that hosts(5) has for it.
    private static func hostNames() -> [Identity?] {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return [] }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let short = String(name.prefix { $0 != "." })
        var names = [name, short]
        for line in (ProcessSurroundings.text("/etc/hosts") ?? "").split(separator: "\n") {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).dropFirst().map(String.init)
            if words.contains(where: { $0 == name || $0.hasPrefix(short + ".") }) { names += words }
        }
        return names.map { Identity(.hostName, $0) }
    }

    /// `user.name` and `user.email` of git-config(1), of every section of that name; what it includes is left alone.
    private static func gitConfiguration(_ home: String, _ configuration: String) -> [Identity?] {
        [home + "/.gitconfig", configuration + "/git/config"].flatMap { path in
            var section = ""
            return (ProcessSurroundings.text(FilePath(path)) ?? "").split(separator: "\n").flatMap {
                line -> [Identity?] in
                let line = line.drop { $0.isWhitespace }
                if line.first == "[" {
                    section = line.dropFirst().prefix { $0 != "]" && $0 != " " }.lowercased()
                    return []
                }
                guard section == "user", let equals = line.firstIndex(of: "=") else { return [] }
                let key = line[..<equals].filter { !$0.isWhitespace }.lowercased()
                let value = line[line.index(after: equals)...].split(whereSeparator: \.isWhitespace)
                    .joined(separator: " ").filter { $0 != "\"" }
                switch key {
                case "email": return [Identity(.emailAddress, value)]
                case "name": return fullName(value)
                default: return []
                }
            }
        }
    }

    /// Values of variables whose names say that nobody else should know them.
    private static func secrets() -> [Identity?] {
        let marks = [
            "SECRET", "TOKEN", "PASSW", "CREDENTIAL", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "AUTH",
        ]
        var found: [Identity?] = []
        var entry = environ
        while let variable = entry.pointee {
            let text = String(cString: variable)
            let name = text.prefix { $0 != "=" }
            if marks.contains(where: name.uppercased().contains) {
                found.append(Identity(.secret, String(text.dropFirst(name.count + 1))))
            }
            entry += 1
        }
        return found
    }
}
