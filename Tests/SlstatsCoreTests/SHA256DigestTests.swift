// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsCore
import Testing

@Suite("A digest")
struct SHA256DigestTests {
    /// From sha256sum(1); the last has zeros where its second number begins.
    @Test(
        "is written as sha256sum writes it, and read as it was written",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("105", "1253e9373e781b7500266caa55150e08e210bc8cd8cc70d89985e3600155e860"),
        ])
    func spelling(_ text: String, _ digits: String) {
        let digest = SHA256Digest(of: text)
        #expect(digest.description == digits)
        #expect(SHA256Digest(digits) == digest)
    }

    @Test("has one spelling only", arguments: ["BA", "bg", "+a", " a", "ä"])
    func others(_ beginning: String) {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(SHA256Digest(beginning + digits.dropFirst(beginning.utf8.count)) == nil)
        #expect(SHA256Digest(String(digits.dropLast())) == nil)
        #expect(SHA256Digest(digits + "0") == nil)
    }

    /// The record of what left remembers one for each file that it has written; 8 MiB of it may be ten thousand files.
    @Test("needs no memory beside its own 32 bytes")
    func size() {
        #expect(MemoryLayout<SHA256Digest>.size == 32)
        #expect(_isPOD(SHA256Digest.self))
    }
}
