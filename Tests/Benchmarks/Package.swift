// swift-tools-version: 6.1
// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A package of its own, so that nobody who builds slstats fetches what only `make bench` needs.
let package = Package(
    name: "slstats-benchmarks",
    dependencies: [
        .package(name: "slstats", path: "../.."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "Client",
            dependencies: [
                .product(name: "SlstatsClient", package: "slstats"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/Client",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ]
)
