// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import SlstatsCore

/// Brings flag, environment and file together: flag > environment > file > default.
///
/// Each source is checked by itself first, so that a mistake is reported where it stands, even if another source hides it.
package struct ConfigurationSources {
    private var providers: [InMemoryProvider] = []
    private var proxyVariables: [String: String] = [:]
    private var otlpVariables = OTLPVariables()

    package init() {}

    /// What the command line says, by key. Add sources in the order of their rank.
    package mutating func addFlags(_ flags: [ConfigurationKey: String]) throws(ConfigurationError) {
        for (key, text) in flags { try check(key, text, place: key.flag) }
        add("flags", flags)
    }

    package mutating func addEnvironment(_ variable: (String) -> String?) throws(ConfigurationError) {
        var values: [ConfigurationKey: String] = [:]
        for key in ConfigurationKey.allCases {
            guard let text = variable(key.variable), !text.isEmpty else { continue }
            try check(key, text, place: key.variable)
            values[key] = text
        }
        // The original's variable, below ours.
        if values[.collectorURL] == nil, let text = variable("SLS_ANALYTICS_URL"), !text.isEmpty {
            try check(.collectorURL, text, place: "SLS_ANALYTICS_URL")
            values[.collectorURL] = text
        }
        add("environment", values)
        for name in ProxySettings.variables { proxyVariables[name] = variable(name) }
        for name in OTLPVariables.names {
            otlpVariables.values[name] = variable(name).flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// - Parameter name: the file's path, for messages.
    package mutating func addFile(_ bytes: [UInt8], name: String) throws(ConfigurationError) {
        var values: [ConfigurationKey: String] = [:]
        for setting in try ConfigurationFile(bytes, name: name).settings {
            let place = "\(name):\(setting.line)"
            guard let key = ConfigurationKey(rawValue: setting.key) else {
                let known = ConfigurationKey.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError(
                    place: place, problem: "unknown key \(setting.key)", mend: "known keys: \(known)")
            }
            try check(key, setting.text, place: place)
            values[key] = setting.text
        }
        add("file", values)
    }

    /// - Throws: for settings that do not go together.
    package func configuration() throws(ConfigurationError) -> DaemonConfiguration {
        var configuration = DaemonConfiguration()
        let reader = ConfigReader(providers: providers)
        for key in ConfigurationKey.allCases {
            guard let text = reader.string(forKey: ConfigKey(key.rawValue)) else { continue }
            let mend = key.apply(text, to: &configuration)
            precondition(mend == nil, "sources are checked when they are added")
        }
        configuration.collector.proxyVariables = proxyVariables
        if configuration.collector.kind == .otlp {
            configuration.collector.url = configuration.collector.url?.forLogs
            try otlpVariables.apply(to: &configuration.collector) { key in
                reader.string(forKey: ConfigKey(key.rawValue)) != nil
            }
        }
        try configuration.collector.check()
        return configuration
    }

    private mutating func add(_ name: String, _ values: [ConfigurationKey: String]) {
        let pairs = values.map {
            (AbsoluteConfigKey(ConfigKey($0.key.rawValue)), ConfigValue(.string($0.value), isSecret: false))
        }
        providers.append(InMemoryProvider(name: name, values: Dictionary(uniqueKeysWithValues: pairs)))
    }

    private func check(_ key: ConfigurationKey, _ text: String, place: String) throws(ConfigurationError) {
        var scratch = DaemonConfiguration()
        guard let mend = key.apply(text, to: &scratch) else { return }
        throw ConfigurationError(place: place, problem: "\(key.rawValue) is \(text)", mend: "it takes \(mend)")
    }
}
