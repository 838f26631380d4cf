// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsCore
package import SystemPackage

/// Which fields there are besides the built-in ones that everybody may be asked for.
package struct CatalogueSettings: Sendable, Equatable {
    /// Of the user's own; those of the administrator are in a folder.
    package var file: FilePath?
    /// Built-in fields that name a person or an organisation, by path.
    package var admitted: Set<String> = []
    /// What the files say: read by ``read(_:believing:files:)``.
    package private(set) var vendorFields: [CatalogueField] = []

    package init() {}

    /// Reads the files, the administrator's first, each in the order of its name.
    ///
    /// - Parameters:
    ///   - folder: of the administrator's; it need not be there.
    ///   - administrator: the only user who may have written there.
    package mutating func read(
        _ folder: FilePath, believing administrator: UInt32, files: any FileSystem
    ) throws(ConfigurationError) {
        vendorFields = []
        for path in try Self.paths(in: folder, files) {
            if let reason = try? files.distrust(path, administrator: administrator) {
                throw ConfigurationError(
                    place: path.string, problem: "\(reason), so it is not believed",
                    mend: "as root: chown root \(folder) \(path) && chmod go-w \(folder) \(path)")
            }
            try add(path, files)
        }
        if let file { try add(file, files) }
    }

    /// The catalogue as it holds; where nothing is added and nothing taken away, the one that is there already.
    func combined(restrictedBy restrictions: [String: FieldRestriction]) -> Catalogue {
        guard !vendorFields.isEmpty || !admitted.isEmpty || !restrictions.isEmpty else { return .builtIn }
        return Catalogue(CatalogueField.builtIn + vendorFields, admitting: admitted, restrictions: restrictions)
    }

    /// Those of the places at and below which there is no field, admitted or not.
    func unknown(_ places: [String]) -> [String] {
        let fields = CatalogueField.builtIn + vendorFields
        return places.filter { place in !fields.contains { $0.isAtOrBelow(place) } }
    }

    private static func paths(
        in folder: FilePath, _ files: any FileSystem
    ) throws(ConfigurationError) -> [FilePath] {
        do throws(FileError) {
            guard try files.status(of: folder) != nil else { return [] }
            return try files.names(in: folder).filter { $0.hasSuffix(".json") }.map { folder.appending($0) }
        } catch {
            throw ConfigurationError(
                place: folder.string, problem: "\(error)", mend: "as root: chmod go+rx \(folder)")
        }
    }

    private mutating func add(_ path: FilePath, _ files: any FileSystem) throws(ConfigurationError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(path, limit: 1 << 20)
        } catch {
            throw ConfigurationError(
                place: path.string, problem: "\(error)", mend: "it takes a file of up to 1MiB that this user can read")
        }
        do throws(CatalogueFile.Mistake) {
            vendorFields += try CatalogueFile(
                bytes, name: path.string, known: CatalogueField.builtIn + vendorFields
            ).fields
        } catch {
            throw ConfigurationError(place: "\(path):\(error.line)", problem: error.problem, mend: error.mend)
        }
    }
}
