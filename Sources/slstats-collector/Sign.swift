// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import SlstatsCollector

/// A key pair for feeds.
struct MakeKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make-key",
        abstract: "Make a key to sign feeds with, and print the public key for notifications.publicKey.")

    @Argument(help: ArgumentHelp("A new file for the key, readable by you alone.", valueName: "file"))
    var file: String

    func run() throws {
        do { print(try FeedKey.make(at: file).publicKey) } catch { throw ValidationError("\(error)") }
    }
}

/// A signature beside a feed.
struct Sign: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign a feed of notifications: FEED.sig, to be served beside it.",
        discussion: """
            The feed is {"sequence": 1, "notifications": [...]}; daemons take none with a sequence number lower than \
            one they have seen, so give each version a higher one.
            """)

    @Option(help: ArgumentHelp("What make-key has made.", valueName: "file"))
    var key: String

    @Argument(help: "The feed; each entry is checked before it is signed.")
    var feed: String

    func run() throws {
        do { print(try FeedKey(readingFrom: key).sign(feed)) } catch { throw ValidationError("\(error)") }
    }
}
