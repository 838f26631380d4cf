// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import OrderedJSON
internal import SlstatsCore
internal import SlstatsProtocol
internal import SystemPackage

extension Store {
    /// The feed's first.
    var allNotifications: [Notification] { (feed?.list.notifications ?? []) + notifications.list.notifications }

    /// What can be shown to a caller; of a code that both have the feed's counts, if it is for this caller at all.
    func notifications(for caller: Product?, at now: Int64) -> [Notification] {
        let fromFeed = (feed?.list.notifications ?? []).filter { $0.isFor(caller, at: now) }
        let codes = Set(fromFeed.map(\.code))
        return fromFeed + notifications.list.notifications.filter { !codes.contains($0.code) }
    }

    /// Called for each claim: whoever is not to be shown anything, or does not want to be counted, causes no request.
    func refreshFeed(_ facts: Facts) {
        switch configuration.feed.place {
        case nil: break
        case .file(let path): readFeed(path)
        case .url(let url):
            guard facts.notificationsMode != .off, !facts.off.contains(OffSwitch.doNotTrack.rawValue), !isFeedRunning,
                let feed, feed.isDue(at: clock.milliseconds)
            else { return }
            do throws(FileError) {
                try self.feed?.begin(now: clock.milliseconds, jitter: jitter())
            } catch {
                // Without a record of it we would ask at each start.
                return logger.warning("feed not asked for", metadata: ["error": "\(error)"])
            }
            isFeedRunning = true
            feedRequest.yield(
                FeedFetcher.Request(
                    url: url, entityTag: feed.entityTag, feed: configuration.feed, settings: configuration.collector))
        }
    }

    /// - Parameter url: whose answer it is; another one may have been configured meanwhile.
    func takeFeed(_ answer: NotificationFeed.Answer, from url: CollectorURL) {
        isFeedRunning = false
        if configuration.feed.place == .url(url) { takeFeed(answer) }
    }

    private func takeFeed(_ answer: NotificationFeed.Answer) {
        do throws(FileError) {
            try feed?.take(answer, now: clock.milliseconds, jitter: jitter())
        } catch {
            logger.warning("feed kept in memory only", metadata: ["error": "\(error)"])
        }
        if let problem = feed?.problem { logger.notice("feed not taken", metadata: ["reason": "\(problem)"]) }
        schedulePrompt(isNew: true)
    }

    /// From 0 up to 1.
    private func jitter() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

    /// A file costs a stat(2) while nobody has changed it.
    func readFeed(_ path: FilePath) {
        let signaturePath = FilePath(path.string + ".sig")
        do throws(FileError) {
            guard let status = try files.status(of: path) else {
                return takeFeedUnlessKnown(.unreachable("\(path) is not there"))
            }
            let signature = configuration.feed.publicKey == nil ? nil : try files.status(of: signaturePath)
            let identities = [status.identity, signature?.identity]
            guard identities != feedIdentities else { return }
            let bytes = try files.read(path, limit: ProtocolLimits.maximumFeedBytes)
            var isAuthentic: Bool?
            if let publicKey = configuration.feed.publicKey {
                guard let signature = try? files.read(signaturePath, limit: 4096) else {
                    return takeFeedUnlessKnown(.unreachable("its signature, \(signaturePath), cannot be read"))
                }
                isAuthentic = FeedSignature.isValid(signature, of: bytes, publicKey: publicKey)
            }
            feedIdentities = identities
            takeFeed(.document(bytes, entityTag: nil, isAuthentic: isAuthentic))
        } catch {
            takeFeedUnlessKnown(.unreachable("\(error)"))
        }
    }

    private func takeFeedUnlessKnown(_ answer: NotificationFeed.Answer) {
        feedIdentities = []
        guard case .unreachable(let reason) = answer, feed?.problem != reason else { return }
        takeFeed(answer)
    }
}
