// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import ServiceLifecycle
internal import SlstatsCore
internal import SlstatsProtocol

/// Fetches the feed when the store says so: nobody's claim waits for it, and without claims there is no request.
///
/// The request says nothing of who asks: no identifier of ours, no query, no cookie.
struct FeedFetcher: Service {
    /// What to ask for, and how, as it was configured then.
    struct Request: Sendable {
        let url: CollectorURL
        /// Of what is known.
        let entityTag: String?
        let feed: FeedSettings
        /// Whose authorities and proxies are ours as well.
        let settings: CollectorSettings
    }

    let store: Store
    let group: any EventLoopGroup

    func run() async throws {
        await withGracefulShutdownHandler {
            await serve()
        } onGracefulShutdown: {
            store.feedRequest.finish()
        }
    }

    private func serve() async {
        for await request in store.feedRequests {
            // A daemon that stops does not wait for a server.
            let answer = try? await cancelWhenGracefulShutdown {
                let answer = await Patience.wait(
                    TimeAmount(request.feed.timeout), on: group.next(), else: .refused("no answer in time")
                ) {
                    await fetch(request)
                }
                try Task.checkCancellation()
                return answer
            }
            guard let answer else { return }
            await store.takeFeed(answer, from: request.url)
        }
    }

    /// With a client of its own, which is gone afterwards: once a day is no reason to keep one.
    private func fetch(_ request: Request) async -> NotificationFeed.Answer {
        do {
            let configuration = try HTTPClient.Configuration(
                authorityFile: request.settings.authorityFile, proxy: request.settings.proxy(for: request.url),
                maximumAnswerBytes: ProtocolLimits.maximumFeedBytes)
            let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
            let answer: NotificationFeed.Answer
            do { answer = try await fetch(request, client) } catch {
                let reason = DeliveryFailure.describe(error)
                answer = DeliveryFailure.isBeforeRequest(error) ? .unreachable(reason) : .refused(reason)
            }
            // Not awaited, as with an exporter.
            client.shutdown { _ in }
            return answer
        } catch {
            return .unreachable("\(error)")
        }
    }

    private func fetch(_ request: Request, _ client: HTTPClient) async throws -> NotificationFeed.Answer {
        let timeout = TimeAmount(request.feed.timeout)
        let url = request.url.description
        let response = try await client.execute(get(url, request.entityTag), timeout: timeout)
        switch response.status.code {
        case 200: break
        case 304 where request.entityTag != nil: return .unchanged
        default: return .refused("HTTP \(response.status.code)")
        }
        guard let body = try await Self.collect(response.body) else {
            return .refused("it has more than \(ProtocolLimits.maximumFeedBytes) bytes")
        }
        let tag = response.headers.first(name: "etag").flatMap(Self.entityTag)
        guard let publicKey = request.feed.publicKey else { return .document(body, entityTag: tag, isAuthentic: nil) }
        let signature = try await client.execute(get(url + ".sig", nil), timeout: timeout)
        guard signature.status == .ok, let bytes = try await Self.collect(signature.body) else {
            return .refused("its signature, \(url).sig, cannot be had: HTTP \(signature.status.code)")
        }
        return .document(
            body, entityTag: tag, isAuthentic: FeedSignature.isValid(bytes, of: body, publicKey: publicKey))
    }

    private func get(_ url: String, _ entityTag: String?) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.headers = ["Accept": "application/json", "User-Agent": "slstatsd/\(SlstatsVersion.current)"]
        if let entityTag { request.headers.add(name: "If-None-Match", value: entityTag) }
        return request
    }

    /// - Returns: `nil` for a body over the limit, compressed or not.
    private static func collect(_ body: HTTPClientResponse.Body) async throws -> [UInt8]? {
        do {
            return Array(try await body.collect(upTo: ProtocolLimits.maximumFeedBytes).readableBytesView)
        } catch is NIOTooManyBytesError {
            return nil
        }
    }

    /// RFC 9110, section 8.8.3, within bounds: it is the server's word, and comes back to it as it gave it.
    private static func entityTag(_ text: String) -> String? {
        let opaque = text.hasPrefix("W/") ? text.dropFirst(2) : text[...]
        let isTag =
            opaque.utf8.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
            && opaque.utf8.allSatisfy { 0x21...0x7e ~= $0 }
        return isTag && text.utf8.count <= 72 ? text : nil
    }
}
