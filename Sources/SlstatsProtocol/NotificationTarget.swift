// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import OrderedJSON

/// Whom a notification is for: `{"product": "serverless", "versions": "<3.0.0"}`; without `versions` for each of them.
package struct NotificationTarget: Sendable, Equatable {
    package let product: String
    package let versions: VersionRange?

    package init?(_ json: JSON) {
        guard let product = json["product"]?.string, Product.isName(product) else { return nil }
        self.product = product
        switch json["versions"] {
        case nil, .null: versions = nil
        case .string(let text):
            guard let range = VersionRange(text) else { return nil }
            versions = range
        default: return nil
        }
    }

    package func includes(_ caller: Product) -> Bool {
        caller.name == product && versions.map { $0.contains(caller.version) } ?? true
    }

    package var json: JSON {
        var object = JSONObject([("product", .string(product))])
        if let versions { object["versions"] = .string(versions.description) }
        return .object(object)
    }
}
