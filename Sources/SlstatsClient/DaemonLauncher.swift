// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SlstatsProtocol

/// Starts a daemon when nobody listens: in containers and CI, where no user manager does it.
///
/// The starter binds the socket itself and hands it over, the way systemd does. So there is one winner however many start
/// at once, nobody has to wait for a sign of readiness, and a request sent meanwhile waits in the kernel's queue.
package struct DaemonLauncher: Sendable {
    /// `slstatsd` beside this program, else the one in PATH. Nothing is looked up before a daemon has to be started.
    package static func besideThisProgram() -> DaemonLauncher { DaemonLauncher() }

    /// Where the program is looked for, in this order; a name without a slash is searched in PATH.
    private static func programs() -> [String] {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count > 0, let slash = buffer[..<count].lastIndex(of: UInt8(ascii: "/")) else {
            return ["slstatsd"]
        }
        let folder = String(decoding: buffer[..<slash], as: UTF8.self)
        return ["\(folder)/slstatsd", "slstatsd"]
    }

    /// Makes sure somebody listens at the location, and answers with a connection to them.
    ///
    /// - Parameter surroundings: the daemon will have the same, and needs a place for its state.
    func connect(
        to location: SocketLocation, _ surroundings: SocketLocation.Surroundings, deadline: Deadline
    ) throws(SlstatsClientError) -> DaemonConnection {
        guard SocketLocation.stateFolder(surroundings) != nil else {
            throw SlstatsClientError(.unreachable, SocketLocationError(code: .noHome, path: "").description)
        }
        let failure: CInt
        do throws(ListenerClaimError) {
            switch try ListenerClaim.make(at: location, patience: deadline.remainingMilliseconds) {
            case .alive(let socket): return DaemonConnection(socket)
            case .busy: failure = 0
            case .bound(let listener):
                failure = start(with: listener, deadline)
                // Nobody will ever serve this socket: take it away while it is certainly ours.
                if failure != 0, let inode = ListenerClaim.inode(at: location) {
                    ListenerClaim.withdraw(location, inode: inode)
                }
            }
        } catch {
            throw SlstatsClientError(.unreachable, error.description)
        }
        guard failure == 0 else {
            let reason = String(cString: strerror(failure))
            throw SlstatsClientError(
                .unreachable,
                "daemon not reachable at \(location.path) and slstatsd could not be started: \(reason); is it in PATH? "
                    + "Where systemd starts it, try: systemctl --user restart slstatsd.socket")
        }
        do throws(SystemCallError) {
            return try DaemonConnection(to: location, deadline: deadline)
        } catch {
            // It has ended between the two, and may have been the one that somebody else started: it can be asked again.
            let isGone = error.errno == ENOENT || error.errno == ECONNREFUSED
            throw SlstatsClientError(
                isGone ? .connectionLost : .unreachable, "daemon not reachable at \(location.path): \(error)")
        }
    }

    /// POSIX_SPAWN_SETSID, which glibc's spawn.h shows to GNU C only.
    private static let newSession: Int16 = 0x80

    /// Answers 0, or the errno of the last program tried.
    private func start(with listener: borrowing UnixSocket, _ deadline: Deadline) -> CInt {
        var failure: CInt = ENOENT
        for program in Self.programs() {
            failure = spawn(program, listener, deadline)
            if failure == 0 { break }
        }
        return failure
    }

    /// With the socket as descriptor 3, /dev/null below it and nothing above, and in its own session, so that Ctrl-C and
    /// hang-up in the caller's terminal miss it.
    ///
    /// posix_spawn(3) because the host may have threads, which fork(2) would leave behind with their locks held.
    private func spawn(_ program: String, _ listener: borrowing UnixSocket, _ deadline: Deadline) -> CInt {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // From above 3: dup2 of 3 onto itself would leave close-on-exec set.
        let source = fcntl(listener.descriptor, F_DUPFD_CLOEXEC, 4)
        guard source >= 0 else { return errno }
        defer { close(source) }
        posix_spawn_file_actions_adddup2(&actions, source, 3)
        for descriptor in Self.openDescriptors() where descriptor > 3 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        var allSignals = sigset_t()
        sigemptyset(&noSignals)
        sigfillset(&allSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setsigdefault(&attributes, &allSignals)
        posix_spawnattr_setflags(
            &attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        var arguments = [strdup("slstatsd"), strdup("--socket-fd"), strdup("3"), nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        var environment = Self.environment()
        defer { for entry in environment { free(entry) } }
        let failure = posix_spawnp(&child, program, &actions, &attributes, &arguments, &environment)
        if failure == 0 { Self.wait(for: child, deadline) }
        return failure
    }

    /// The program that was started leaves the daemon behind and ends (daemon(3)), so that no host of this library, which
    /// may live for long, is its parent: it would have to wait for it, or keep a zombie.
    ///
    /// Nobody waits longer than the deadline for that. A host that ignores SIGCHLD, or waits for every child itself, finds
    /// none here (ECHILD).
    private static func wait(for child: pid_t, _ deadline: Deadline) {
        while waitpid(child, nil, WNOHANG) == 0, deadline.remainingMilliseconds > 0 {
            var pause = timespec(tv_sec: 0, tv_nsec: 500_000)
            nanosleep(&pause, nil)
        }
    }

    /// What says where things are and how we are configured; nothing else of the caller's environment, which may hold
    /// its credentials, stays in a process that outlives it.
    private static func environment() -> [UnsafeMutablePointer<CChar>?] {
        let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"]
        let names = ["HOME", "PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "SLS_ANALYTICS_URL"] + proxies
        var kept: [UnsafeMutablePointer<CChar>?] = []
        var entry = environ
        while let variable = entry.pointee {
            let text = String(cString: variable)
            let name = text.prefix { $0 != "=" }
            if names.contains(String(name)) || name.hasPrefix("XDG_") || name.hasPrefix("SLSTATS_") {
                kept.append(strdup(text))
            }
            entry += 1
        }
        // Swift's crash reporter prints what stands in memory, and can keep a dead daemon from dying.
        return kept + [strdup("SWIFT_BACKTRACE=enable=no"), nil]
    }

    /// A shell's pipe that the daemon kept open would make its reader wait for ever.
    private static func openDescriptors() -> [CInt] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [CInt] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if let descriptor = CInt(name) { descriptors.append(descriptor) }
        }
        return descriptors
    }
}
