// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import SlstatsCore
internal import SlstatsDaemon
internal import SlstatsProtocol
internal import SystemPackage

/// The configuration keys as options. What they mean and take is the business of `ConfigurationKey`.
struct SettingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "collector.url: where events are sent; without it nothing leaves the machine.", valueName: "url"))
    var collectorURL: String?

    @Option(
        help: ArgumentHelp(
            "collector.kind: serverless, or otlp for an OpenTelemetry Collector (default: serverless).",
            valueName: "kind"))
    var collectorKind: String?

    @Option(
        help: ArgumentHelp("otlp.serviceName: what OTLP calls service.name (default: slstats).", valueName: "name"))
    var otlpServiceName: String?

    @Option(
        help: ArgumentHelp(
            "otlp.instanceId: send the installation's id as service.instance.id, true or false (default: false).",
            valueName: "bool"))
    var otlpInstanceId: String?

    @Option(
        help: ArgumentHelp(
            "collector.tokenFile: a bearer token to send, in a file with mode 0600.", valueName: "path"))
    var collectorTokenFile: String?

    @Option(
        name: .customLong("collector-ca-file"),
        help: ArgumentHelp(
            "collector.caFile: certificates (PEM) to trust besides the system's.", valueName: "path"))
    var collectorCAFile: String?

    @Option(help: ArgumentHelp("collector.compression: none or gzip (default: none).", valueName: "kind"))
    var collectorCompression: String?

    @Option(
        help: ArgumentHelp(
            "notifications.feed: notices that come without telemetry, a URL or a file; asked for once a day at most.",
            valueName: "place"))
    var notificationsFeed: String?

    @Option(
        help: ArgumentHelp(
            "notifications.publicKey: base64 of the Ed25519 key that must have signed the feed.", valueName: "key"))
    var notificationsPublicKey: String?

    @Option(help: ArgumentHelp("spool.maxBytes: how much may wait for delivery (default: 16MiB).", valueName: "size"))
    var spoolMaxBytes: String?

    @Option(
        help: ArgumentHelp("id.rotateEvery: make the id anew after this time (default: never).", valueName: "duration"))
    var idRotateEvery: String?

    @Option(
        help: ArgumentHelp(
            "sender.eventsPerHour: how many events of one program are recorded (default: 10000).", valueName: "count"))
    var senderEventsPerHour: String?

    @Option(help: ArgumentHelp("sent.maxBytes: how much of what left is kept (default: 8MiB).", valueName: "size"))
    var sentMaxBytes: String?

    @Option(help: ArgumentHelp("sent.maxAge: how long it is kept (default: 30d).", valueName: "duration"))
    var sentMaxAge: String?

    @Option(help: ArgumentHelp("spool.maxAge: how long events may wait (default: 7d).", valueName: "duration"))
    var spoolMaxAge: String?

    @Option(help: ArgumentHelp("spool.maxEventBytes: the largest event (default: 32KiB).", valueName: "size"))
    var spoolMaxEventBytes: String?

    @Option(help: ArgumentHelp("flush.events: send when so many events wait (default: 20).", valueName: "count"))
    var flushEvents: String?

    @Option(help: ArgumentHelp("flush.bytes: send when so many bytes wait (default: 64KiB).", valueName: "size"))
    var flushBytes: String?

    @Option(
        help: ArgumentHelp(
            "flush.interval: send this long after the first event (default: 15m).", valueName: "duration"))
    var flushInterval: String?

    @Option(
        help: ArgumentHelp(
            "consent.mode: on, off, or ask: off until the user says slstats --enable (default: on).", valueName: "mode"
        ))
    var consentMode: String?

    @Option(
        help: ArgumentHelp(
            "consent.disclosure: required: nothing leaves before slstats has shown what does; vendor: the CLI tells its users itself (default: required).",
            valueName: "mode"))
    var consentDisclosure: String?

    @Option(
        help: ArgumentHelp(
            "catalogue.file: fields of another CLI that may be recorded, besides those in /etc/slstats/catalogue.d.",
            valueName: "path"))
    var catalogueFile: String?

    @Option(
        help: ArgumentHelp(
            "catalogue.admit: built-in fields that name somebody, such as dashboard.userId, with commas.",
            valueName: "fields"))
    var catalogueAdmit: String?

    @Option(
        help: ArgumentHelp(
            "idle.exitAfter: end this long after the last client, with nothing pending, or never (default: 5m).",
            valueName: "duration"))
    var idleExitAfter: String?

    private var flags: [ConfigurationKey: String] {
        let pairs: [(ConfigurationKey, String?)] = [
            (.collectorURL, collectorURL), (.collectorKind, collectorKind), (.otlpServiceName, otlpServiceName),
            (.otlpInstanceID, otlpInstanceId), (.collectorTokenFile, collectorTokenFile),
            (.collectorCAFile, collectorCAFile), (.collectorCompression, collectorCompression),
            (.notificationsFeed, notificationsFeed), (.notificationsPublicKey, notificationsPublicKey),
            (.senderEventsPerHour, senderEventsPerHour), (.idRotateEvery, idRotateEvery), (.sentMaxBytes, sentMaxBytes),
            (.sentMaxAge, sentMaxAge),
            (.spoolMaxBytes, spoolMaxBytes), (.spoolMaxAge, spoolMaxAge),
            (.spoolMaxEventBytes, spoolMaxEventBytes), (.flushEvents, flushEvents), (.flushBytes, flushBytes),
            (.flushInterval, flushInterval), (.consentMode, consentMode),
            (.consentDisclosure, consentDisclosure),
            (.catalogueFile, catalogueFile), (.catalogueAdmit, catalogueAdmit),
            (.idleExitAfter, idleExitAfter),
        ]
        return Dictionary(uniqueKeysWithValues: pairs.compactMap { key, value in value.map { (key, $0) } })
    }

    /// Flag > environment > file > default.
    func configuration(_ surroundings: SocketLocation.Surroundings) throws -> DaemonConfiguration {
        var sources = ConfigurationSources()
        try sources.addFlags(flags)
        try sources.addEnvironment(surroundings.variable)
        if let path = ProcessSurroundings.configurationFile(surroundings) {
            let files = PosixFileSystem()
            if try files.status(of: path) != nil {
                try sources.addFile(try files.read(path, limit: 1 << 20), name: path.string)
            }
        }
        var configuration = try sources.configuration()
        try configuration.catalogue.read(
            "/etc/slstats/catalogue.d", believing: ProcessSurroundings.administrator, files: PosixFileSystem())
        return configuration
    }
}
