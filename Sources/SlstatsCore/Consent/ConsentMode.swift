// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What holds while the user has said nothing: `consent.mode` of the configuration, and of a policy.
package enum ConsentMode: String, CaseIterable, Sendable {
    case on
    /// Off until the user says yes with `slstats --enable`.
    case ask
    case off
}
