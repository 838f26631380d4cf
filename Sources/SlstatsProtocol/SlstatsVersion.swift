// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// The release of this package; client, daemon and collector are built together and share it.
package enum SlstatsVersion {
    package static let current = "0.1.0"
}
