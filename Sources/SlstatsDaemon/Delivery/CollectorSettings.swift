// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SystemPackage

/// Where events go, and how.
package struct CollectorSettings: Sendable, Equatable {
    package var url: CollectorURL?
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

    package init() {}

    var proxy: ProxySettings? { url.flatMap(proxy) }

    func proxy(for url: CollectorURL) -> ProxySettings? { ProxySettings(for: url) { proxyVariables[$0] } }

    /// What can only be seen when everything is known.
    package func check() throws(ConfigurationError) {
        guard let url, tokenFile != nil, !url.isFitForToken else { return }
        throw ConfigurationError(
            place: "collector.tokenFile", problem: "\(url) would carry the token for everybody to read",
            mend: "use an https URL")
    }
}
