// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
internal import Glibc
public import Logging
internal import SlstatsCore
internal import SlstatsDaemon
internal import SlstatsProtocol
internal import SystemPackage
internal import SystemdSupport

/// Options, composition, run.
@main
struct Slstatsd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slstatsd",
        abstract: "Collects the anonymous events of this user's command line tools.",
        discussion: """
            Runs in the foreground: under systemd with socket activation, started by slstats, or by hand. \
            Every setting can also stand in ~/.config/slstats/config.json or in the environment \
            (collector.url = SLSTATS_COLLECTOR_URL); the command line wins, then the environment, then the file. \
            Exit codes: 0 stopped, 64 usage, 71 the system refused something, 75 another daemon is at work, \
            78 a configuration to be mended.
            """,
        version: SlstatsVersion.current)

    @OptionGroup var settings: SettingOptions

    @Option(help: ArgumentHelp("What is logged to stderr.", valueName: "level"))
    var logLevel: Logger.Level = .info

    @Option(name: .customLong("socket-fd"), help: .hidden)
    var socketDescriptor: CInt?

    @Flag(help: "Say which protections of the unit hold for this process, and end; exit code 1 if one does not.")
    var probeSandbox = false

    mutating func run() throws {
        if probeSandbox { throw ExitCode(SandboxProbe.report(ProcessSurroundings.current)) }
        Heap.settle()
        // Until there is somebody who reads the configuration again, there is nothing to read again.
        signal(SIGHUP, SIG_IGN)
        // What was read of other programs' credentials must not end in a file.
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        var logger = Logger(label: "slstatsd", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        var handedOver: CInt?
        var path: (location: SocketLocation, inode: UInt64)?
        do {
            handedOver = try InheritedSocket.take(socketDescriptor)
            if socketDescriptor != nil, let handedOver {
                path = Self.path(of: handedOver)
                // Whoever started us is not our parent any more, and their folder is not kept busy.
                guard Glibc.daemon(0, 1) == 0 else { throw SystemCallError("daemon") }
            }
            try serve(handedOver, path?.inode, logger)
        } catch {
            logger.error("cannot run", metadata: ["reason": "\(error)"])
            if let handedOver {
                // Whoever started us looks for the path, so that stays until they have been heard.
                LastWords.say("\(error)", on: handedOver)
                if let path {
                    ListenerClaim.withdraw(path.location, inode: path.inode)
                    LastWords.say("\(error)", on: handedOver, patience: 20)
                }
            }
            throw ExitCode(Self.exitCode(for: error))
        }
    }

    private func serve(_ handedOver: CInt?, _ inode: UInt64?, _ logger: Logger) throws {
        let surroundings = ProcessSurroundings.current
        let places = try ProcessSurroundings.places(surroundings)
        let configuration = try settings.configuration(surroundings)
        // Somebody waits on a socket that was handed over, and a daemon that is about to stop has let go of its own. A
        // client's that is not at the path says nothing of the daemon that is.
        let isOurPlace = handedOver != nil && (socketDescriptor == nil || inode != nil)
        let lock = try StateLock(
            state: places.state, patience: isOurPlace ? .seconds(5) : .zero, replacesHolder: isOurPlace)
        defer { withExtendedLifetime(lock) {} }
        let listener = try DaemonListener.open(
            at: places.socket, handedOver: handedOver, inode: inode)
        var hooks = listener.hooks(logger)
        hooks.configuration = { [settings] in try settings.configuration(surroundings) }
        let daemon = Daemon(
            configuration: configuration, places: places, hooks: hooks, logger: logger,
            answersQueue: listener.isPathOurs)
        try daemon.runAlone(listener: listener.descriptor)
    }

    /// The path that the client has bound for us: ours to remove, if it is where we would listen ourselves. Read at once,
    /// since somebody else may bind it later.
    private static func path(of descriptor: CInt) -> (location: SocketLocation, inode: UInt64)? {
        guard let location = try? SocketLocation.resolve(ProcessSurroundings.current),
            UnixSocket.path(of: descriptor) == location.path, let inode = ListenerClaim.inode(at: location)
        else { return nil }
        return (location, inode)
    }

    /// sysexits(3): a configuration to be mended is 78, somebody else at work 75, everything else the system's fault.
    private static func exitCode(for error: any Error) -> CInt {
        switch error {
        case is ConfigurationError, is PlacesError, is SocketLocationError: 78
        case is InheritedSocketError: 64
        case StateLockError.held, DaemonListenerError.alreadyServed: 75
        default: 71
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
