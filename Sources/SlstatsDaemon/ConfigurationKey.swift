// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsCore
internal import SystemPackage

/// The keys that exist. Each can stand in the file, in the environment and on the command line.
package enum ConfigurationKey: String, CaseIterable, Sendable {
    case collectorURL = "collector.url"
    case collectorKind = "collector.kind"
    case collectorTokenFile = "collector.tokenFile"
    case collectorCAFile = "collector.caFile"
    case collectorCompression = "collector.compression"
    case otlpServiceName = "otlp.serviceName"
    case otlpInstanceID = "otlp.instanceId"
    case notificationsFeed = "notifications.feed"
    case notificationsPublicKey = "notifications.publicKey"
    case spoolMaxBytes = "spool.maxBytes"
    case spoolMaxAge = "spool.maxAge"
    case spoolMaxEventBytes = "spool.maxEventBytes"
    case senderEventsPerHour = "sender.eventsPerHour"
    case flushEvents = "flush.events"
    case flushBytes = "flush.bytes"
    case flushInterval = "flush.interval"
    case sentMaxBytes = "sent.maxBytes"
    case sentMaxAge = "sent.maxAge"
    case consentMode = "consent.mode"
    case consentDisclosure = "consent.disclosure"
    case catalogueFile = "catalogue.file"
    case catalogueAdmit = "catalogue.admit"
    case idRotateEvery = "id.rotateEvery"
    case idleExitAfter = "idle.exitAfter"

    /// `collector.url` → `SLSTATS_COLLECTOR_URL`.
    package var variable: String {
        "SLSTATS_" + rawValue.uppercased().split(separator: ".").joined(separator: "_")
    }

    /// `spool.maxBytes` → `--spool-max-bytes`, as ArgumentParser spells its properties.
    package var flag: String {
        "--"
            + rawValue.reduce(into: "") { flag, character in
                flag +=
                    character == "." ? "-" : character.isUppercase ? "-" + character.lowercased() : String(character)
            }
    }

    /// Puts a value in its place; answers what would be right if it does not fit.
    func apply(_ text: String, to configuration: inout DaemonConfiguration) -> Mend? {
        switch self {
        case .collectorURL:
            guard let url = CollectorURL(text) else { return "an http or https URL" }
            configuration.collector.url = url
        case .collectorKind:
            guard let kind = CollectorKind(rawValue: text) else { return "serverless or otlp" }
            configuration.collector.kind = kind
        case .collectorTokenFile: return Self.set(&configuration.collector.tokenFile, text)
        case .collectorCAFile: return Self.set(&configuration.collector.authorityFile, text)
        case .collectorCompression:
            guard let compression = CollectorSettings.Compression(rawValue: text) else { return "none or gzip" }
            configuration.collector.compression = compression
        case .otlpServiceName:
            guard !text.isEmpty, text.utf8.count <= 255 else { return "a name of up to 255 bytes" }
            configuration.collector.otlp.serviceName = text
        case .otlpInstanceID:
            guard let isSent = Bool(text) else { return "true or false" }
            configuration.collector.sendsInstanceID = isSent
        case .notificationsFeed:
            guard let place = FeedSettings.place(text) else {
                return "an http or https URL without a query, or an absolute path"
            }
            configuration.feed.place = place
        case .notificationsPublicKey:
            guard FeedSignature.isPublicKey(text) else { return "the base64 of an Ed25519 public key, 32 bytes" }
            configuration.feed.publicKey = text
        case .spoolMaxBytes: return Self.set(&configuration.spool.maximumBytes, ConfigurationValue.bytes(text))
        case .spoolMaxAge: return Self.set(&configuration.spool.maximumAge, ConfigurationValue.duration(text))
        case .spoolMaxEventBytes:
            guard let bytes = ConfigurationValue.bytes(text), bytes <= 48 << 10 else { return "a size up to 48KiB" }
            configuration.spool.maximumEventBytes = bytes
        case .senderEventsPerHour:
            guard let events = Int(text), 1...1_000_000_000 ~= events else { return "a whole number above 0" }
            configuration.senderEventsPerHour = events
        case .flushEvents:
            guard let events = Int(text), events > 0 else { return "a whole number above 0" }
            configuration.flush.events = events
        case .flushBytes: return Self.set(&configuration.flush.bytes, ConfigurationValue.bytes(text))
        case .flushInterval: return Self.set(&configuration.flush.interval, ConfigurationValue.duration(text))
        case .sentMaxBytes: return Self.set(&configuration.sent.maximumBytes, ConfigurationValue.bytes(text))
        case .sentMaxAge: return Self.set(&configuration.sent.maximumAge, ConfigurationValue.duration(text))
        case .consentMode:
            guard let mode = ConsentMode(rawValue: text) else { return "on, ask or off" }
            configuration.consentMode = mode
        case .consentDisclosure:
            guard let mode = DisclosureMode(rawValue: text) else { return "required or vendor" }
            configuration.disclosure = mode
        case .catalogueFile: return Self.set(&configuration.catalogue.file, text)
        case .catalogueAdmit:
            let paths = text.split { $0 == "," || $0 == " " }.map(String.init)
            let known = CatalogueField.builtIn.filter(\.isOptIn).map(\.path)
            guard !paths.isEmpty, paths.allSatisfy(known.contains) else {
                return "some of \(known.joined(separator: ", ")), with commas between them"
            }
            configuration.catalogue.admitted = Set(paths)
        case .idRotateEvery:
            let duration = ConfigurationValue.duration(text)
            guard duration != nil || text == "never" else { return "a duration such as 30d, or never" }
            configuration.identityPeriod = duration
        case .idleExitAfter:
            let duration = ConfigurationValue.duration(text)
            guard duration != nil || text == "never" else { return "a duration such as 90s or 5m, or never" }
            configuration.idle.exitAfter = duration
        }
        return nil
    }

    typealias Mend = String

    private static func set(_ place: inout FilePath?, _ text: String) -> Mend? {
        guard text.hasPrefix("/") else { return "an absolute path" }
        place = FilePath(text)
        return nil
    }

    private static func set(_ place: inout Int, _ value: Int?) -> Mend? {
        guard let value else { return "a size such as 64KiB or 16MiB" }
        place = value
        return nil
    }

    private static func set(_ place: inout Duration, _ value: Duration?) -> Mend? {
        guard let value else { return "a duration such as 90s, 15m or 7d" }
        place = value
        return nil
    }
}
