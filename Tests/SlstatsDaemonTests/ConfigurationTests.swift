// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import SlstatsDaemon
import SystemPackage
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    private func read(
        flags: [ConfigurationKey: String] = [:], environment: [String: String] = [:], file: String = "{}"
    ) throws(ConfigurationError) -> DaemonConfiguration {
        var sources = ConfigurationSources()
        try sources.addFlags(flags)
        try sources.addEnvironment { environment[$0] }
        try sources.addFile(Array(file.utf8), name: "/c.json")
        return try sources.configuration()
    }

    @Test("nothing said means the defaults of the contract")
    func defaults() throws {
        let configuration = try read()

        #expect(configuration == DaemonConfiguration())
        #expect(configuration.collector.url == nil)
        #expect(configuration.spool.maximumBytes == 16_777_216)
        #expect(configuration.spool.maximumEventBytes == 32_768)
        #expect(configuration.spool.maximumAge == .seconds(604_800))
        #expect(configuration.flush.events == 20)
        #expect(configuration.flush.bytes == 65_536)
        #expect(configuration.flush.interval == .seconds(900))
        #expect(configuration.idle.exitAfter == .seconds(300))
    }

    @Test(
        "flag wins over environment, environment over file, for every key [F019]", arguments: ConfigurationKey.allCases)
    func precedence(_ key: ConfigurationKey) throws {
        let values =
            switch key {
            case .collectorURL: ["http://a/", "http://b/", "http://c/"]
            case .collectorTokenFile, .collectorCAFile: ["/a", "/b", "/c"]
            case .collectorKind: ["otlp", "serverless", "otlp"]
            case .otlpServiceName: ["a", "b", "c"]
            case .otlpInstanceID: ["true", "false", "true"]
            case .collectorCompression: ["gzip", "none", "gzip"]
            case .spoolMaxBytes, .spoolMaxEventBytes, .flushBytes, .sentMaxBytes: ["1KiB", "2KiB", "3KiB"]
            case .spoolMaxAge, .flushInterval, .sentMaxAge: ["1m", "2m", "3m"]
            case .flushEvents, .senderEventsPerHour: ["1", "2", "3"]
            case .notificationsFeed: ["/a", "https://b/feed", "file:///c"]
            case .notificationsPublicKey: ["A", "B", "C"].map { String(repeating: $0, count: 42) + "A=" }
            case .consentMode: ["on", "ask", "off"]
            case .consentDisclosure: ["vendor", "required", "vendor"]
            case .catalogueFile: ["/a", "/b", "/c"]
            case .catalogueAdmit: ["dashboard.userId", "console.userId", "console.userId, dashboard.orgUid"]
            case .idleExitAfter, .idRotateEvery: ["1m", "never", "3m"]
            }
        let parts = key.rawValue.split(separator: ".")
        func file(_ value: String) -> String { "{\"\(parts[0])\":{\"\(parts[1])\":\"\(value)\"}}" }
        let onlyFlag = try read(flags: [key: values[0]])
        let onlyEnvironment = try read(environment: [key.variable: values[1]])
        let onlyFile = try read(file: file(values[2]))

        #expect(Set([onlyFlag, onlyEnvironment, onlyFile].map { "\($0)" }).count == Set(values).count)
        #expect(try read(environment: [key.variable: values[1]], file: file(values[2])) == onlyEnvironment)
        #expect(
            try read(flags: [key: values[0]], environment: [key.variable: values[1]], file: file(values[2])) == onlyFlag
        )
    }

    @Test("variables are the key in capitals")
    func variables() {
        #expect(ConfigurationKey.collectorURL.variable == "SLSTATS_COLLECTOR_URL")
        #expect(ConfigurationKey.spoolMaxEventBytes.variable == "SLSTATS_SPOOL_MAXEVENTBYTES")
    }

    @Test("the original's variable for the collector ranks below ours")
    func alias() throws {
        #expect(try read(environment: ["SLS_ANALYTICS_URL": "http://x/"]).collector.url?.description == "http://x/")
        let both = ["SLS_ANALYTICS_URL": "http://x/", "SLSTATS_COLLECTOR_URL": "http://y/"]
        #expect(try read(environment: both).collector.url?.description == "http://y/")
    }

    // MARK: - OpenTelemetry

    private static let otel = [
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://o.example:4318/base/", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, Authorization=Bearer%20x", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem", "OTEL_SERVICE_NAME": "acme",
    ]

    @Test("OpenTelemetry's own variables hold with otlp, those for logs before the common ones, ours before both")
    func otlpVariables() throws {
        let kind = ["SLSTATS_COLLECTOR_KIND": "otlp"]
        func read(_ variables: [String: String]) throws -> CollectorSettings {
            try self.read(environment: Self.otel.merging(variables) { $1 }).collector
        }
        #expect(try read([:]).url == nil, "without otlp they mean nothing")
        let common = try read(kind)
        #expect(common.url?.description == "https://o.example:4318/base/v1/logs" && common.compression == .gzip)
        #expect(common.timeout == .milliseconds(1500) && common.authorityFile == "/ca.pem")
        #expect(common.otlp.serviceName == "acme")
        #expect(
            common.headers == [
                .init(name: "api-key", value: "a b"), .init(name: "Authorization", value: "Bearer x"),
            ])
        let logs = try read(
            kind.merging([
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://l.example/", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "none",
                "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "7", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "x=y",
            ]) { $1 })
        #expect(logs.url?.description == "https://l.example/" && logs.compression == .none)
        #expect(logs.timeout == .milliseconds(7) && logs.headers == [.init(name: "x", value: "y")])
        let ours = try read(
            kind.merging([
                "SLSTATS_COLLECTOR_URL": "https://u.example:4318", "SLSTATS_COLLECTOR_COMPRESSION": "none",
                "SLSTATS_COLLECTOR_CAFILE": "/ours.pem", "SLSTATS_OTLP_SERVICENAME": "ours",
            ]) { $1 })
        #expect(ours.url?.description == "https://u.example:4318/v1/logs" && ours.compression == .none)
        #expect(ours.authorityFile == "/ours.pem" && ours.otlp.serviceName == "ours")
        #expect(ours.headers.isEmpty, "a key for one collector is not for another")
    }

    @Test(
        "a mistake in one of them is told, but not what may be secret",
        arguments: [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x", "it is ftp://x; it takes an http or https URL"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "it is zstd; it takes none or gzip"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "it is soon; it takes milliseconds, up to 600000"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem", "it is ca.pem; it takes an absolute path"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=b,s3cret", "header 2 cannot be used; it takes name=value"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "Content-Type=s3cret", "header 1 cannot be used"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0d%0aX: y", "header 1 cannot be used"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%zz", "header 1 cannot be used"),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT", "http://o.example",
                "http://o.example/v1/logs would carry headers for everybody to read"
            ),
        ])
    func otlpMistakes(_ name: String, _ text: String, _ message: String) throws {
        let variables = Self.otel.merging([name: text, "SLSTATS_COLLECTOR_KIND": "otlp"]) { $1 }
        let error = try #require(throws: ConfigurationError.self) { try read(environment: variables) }
        #expect(error.description.contains(message), "\(error)")
        #expect(!error.description.contains("s3cret"))
    }

    @Test(
        "mistakes name the place, the thing and the mend [F138]",
        arguments: [
            (
                "{\n \"spool\": {\n  \"maxBytes\": \"lots\"\n }\n}",
                "/c.json:3: spool.maxBytes is lots; it takes a size such as 64KiB or 16MiB"
            ),
            ("{\"flush\":{\"events\":0}}", "/c.json:1: flush.events is 0; it takes a whole number above 0"),
            (
                "{\"flush\":{\"interval\":\"15\"}}",
                "/c.json:1: flush.interval is 15; it takes a duration such as 90s, 15m or 7d"
            ),
            (
                "{\"collector\":{\"url\":\"file:///x\"}}",
                "/c.json:1: collector.url is file:///x; it takes an http or https URL"
            ),
            (
                "{\"notifications\":{\"feed\":\"https://x/feed?id=1\"}}",
                "/c.json:1: notifications.feed is https://x/feed?id=1; it takes an http or https URL without a query, or an absolute path"
            ),
            (
                "{\"notifications\":{\"publicKey\":\"abc\"}}",
                "/c.json:1: notifications.publicKey is abc; it takes the base64 of an Ed25519 public key, 32 bytes"
            ),
            ("{\n\n\"a\": }", "/c.json:3: unexpected '}' at byte 8; the file takes strict JSON"),
        ])
    func mistakes(_ file: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(file: file) }
        #expect(error?.description == message)
    }

    @Test("an unknown key is refused and the known ones are listed")
    func unknownKey() {
        let error = #expect(throws: ConfigurationError.self) {
            try read(file: "{\"colector\":{\"url\":\"http://x/\"}}")
        }
        #expect(
            error?.description.hasPrefix("/c.json:1: unknown key colector.url; known keys: collector.url, ") == true)
    }

    @Test("a bad variable and a bad flag are named")
    func otherPlaces() {
        let environment = #expect(throws: ConfigurationError.self) {
            try read(environment: ["SLSTATS_FLUSH_EVENTS": "x"])
        }
        #expect(environment?.place == "SLSTATS_FLUSH_EVENTS")
        let flag = #expect(throws: ConfigurationError.self) { try read(flags: [.flushEvents: "x"]) }
        #expect(flag?.place == "--flush-events")
    }

    @Test(
        "sizes and durations",
        arguments: [
            ("1", 1), ("64KiB", 65_536), ("2MiB", 2_097_152), ("0", nil), ("-1", nil), ("1KB", nil), ("", nil),
            ("99999999999GiB", nil), ("2048GiB", nil), ("1.5MiB", nil),
        ] as [(String, Int?)])
    func sizes(_ text: String, _ bytes: Int?) {
        #expect(ConfigurationValue.bytes(text) == bytes)
    }
}
