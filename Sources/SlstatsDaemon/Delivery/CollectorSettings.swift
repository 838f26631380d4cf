// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SystemPackage

/// Where events go, and how.
package struct CollectorSettings: Sendable, Equatable {
    package var url: CollectorURL?
    package var kind = CollectorKind.serverless
    /// What OTLP says of all events.
    package var otlp = OTLPLogs()
    /// Whether that has the installation's id in it.
    package var sendsInstanceID = false
    /// Of each request, besides those that it has to have. They may be secret, so they are never shown.
    package var headers: [Header] = []
    /// From the first byte of a request to the head of the answer, and between two bytes of that.
    package var timeout = Duration.seconds(10)
    /// A file with the bearer token (RFC 6750), which nobody else can read.
    package var tokenFile: FilePath?
    /// Whose the token is: of one that serves all users of a machine the administrator; `nil` for the user.
    package var tokenOwner: UInt32?
    /// Certificates, PEM, of authorities that are trusted besides the system's.
    package var authorityFile: FilePath?
    package var compression = Compression.none
    /// What the environment says of proxies.
    package var proxyVariables: [String: String] = [:]

    package enum Compression: String, Sendable { case none, gzip }

    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init() {}

    var proxy: ProxySettings? { url.flatMap(proxy) }

    func proxy(for url: CollectorURL) -> ProxySettings? { ProxySettings(for: url) { proxyVariables[$0] } }

    /// What can only be seen when everything is known.
    package func check() throws(ConfigurationError) {
        guard let url, !url.isFitForToken else { return }
        // What a header is for nobody but its owner knows.
        guard tokenFile != nil || !headers.isEmpty else { return }
        throw ConfigurationError(
            place: tokenFile != nil ? "collector.tokenFile" : OTLPVariables.headers,
            problem: "\(url) would carry \(tokenFile != nil ? "the token" : "headers") for everybody to read",
            mend: "use an https URL")
    }
}
