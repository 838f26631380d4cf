// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import Hummingbird
internal import NIOCore

/// A request with the address it came from.
package struct CollectorContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    private let address: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress?.ipAddress
    }

    /// Who is limited together. Behind a proxy the last address of `X-Forwarded-For`: the one that the proxy has seen;
    /// those before it are what the sender says.
    func sender(of request: Request, isBehindProxy: Bool) -> String {
        let forwarded = isBehindProxy ? request.headers[Self.forwardedFor] : nil
        let last = forwarded?.split(separator: ",").last.map { $0.filter { $0 != " " } }
        return Admission.sender(last ?? address ?? "")
    }

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
