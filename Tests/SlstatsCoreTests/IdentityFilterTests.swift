// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Testing

@Suite("Identities in events")
struct IdentityFilterTests {
    private static let filter = IdentityFilter(
        [
            Identity(.loginName, "zoetest"), Identity(.loginName, "dev"), Identity(.fullName, "Zoë Quast"),
            Identity(.hostName, "quast-laptop"), Identity(.homeFolder, "/home/zoetest"),
            Identity(.secret, "s3cr3t-value"),
        ].compactMap { $0 })

    @Test(
        "whatever its case, composition and encoding, an identity is found [F173]",
        arguments: [
            ("zoetest", .loginName), ("my-ZoeTest_project", .loginName), ("Zoe%54est", .loginName),
            ("zoe%2554est", .loginName), ("em9ldGVzdA==", .loginName), ("x em9ldGVzdA", .loginName),
            ("7a6f6574657374", .loginName), ("7A6F6574657374", .loginName), ("zoë quast", .fullName),
            ("ZOE\u{308} QUAST", .fullName), ("quast-laptop.local", .hostName), ("S3CR3T-VALUE", .secret),
            ("a@b.example", .emailAddress), ("192.168.0.17", .networkAddress), ("1.192.168.0.17", .networkAddress),
            ("fe80::1", .networkAddress), ("2001:db8:0:0:0:0:0:1", .networkAddress),
            ("00:1a:2b:3c:4d:5e", .networkAddress), ("00-1A-2B-3C-4D-5E", .networkAddress),
            ("0123456789abcdef0123456789abcdef", .machineID), ("AKIAIOSFODNN7EXAMPLE", .secret),
            ("ghp_0123456789abcdef0123", .secret),
        ] as [(String, Identity.Kind)])
    func found(_ text: String, _ kind: Identity.Kind) {
        #expect(Self.filter.finding(in: text) == kind)
    }

    @Test(
        "what only looks like one is not",
        arguments: [
            "deploy", "dev", "development", "zoetester", "azoetest", "3.38.0", "1.2.3", "1.2.3.4567", "12:30:00",
            "12:30",
            "serverless-offline", "@serverless/utils", "AWS::S3::Bucket", "lib/plugins/aws/info.js:10:5", "100%", "",
            "Europe/Berlin", "0123456789abcdef",
        ])
    func notFound(_ text: String) {
        #expect(Self.filter.finding(in: text) == nil)
    }

    @Test("what is everywhere, or too short, is no identity", arguments: ["root", "Dev", "ab", "", "---", "runner"])
    func generic(_ text: String) {
        #expect(Identity(.loginName, text) == nil)
    }
}

@Suite("Where errors come from")
struct ErrorLocationTests {
    @Test(
        "paths are kept from the root of a public package on, and nothing else is [F163]",
        arguments: [
            ("<not available>", "<not available>"), ("", "<not reflected in stack>"),
            ("/home/ann/app/node_modules/serverless/lib/aws/info.js:10:5", "serverless/lib/aws/info.js:10:5"),
            ("/serverless/lib/aws/info.js:10:5\n^:11:6", "serverless/lib/aws/info.js:10:5\n^:11:6"),
            ("C:\\Users\\ann\\node_modules\\serverless\\lib\\a.js:1:2", "serverless/lib/a.js:1:2"),
            // What the original leaks: a second root, a URL, a relative path.
            ("/home/ann/customers/handler.js:1:2", "<external>"), ("file:///home/ann/handler.mjs:1:2", "<external>"),
            ("src/secret-project/index.js:3:4", "<external>"), ("node_modules/@corp/secret/a.js:1:2", "<external>"),
            ("/home/ann/serverless/lib/a.js:1:2", "<external>"), ("serverless/customers/a.js:1:2", "<external>"),
            ("node_modules/serverless/../../ann/a.js:1:2", "<external>"),
            ("node_modules/serverless/lib/ann lee/a.js:1:2", "<external>"), ("Error: no /home/ann", "<external>"),
            ("    at run (/x/node_modules/@aws-sdk/client-s3/a.js:1:2)", "@aws-sdk/client-s3/a.js:1:2"),
            ("node:internal/process/task_queues:95:5", "node:internal/process/task_queues:95:5"),
        ])
    func kept(_ location: String, _ expected: String) {
        #expect(ErrorLocation.keeping(location) == expected)
    }

    @Test("seven frames are enough")
    func frames() {
        let many = Array(repeating: "/a/node_modules/serverless/lib/a.js:1:2", count: 20).joined(separator: "\n")
        #expect(ErrorLocation.keeping(many).split(separator: "\n").count == 7)
    }
}
