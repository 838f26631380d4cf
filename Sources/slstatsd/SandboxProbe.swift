// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CProbe
internal import Glibc
internal import SlstatsProtocol
internal import SystemPackage

/// Finds out by trying which protections of the unit hold: under a user manager many directives start fine and do nothing
/// (systemd.exec(5), "Sandboxing").
///
/// Where an ordinary user could not do a thing anyway, being refused proves nothing; those look at what the kernel says
/// of the process instead.
struct SandboxProbe {
    enum Verdict: String {
        case effective = "effective"
        case ineffective = "not effective"
        /// There is nothing here that it could protect.
        case absent = "nothing to protect"
    }

    struct Finding {
        let directive: String
        let what: String
        let verdict: Verdict
    }

    let home: String
    let runtimeFolder: String?

    /// Prints a line for each, and answers the exit code.
    static func report(_ surroundings: SocketLocation.Surroundings) -> Int32 {
        guard let home = surroundings.ownHome else {
            print("HOME names no folder of yours")
            return 1
        }
        let findings = SandboxProbe(home: home, runtimeFolder: surroundings.absolute("XDG_RUNTIME_DIR")).findings()
        for finding in findings {
            let verdict = finding.verdict.rawValue
            let gap = String(repeating: " ", count: max(0, 20 - verdict.count))
            print("\(verdict)\(gap)\(finding.directive): \(finding.what)")
        }
        return findings.contains { $0.verdict == .ineffective } ? 1 : 0
    }

    /// In the order of the unit. The last ones cannot be undone: a process that has asked should end.
    func findings() -> [Finding] {
        [
            state("PrivateUsers", "root is nobody in here", !ProcessSurroundings.hasRoot),
            state("NoNewPrivileges", "no program gives more rights", Self.status("NoNewPrivs") == "1"),
            state(
                "CapabilityBoundingSet", "no capability can come back",
                Self.status("CapBnd")?.allSatisfy { $0 == "0" } == true),
            state("UMask", "new files are the user's alone", Self.mask == 0o077),
            state("LimitCORE", "no core file", Self.coreLimit == 0),
            state(
                "ProtectSystem", "/usr, /etc and / are read-only", ["/usr", "/etc", "/"].allSatisfy(Self.isReadOnly)),
            state("ProtectHome", "the runtime folder is read-only", runtimeFolder.map(Self.isReadOnly) ?? true),
            state("ReadWritePaths", "files in the home folder can be replaced", canReplace()),
        ]
            + Self.readOnlyPlaces.map { place in
                guard exists(home + "/" + place) else { return absent("ReadOnlyPaths", "~/\(place) is not there yet") }
                return state("ReadOnlyPaths", "~/\(place) cannot be written", Self.isReadOnly(home + "/" + place))
            }
            + inaccessiblePlaces.map { path, name in
                tried("InaccessiblePaths", "\(name) cannot be opened", Self.open(path), EACCES)
            } + [
                state(
                    "PrivateDevices", "/dev has no device but null and its like",
                    !exists("/dev/kmsg") && Self.isMount("/dev")),
                state("PrivateTmp", "/tmp is another one", Self.isMount("/tmp", of: "systemd-private-")),
                state("ProtectKernelTunables", "/proc/sys is read-only", Self.isReadOnly("/proc/sys")),
                tried(
                    "ProtectKernelModules", "/usr/lib/modules cannot be opened", Self.open("/usr/lib/modules"), EACCES),
                tried("ProtectKernelLogs", "syslog(2) is refused", slstats_try_kernel_log(), EPERM),
                state("ProtectControlGroups", "/sys/fs/cgroup is read-only", Self.isReadOnly("/sys/fs/cgroup")),
                tried("ProtectClock", "clock_adjtime(2) is refused", slstats_try_adjust_clock(), EPERM),
                tried("ProtectHostname", "sethostname(2) is refused", slstats_try_hostname(), EPERM),
                tried("RestrictAddressFamilies", "no netlink socket", Self.openSocket(AF_NETLINK), EAFNOSUPPORT),
                tried("RestrictRealtime", "no real-time scheduling", slstats_try_realtime(), EPERM),
                tried("RestrictSUIDSGID", "no file becomes set-user-ID", setUserID(), EPERM),
                tried("LockPersonality", "personality(2) is refused", slstats_try_personality(), EPERM),
                tried("MemoryDenyWriteExecute", "no memory is both", slstats_try_writable_code(), EPERM),
                tried(
                    "SystemCallArchitectures", "no call of another architecture", slstats_try_other_architecture(),
                    EPERM),
                state("SystemCallFilter", "there is a filter", Self.status("Seccomp") == "2"),
                tried("SystemCallFilter", "no keyring", slstats_try_add_key(), EPERM),
                tried("SystemCallFilter", "no locked memory", slstats_try_memory_lock(), EPERM),
                tried("SystemCallFilter", "no System V shared memory", slstats_try_shared_memory(), EPERM),
                tried("SystemCallFilter", "no asynchronous I/O", slstats_try_asynchronous_io(), EPERM),
                tried("SystemCallFilter", "no mount(2)", slstats_try_mount(), EPERM),
                tried("RestrictNamespaces", "no user namespace of its own", slstats_try_user_namespace(), EPERM),
            ]
    }

