// swift-tools-version: 6.3
// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// The floor that reads hostile bytes contains no unsafe pointer; its cursor borrows a `Span`, hence `Lifetimes`.
let memorySafe: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes"), .strictMemorySafety()]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let heapModule: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let dequeModule: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPCompression: Target.Dependency = .product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// `make fuzz` only: what libFuzzer drives, and needs it to link.
let fuzzer: [Target] =
    Context.environment["SLSTATS_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver", swiftSettings: strict)
    ]

let package = Package(
    name: "slstats",
    products: [
        .library(name: "SlstatsClient", targets: ["SlstatsClient"]),
        .executable(name: "slstats", targets: ["slstats"]),
        .executable(name: "slstatsd", targets: ["slstatsd"]),
        .executable(name: "slstats-collector", targets: ["slstats-collector"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .target(name: "OrderedJSON", swiftSettings: memorySafe),
        .target(name: "SlstatsProtocol", dependencies: ["OrderedJSON"], swiftSettings: strict),
        .target(name: "SlstatsClient", dependencies: ["SlstatsProtocol", "OrderedJSON"], swiftSettings: strict),
        .executableTarget(
            name: "slstats", dependencies: ["SlstatsClient", "SlstatsProtocol", "OrderedJSON", argumentParser],
            swiftSettings: strict),

        .systemLibrary(name: "CLinux"),
        .target(name: "CChecksum"),
        .target(
            name: "SlstatsCore",
            dependencies: ["CChecksum", "CLinux", "OrderedJSON", "SlstatsProtocol", crypto, systemPackage],
            swiftSettings: strict),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "SlstatsDaemon",
            dependencies: [
                "CZlib", "OrderedJSON", "SlstatsProtocol", "SlstatsCore", asyncHTTPClient, configuration, crypto,
                logging,
                nioCore, nioExtras, nioHTTP1, nioHTTPCompression, nioPosix, nioSSL, dequeModule, serviceLifecycle,
                systemPackage, unixSignals,
            ],
            swiftSettings: strict),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "CLoader"),
        .target(name: "CProbe"),
        .target(name: "SystemdSupport", dependencies: ["CSystemd"], swiftSettings: strict),
        .executableTarget(
            name: "slstatsd",
            dependencies: [
                "CLinux", "CLoader", "CProbe", "SlstatsCore", "SlstatsDaemon", "SlstatsProtocol", "SystemdSupport",
                argumentParser, logging,
                systemPackage,
            ],
            swiftSettings: strict),

        .target(
            name: "SlstatsCollector",
            dependencies: [
                "CZlib", "OrderedJSON", "SlstatsProtocol", crypto, grdb, httpTypes, hummingbird, hummingbirdCore,
                hummingbirdTLS, logging,
                nioCore, nioSSL, serviceLifecycle,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "slstats-collector",
            dependencies: [
                "SlstatsCollector", "SlstatsProtocol", argumentParser, logging, hummingbird, serviceLifecycle,
                unixSignals,
            ],
            swiftSettings: strict),

        .target(
            name: "FuzzTargets",
            dependencies: [
                "OrderedJSON", "SlstatsCore", "SlstatsDaemon", "SlstatsProtocol", nioCore, systemPackage,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Tests", swiftSettings: strict),
        .testTarget(name: "OrderedJSONTests", dependencies: ["OrderedJSON"], swiftSettings: strict),
        .testTarget(
            name: "SlstatsProtocolTests", dependencies: ["OrderedJSON", "SlstatsProtocol"], swiftSettings: strict),
        .testTarget(
            name: "SlstatsCoreTests",
            dependencies: [
                "CChecksum", "CLinux", "OrderedJSON", "SlstatsCore", "SlstatsProtocol", heapModule, systemPackage,
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "SlstatsClientTests",
            dependencies: ["OrderedJSON", "SlstatsClient", "SlstatsCore", "SlstatsProtocol"],
            swiftSettings: strict),
        .testTarget(
            name: "SlstatsCommandTests",
            dependencies: ["OrderedJSON", "SlstatsClient", "SlstatsProtocol", "slstats", argumentParser],
            swiftSettings: strict),
        .testTarget(
            name: "SlstatsDaemonTests",
            dependencies: [
                "OrderedJSON", "SlstatsCore", "SlstatsDaemon", "SlstatsProtocol", crypto, logging, nioCore, nioHTTP1,
                nioPosix,
                nioSSL,
                serviceLifecycle, systemPackage,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SlstatsCollectorTests",
            dependencies: [
                "OrderedJSON", "SlstatsCollector", httpTypes, hummingbird, hummingbirdTesting, logging, nioCore,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "OrderedJSON", "SlstatsCore", "SlstatsProtocol", "slstats", "slstatsd", "slstats-collector", subprocess,
                systemPackage,
            ],
            swiftSettings: strict),
    ] + fuzzer
)
