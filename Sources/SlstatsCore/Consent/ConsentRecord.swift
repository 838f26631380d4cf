// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import OrderedJSON
package import SlstatsProtocol
package import SystemPackage

/// What the user last told `slstats`, kept beside the rc file's own copy: a no holds although the rc file cannot be
/// written, or is taken away, or is set back by a program that read it before (ConsentRecordFormat.md).
package struct ConsentRecord: Sendable, Equatable {
    package enum Answer: String, Sendable {
        case yes
        case no
    }

    /// `nil`: was never asked to do anything.
    package var answer: Answer?
    /// Unix milliseconds.
    package var answeredAt: Int64?
    /// The stages whose rc files could not be told of a no yet. Each is a no for its stage, also after a yes for another.
    package var owed: [PlatformStage] = []

    package init() {}
}

/// The record's file, `consent.json` in the state folder.
///
/// Its size never changes and it is there before it is needed, so that a no can be written on a full disk: over the old
/// bytes, within one sector, which a disk writes whole or not at all.
package struct ConsentRecordFile {
    package enum Content: Sendable, Equatable {
        case record(ConsentRecord)
        /// Somebody said something, and it cannot be read any more.
        case damaged
    }

    package let path: FilePath
    private let files: any FileSystem

    /// The smallest sector there is.
    static let bytes = 512
    /// What fits, at 32 bytes a name.
    private static let maximumOwed = 8

    package init(state: FilePath, files: any FileSystem) {
        path = state.appending("consent.json")
        self.files = files
    }

    /// Reads the record, and makes the file if there is none.
    ///
    /// - Returns: what it says, and why it could not be made if it could not: then a no needs a disk with room.
    package func open() -> (content: Content, failure: FileError?) {
        do throws(FileError) {
            guard try files.status(of: path) != nil else {
                try files.replace(path, with: Self.encode(ConsentRecord()))
                return (.record(ConsentRecord()), nil)
            }
            let bytes = try files.read(path, limit: Self.bytes)
            return (Self.decode(bytes).map(Content.record) ?? .damaged, nil)
        } catch {
            // What is there and cannot be read may be a no; what is not there is none.
            let isThere = (try? files.status(of: path)) ?? nil
            return (isThere == nil ? .record(ConsentRecord()) : .damaged, error)
        }
    }

    /// Returns when the record would survive a loss of power.
    package func write(_ record: ConsentRecord) throws(FileError) {
        let bytes = Self.encode(record)
        do throws(FileError) {
            guard try files.status(of: path)?.identity.size == Int64(bytes.count) else {
                throw FileError("open", path, .noSuchFileOrDirectory)
            }
            try files.overwrite(path, with: bytes, at: 0)
        } catch {
            // Gone, or of a size that was never ours. Anything else would fail in the same way.
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            try files.replace(path, with: bytes)
        }
    }

    // MARK: - Format

    static func encode(_ record: ConsentRecord) -> [UInt8] {
        let json: JSON = [
            "format": 1, "answer": JSON(record.answer?.rawValue), "answeredAt": JSON(record.answeredAt),
            "owed": .array(record.owed.prefix(maximumOwed).map { .string($0.name) }),
        ]
        let text = json.serializedBytes()
        return text + [UInt8](repeating: 0x20, count: bytes - 1 - text.count) + [0x0a]
    }

    /// - Returns: `nil` for anything that we would not have written.
    static func decode(_ bytes: [UInt8]) -> ConsentRecord? {
        guard let json = try? JSON(parsing: bytes), json["format"] == 1 else { return nil }
        var record = ConsentRecord()
        switch json["answer"] {
        case .null?: break
        case .string(let word)?:
            guard let answer = ConsentRecord.Answer(rawValue: word) else { return nil }
            record.answer = answer
        default: return nil
        }
        record.answeredAt = json["answeredAt"]?.integer
        for stage in json["owed"]?.array ?? [] {
            guard let stage = stage.string.flatMap(PlatformStage.init(name:)) else { return nil }
            record.owed.append(stage)
        }
        return record
    }
}
