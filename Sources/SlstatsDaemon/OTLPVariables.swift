// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import SlstatsCore
internal import SystemPackage

/// What OpenTelemetry's own variables say of where logs go (opentelemetry.io/docs/specs/otel/protocol/exporter): each as
/// `OTEL_EXPORTER_OTLP_LOGS_…` or, below that, as `OTEL_EXPORTER_OTLP_…`. Anything of our own configuration comes first,
/// and without `collector.kind` `otlp` none of them means anything.
struct OTLPVariables {
    static let headers = "OTEL_EXPORTER_OTLP_HEADERS"

    /// The variables that are looked at.
    static let names =
        ["ENDPOINT", "HEADERS", "COMPRESSION", "TIMEOUT", "CERTIFICATE"].flatMap {
            ["OTEL_EXPORTER_OTLP_LOGS_\($0)", "OTEL_EXPORTER_OTLP_\($0)"]
        } + ["OTEL_SERVICE_NAME"]

    /// Those of ``names`` that are set and not empty.
    var values: [String: String] = [:]

    /// - Parameter isSet: keys of ours that somebody has set.
    func apply(
        to settings: inout CollectorSettings, isSet: (ConfigurationKey) -> Bool
    ) throws(ConfigurationError) {
        // What belongs to an endpoint goes to no other: a vendor's collector is not told a user's key.
        let isTheirs = !isSet(.collectorURL)
        if isTheirs, let url = try endpoint() { settings.url = url }
        if !isSet(.collectorCompression), let (name, text) = value("COMPRESSION") {
            guard let compression = CollectorSettings.Compression(rawValue: text) else {
                throw mistake(name, text, "none or gzip")
            }
            settings.compression = compression
        }
        if isTheirs, !isSet(.collectorCAFile), let (name, text) = value("CERTIFICATE") {
            guard text.hasPrefix("/") else { throw mistake(name, text, "an absolute path") }
            settings.authorityFile = FilePath(text)
        }
        if let (name, text) = value("TIMEOUT") {
            guard let milliseconds = Int(text), 1...600_000 ~= milliseconds else {
                throw mistake(name, text, "milliseconds, up to 600000")
            }
            settings.timeout = .milliseconds(milliseconds)
        }
        if isTheirs, let (name, text) = value("HEADERS") { settings.headers = try Self.headers(text, place: name) }
        if !isSet(.otlpServiceName), let name = values["OTEL_SERVICE_NAME"] { settings.otlp.serviceName = name }
    }

    /// The one for logs is used as it is; the common one is a base, to which the path of logs is added.
    private func endpoint() throws(ConfigurationError) -> CollectorURL? {
        guard let (name, text) = value("ENDPOINT") else { return nil }
        guard let url = CollectorURL(text) else { throw mistake(name, text, "an http or https URL") }
        return name.contains("_LOGS_") ? url : url.appending(CollectorURL.logsPath)
    }

    private func value(_ suffix: String) -> (name: String, text: String)? {
        for name in ["OTEL_EXPORTER_OTLP_LOGS_\(suffix)", "OTEL_EXPORTER_OTLP_\(suffix)"] {
            if let text = values[name] { return (name, text) }
        }
        return nil
    }

    private func mistake(_ name: String, _ text: String, _ mend: String) -> ConfigurationError {
        ConfigurationError(place: name, problem: "it is \(text)", mend: "it takes \(mend)")
    }

    // MARK: - Headers

    /// Not to be set from outside: they say what the request is.
    private static let ours: Set = [
        "content-type", "content-length", "content-encoding", "transfer-encoding", "host", "idempotency-key",
        "connection",
    ]

    /// `api-key=abc,x-tenant=a%20b`: pairs as in W3C Baggage, with percent-encoded values. What is wrong is not repeated in
    /// the message, since it may be secret.
    static func headers(_ text: String, place: String) throws(ConfigurationError) -> [CollectorSettings.Header] {
        var headers: [CollectorSettings.Header] = []
        for (index, pair) in text.split(separator: ",").enumerated() {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = trimmed(parts[0])
            guard parts.count == 2, !name.isEmpty, name.utf8.allSatisfy(isToken), !ours.contains(name.lowercased()),
                let value = percentDecoded(trimmed(parts[1]))
            else {
                throw ConfigurationError(
                    place: place, problem: "header \(index + 1) cannot be used",
                    mend: "it takes name=value with commas between them, values percent-encoded")
            }
            headers.append(CollectorSettings.Header(name: name, value: value))
        }
        return headers
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// - Returns: `nil` for what is no text that a header can have.
    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let decoded = UInt8(digits, radix: 16) else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        guard bytes.allSatisfy({ 0x20...0x7e ~= $0 }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
