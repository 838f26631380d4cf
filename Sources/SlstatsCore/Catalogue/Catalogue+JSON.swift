// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

extension Catalogue {
    /// What `slstats schema --json` prints.
    package var json: JSON {
        [
            "fields": .array(
                fields.map { field in
                    [
                        "field": .string(field.path), "kept": .string(field.kind.kept),
                        "nullable": .bool(field.isNullable), "purpose": .string(field.purpose),
                        "example": (try? JSON(parsing: field.example)) ?? .null, "source": .string(field.source),
                    ]
                })
        ]
    }
}
