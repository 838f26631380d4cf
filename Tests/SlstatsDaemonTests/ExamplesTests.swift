// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SlstatsCore
import SlstatsDaemon
import Testing

@Suite("The files in systemd/examples")
struct ExamplesTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let python = repository.appending(path: ".build/python/bin/python3").path
    private static let stamp = repository.appending(path: ".build/python/packages").path

    private static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: repository.appending(path: "systemd/examples/\(name)")))
    }

    @Test("a configuration, two policies and a catalogue are taken as they are")
    func files() throws {
        var sources = ConfigurationSources()
        try sources.addFile(try Self.bytes("config.json"), name: "config.json")
        #expect(try sources.configuration().collector.url != nil)
        #expect(try PolicyRules(try Self.bytes("policy.json")).mode == .off)
        let fleet = try PolicyRules(try Self.bytes("fleet-policy.json"))
        #expect(fleet.collectorKind == .otlp && fleet.collector?.description == "https://otel.example.com:4318/v1/logs")
        #expect(fleet.fields.count == 4 && fleet.eventsPerHour == 600)
        for path in fleet.fields.keys {
            #expect(CatalogueField.builtIn.contains { $0.path == path || $0.path.hasPrefix(path + ".") }, "\(path)")
        }
        let catalogue = try CatalogueFile(
            try Self.bytes("vendor-catalogue.json"), name: "acme.json", known: CatalogueField.builtIn)
        #expect(catalogue.fields.count == 5)
    }

    @Test(
        "the pipeline of the OpenTelemetry Collector names only what it defines, and defines what it names",
        .enabled(if: FileManager.default.fileExists(atPath: stamp), "needs Tests/Tools/venv .build/python"))
    func pipeline() throws {
        let script = """
            import sys, yaml
            config = yaml.safe_load(open(sys.argv[1]))
            pipeline = config["service"]["pipelines"]["logs"]
            for kind in ("receivers", "processors", "exporters"):
                assert set(pipeline[kind]) == set(config[kind]), kind
            assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
            """
        let process = Process()
        process.executableURL = URL(filePath: Self.python)
        process.arguments = [
            "-c", script, Self.repository.appending(path: "systemd/examples/otel-collector.yaml").path,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
