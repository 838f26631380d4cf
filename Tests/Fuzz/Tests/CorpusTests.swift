// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzTargets
import Testing

@Suite("What fuzzers begin with, and what they have found")
struct CorpusTests {
    private static let corpora = String(#filePath.dropLast("Tests/CorpusTests.swift".count)) + "Corpora/"

    @Test("nothing of a corpus, cut anywhere, harms its target [F071, F091, F120]", arguments: FuzzTarget.allCases)
    func replay(_ target: FuzzTarget) throws {
        let folder = Self.corpora + target.rawValue
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!names.isEmpty)
        for name in names {
            let bytes = try Array(Data(contentsOf: URL(filePath: folder + "/" + name)))
            // One that harms ends this process, and the name is the last that was printed.
            print("\(target.rawValue)/\(name)")
            target.run(bytes)
            for end in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 64)) {
                target.run(Array(bytes.prefix(end)))
            }
        }
    }
}
