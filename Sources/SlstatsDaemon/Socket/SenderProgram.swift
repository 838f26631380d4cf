// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsCore
internal import SystemPackage

/// Which program is at the other end of a connection, by proc(5): where its executable is, or, in a sandbox that may not
/// look (ptrace(2), "Ptrace access mode checking"), what it is called.
struct SenderProgram {
    private let root: FilePath
    private let files: any FileSystem

    /// - Parameter root: `/proc`.
    init(root: FilePath = "/proc", files: any FileSystem) {
        self.root = root
        self.files = files
    }

    /// Our own client records for whoever has called it: that is the sender.
    func name(of process: pid_t) -> String {
        let name = ownName(of: process)
        guard name.split(separator: "/").last == "slstats", let parent = parent(of: process) else { return name }
        return ownName(of: parent)
    }

    private func ownName(of process: pid_t) -> String {
        let folder = root.appending("\(process)")
        if let path = (try? files.finalTarget(of: folder.appending("exe"), trusting: [getuid(), 0]))?.string,
            !path.hasPrefix(folder.string)
        {
            return path
        }
        // Ended already, or not ours to look at.
        guard let name = try? files.read(folder.appending("comm"), limit: 64) else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// The fourth field of `stat`, behind the name in parentheses, which may have some itself.
    private func parent(of process: pid_t) -> pid_t? {
        guard let bytes = try? files.read(root.appending("\(process)").appending("stat"), limit: 4096),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let parent = pid_t(String(decoding: fields[1], as: UTF8.self)), parent > 0 else {
            return nil
        }
        return parent
    }
}
