// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SystemPackage

/// Where notices come from besides the collector.
package struct FeedSettings: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        case url(CollectorURL)
        case file(FilePath)
    }

    package var place: Place?
    /// Base64 of an Ed25519 key; with it nothing unsigned is believed.
    package var publicKey: String?

    /// For a request with everything that comes of it.
    package var timeout = Duration.seconds(30)

    package init() {}

    var source: NotificationFeed.Source? {
        switch place {
        case nil: nil
        case .url(let url): .init(place: url.description, publicKey: publicKey)
        case .file(let path): .init(place: path.string, publicKey: publicKey)
        }
    }

    /// An http or https URL without a query, which could tell one asker from another; a path; or `file://` and a path.
    package static func place(_ text: String) -> Place? {
        let path = text.hasPrefix("file:///") ? String(text.dropFirst(7)) : text
        if path.hasPrefix("/") { return .file(FilePath(path)) }
        guard !text.contains(where: { "?#".contains($0) }) else { return nil }
        return CollectorURL(text).map(Place.url)
    }
}
