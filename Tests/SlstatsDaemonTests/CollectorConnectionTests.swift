// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOSSL
import OrderedJSON
import SlstatsCore
import SlstatsDaemon
import SystemPackage
import Testing

/// Certificates and proxies: what stands between the daemon and a collector.
@Suite("The way to the collector", .enabled(if: Certificates.isThere, "needs openssl"))
struct CollectorConnectionTests {
    /// Records one event and flushes it.
    private func flush(_ configure: (inout DaemonConfiguration) -> Void) async throws -> JSON {
        try await TestDaemon.run(in: nil, configure) { daemon in
            try await LineConnection.open(daemon.socket) { connection async throws in
                _ = try await connection.ask("record", #"{"event":{"command":"a"}}"#)
                let result = try await connection.flush()
                let status = try await connection.ask("status")
                let events = status["events"]
                #expect(events?["recorded"] == 1)
                #expect((events?["pending"]?.integer ?? 0) + (events?["sent"]?.integer ?? 0) == 1)
                #expect(!status.serialized().contains("s3cr3t"))
                return result
            }
        }
    }

    @Test(
        "a certificate of an unknown authority, for another host or another time, and TLS 1.1, are refused [F139]",
        arguments: ["unknown", "host", "expired", "early", "old"])
    func refused(kind: String) async throws {
        try await Certificates.make { certificates in
            let validity: Certificates.Validity = kind == "expired" ? .over : kind == "early" ? .toCome : .now
            let server = try certificates.server(
                kind == "host" ? "other.test" : "127.0.0.1", validity, latest: kind == "old" ? .tlsv11 : nil)
            try await ScriptedCollector.run(.status(200), tls: server) { collector, url in
                let result = try await flush {
                    $0.collector.url = CollectorURL(url)
                    if kind != "unknown" { $0.collector.authorityFile = certificates.authority }
                }
                #expect(result["pending"] == 1)
                #expect(result["outcome"]?.string?.hasPrefix("will retry: TLS: ") == true, "\(result)")
                #expect(collector.requests.isEmpty)
            }
        }
    }

    @Test("an authority of one's own is trusted once it is named [F139]")
    func ownAuthority() async throws {
        try await Certificates.make { certificates in
            try await ScriptedCollector.run(.status(200), tls: try certificates.server("127.0.0.1")) { collector, url in
                let result = try await flush {
                    $0.collector.url = CollectorURL(url)
                    $0.collector.authorityFile = certificates.authority
                }
                #expect(result["outcome"] == "delivered", "\(result)")
            }
        }
    }

    @Test("plain HTTP is not fallen back to, and TLS not spoken to who does not [F139]")
    func noTLS() async throws {
        try await ScriptedCollector.run(.status(200)) { collector, url in
            let result = try await flush { $0.collector.url = CollectorURL(url.replacing("http://", with: "https://")) }
            #expect(result["pending"] == 1)
            #expect(collector.requests.isEmpty)
        }
    }

    @Test(
        "a file of authorities that is missing or garbage stops the daemon with the key and the mend [F139]",
        arguments: ["missing", "garbage"])
    func badAuthorityFile(kind: String) async throws {
        try await Certificates.make { certificates in
            let path = certificates.folder + "/" + kind
            if kind == "garbage" { try Data("x".utf8).write(to: URL(filePath: path)) }
            let error = await #expect(throws: ConfigurationError.self) {
                _ = try await flush {
                    $0.collector.url = CollectorURL("https://127.0.0.1:1/")
                    $0.collector.authorityFile = FilePath(path)
                }
            }
            #expect(error?.place == "collector.caFile")
        }
    }

    @Test("a name that does not resolve, and a port where nobody is, are told apart [F123, F140]")
    func nowhere() async throws {
        let name = try await flush { $0.collector.url = CollectorURL("http://collector.invalid/") }
        #expect(name["outcome"]?.string?.hasPrefix("will retry: DNS: collector.invalid") == true, "\(name)")
        let port = try await flush { $0.collector.url = CollectorURL("http://127.0.0.1:1/") }
        #expect(port["outcome"]?.string?.contains("refused") == true, "\(port)")
    }