    /// As in the unit; a test compares.
    private static let readOnlyPlaces = [
        ".local", "bin", ".config/systemd", ".config/environment.d", ".config/autostart", ".config/fish", ".config/git",
        ".gitconfig", ".cargo", ".npm", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile",
        ".zshenv",
        ".zprofile", ".zshrc", ".zlogin", ".pam_environment",
    ]

    /// As in the unit; a test compares.
    private var inaccessiblePlaces: [(path: String, name: String)] {
        let inHome = [
            ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".terraform.d", ".vault-token", ".netrc",
            ".git-credentials", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".password-store", ".cargo/credentials.toml",
            ".m2/settings.xml", ".gradle/gradle.properties", ".mozilla", ".config/gcloud", ".config/gh", ".config/hub",
            ".config/containers", ".config/rclone", ".config/google-chrome", ".config/chromium",
            ".local/share/keyrings", ".bash_history",
        ]
        let inRuntimeFolder = [
            "bus", "systemd/private", "gnupg", "keyring", "ssh-agent.socket", "podman", "docker.sock",
        ]
        return inHome.map { (home + "/" + $0, "~/" + $0) }
            + (runtimeFolder.map { folder in inRuntimeFolder.map { (folder + "/" + $0, "$XDG_RUNTIME_DIR/" + $0) } }
                ?? [])
            + ["/dev/shm", "/dev/mqueue", "/etc/machine-id"].map { ($0, $0) }
    }

    // MARK: - Verdicts

    private func state(_ directive: String, _ what: String, _ holds: Bool) -> Finding {
        Finding(directive: directive, what: what, verdict: holds ? .effective : .ineffective)
    }

    private func absent(_ directive: String, _ what: String) -> Finding {
        Finding(directive: directive, what: what, verdict: .absent)
    }

    /// - Parameter outcome: 0 if it was possible, otherwise the errno.
    private func tried(_ directive: String, _ what: String, _ outcome: CInt, _ expected: CInt) -> Finding {
        let verdict: Verdict =
            switch outcome {
            case expected: .effective
            case ENOENT, -1: .absent
            default: .ineffective
            }
        return Finding(directive: directive, what: what, verdict: verdict)
    }

    // MARK: - Trying

    private func canReplace() -> Bool {
        let path = home + "/.slstats-probe-\(getpid())"
        let descriptor = Glibc.open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        defer { unlink(path + ".renamed") }
        return rename(path, path + ".renamed") == 0
    }

    private func setUserID() -> CInt {
        let path = home + "/.slstats-probe-\(getpid())"
        let descriptor = Glibc.open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        defer {
            close(descriptor)
            unlink(path)
        }
        return fchmod(descriptor, 0o4600) == 0 ? 0 : errno
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// A socket cannot be opened, and says so (ENXIO), unless not even that is allowed: it is connected to.
    private static func open(_ path: String) -> CInt {
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return 0
        }
        return errno == ENXIO ? 0 : errno
    }

    private static func openSocket(_ family: CInt) -> CInt {
        let descriptor = socket(family, CInt(SOCK_RAW.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        close(descriptor)
        return 0
    }

    // MARK: - What the kernel says

    private static func lines(_ path: FilePath) -> [Substring] {
        ProcessSurroundings.text(path)?.split(separator: "\n") ?? []
    }

    /// A line of `/proc/self/status` (proc(5)).
    private static func status(_ name: String) -> String? {
        let line = lines("/proc/self/status").first { $0.hasPrefix(name + ":") }
        return line.map { $0.dropFirst(name.count + 1).filter { !$0.isWhitespace } }
    }

    private static var mask: mode_t {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }

    private static var coreLimit: rlim_t {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        return limit.rlim_cur
    }

    /// By its mount, whoever we are.
    private static func isReadOnly(_ path: String) -> Bool {
        var status = statvfs()
        return statvfs(path, &status) == 0 && status.f_flag & UInt(ST_RDONLY) != 0
    }

    /// - Parameter root: what is mounted there contains this in its path.
    private static func isMount(_ path: String, of root: String = "") -> Bool {
        // "36 35 98:0 /mnt1 /mnt2 rw,noatime …": the fourth is what is mounted, the fifth where.
        lines("/proc/self/mountinfo").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 5 && fields[4] == path && (root.isEmpty || fields[3].contains(root))
        }
    }
}
