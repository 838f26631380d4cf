// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON

/// The parser, the cursor's strict walk and the printer know the same language.
func readJSON(_ bytes: [UInt8]) {
    var cursor = JSONCursor(bytes.span)
    let isWalked = (try? cursor.scanStrictDocument()) != nil
    guard let json = try? JSON(parsing: bytes) else {
        demand(!isWalked, "walked as strict JSON and not parsed")
        return
    }
    demand(isWalked, "parsed and not walked as strict JSON")
    demand((try? JSON(parsing: json.serializedBytes())) == json, "printed and read again it is another value")
    demand((try? JSON(parsing: json.prettyPrinted())) == json, "printed in lines and read again it is another value")
}