    @Test(
        "through a proxy, with and without its password; who the proxy refuses is told, and the password to nobody [F141]",
        arguments: ["open", "right", "wrong"])
    func proxy(kind: String) async throws {
        try await Certificates.make { certificates in
            try await ScriptedCollector.run(.status(200), tls: try certificates.server("collector.test")) {
                collector, url in
                let port = try #require(CollectorURL(url)?.port)
                let right = "Basic " + Data("user:s3cr3t".utf8).base64EncodedString()
                try await ConnectProxy.run(to: port, authorization: kind == "open" ? nil : right) { proxy, port in
                    let user = kind == "open" ? "" : kind == "right" ? "user:s3cr3t@" : "user:s3cr3t-not@"
                    let result = try await flush {
                        $0.collector.url = CollectorURL("https://collector.test/events")
                        $0.collector.authorityFile = certificates.authority
                        $0.collector.proxyVariables = ["HTTPS_PROXY": "http://\(user)127.0.0.1:\(port)"]
                    }
                    #expect(proxy.requests.first?.hasPrefix("CONNECT collector.test:443 ") == true)
                    if kind == "wrong" {
                        #expect(result["outcome"] == "will retry: the proxy wants a user and a password")
                        #expect(collector.requests.isEmpty)
                    } else {
                        #expect(result["outcome"] == "delivered", "\(result)")
                    }
                }
            }
        }
    }
}

/// An authority of our own and what it signs, made by openssl(1) for each test.
struct Certificates: Sendable {
    static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    enum Validity { case over, now, toCome }

    let folder: String
    var authority: FilePath { FilePath(folder + "/ca.pem") }

    static func make(_ body: (Certificates) async throws -> Void) async throws {
        let certificates = Certificates(folder: try TestDaemon.makeHome())
        let outcome: Result<Void, any Error>
        do {
            try certificates.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                "ca.key", "-out",
                "ca.pem", "-subj", "/CN=authority", "-days", "2")
            outcome = .success(try await body(certificates))
        } catch { outcome = .failure(error) }
        try FileManager.default.removeItem(atPath: certificates.folder)
        try outcome.get()
    }

    /// A certificate for one host, by name or address.
    ///
    /// - Parameter latest: the newest TLS that the server speaks.
    func server(
        _ host: String, _ validity: Validity = .now, latest: TLSVersion? = nil
    ) throws -> NIOSSLContext {
        let kind = host.first?.isNumber == true ? "IP" : "DNS"
        try Data("subjectAltName=\(kind):\(host)".utf8).write(to: URL(filePath: folder + "/extensions"))
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key",
            "-out", "server.csr",
            "-subj", "/CN=server")
        if validity == .toCome {
            try signForTheFuture()
        } else {
            try openssl(
                "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                "server.pem", "-days",
                validity == .over ? "-1" : "2", "-extfile", "extensions")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(folder + "/server.pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: folder + "/server.key", format: .pem)))
        configuration.maximumTLSVersion = latest
        return try NIOSSLContext(configuration: configuration)
    }

    /// As a machine sees it whose clock is behind. Only `openssl ca` is told when a certificate begins.
    private func signForTheFuture() throws {
        let configuration = """
            [ca]
            default_ca = own
            [own]
            database = index
            serial = ca.srl
            new_certs_dir = .
            default_md = sha256
            policy = any
            [any]
            commonName = supplied

            """
        try Data(configuration.utf8).write(to: URL(filePath: folder + "/ca.conf"))
        try Data().write(to: URL(filePath: folder + "/index"))
        try openssl(
            "ca", "-config", "ca.conf", "-batch", "-notext", "-create_serial", "-cert", "ca.pem", "-keyfile", "ca.key",
            "-in", "server.csr", "-out", "server.pem", "-extfile", "extensions", "-startdate", "20990101000000Z",
            "-enddate", "20990201000000Z")
    }

    private struct OpenSSLError: Error { let arguments: [String] }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw OpenSSLError(arguments: arguments) }
    }
}
