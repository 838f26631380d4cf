// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import OrderedJSON
import SlstatsCore
import SlstatsProtocol
import SystemPackage

private let moments: [Int64] = [0, 1_700_000_000_000, 8_640_000_000_000_000]
private let callers = [nil, Product("serverless/3.38.0"), Product("acme")]

/// A list of notifications: whatever is in it, it is judged, chosen from and shown without harm, and a list that was kept
/// is the same list when it is read again.
func readNotifications(_ bytes: [UInt8]) {
    guard let json = try? JSON(parsing: bytes), let list = NotificationList(json) else { return }
    demand(list.notifications.count <= ProtocolLimits.maximumNotifications, "more than are allowed")
    var cache = NotificationCache(state: "/state", files: InMemoryFileSystem())
    _ = try? cache.update(fromAnswer: bytes)
    demand(cache.list == list, "kept as something else")
    var history = DisplayHistory()
    for now in moments {
        for (caller, mode) in zip(callers, [NotificationsMode.on, .force, .upgradesOnly]) {
            guard
                let chosen = NotificationSelection.choose(
                    from: list.notifications, history: history, mode: mode, caller: caller, now: now)
            else { continue }
            demand(chosen.isFor(caller, at: now), "for somebody else")
            history.show(chosen.code, at: now)
            _ = NotificationSelection.nextDisplay(of: chosen, history)
            checkPrinted(PrintableText.notice(chosen.message))
            checkPrinted(PrintableText.wrap(PrintableText.sanitize(chosen.message), columns: 40))
        }
    }
}

/// Nothing in it moves the cursor, changes a colour or turns the direction of reading.
private func checkPrinted(_ text: String) {
    for scalar in text.unicodeScalars where scalar != "\n" {
        demand(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value), "a control character is shown")
        demand(
            ![.format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory),
            "\(scalar.value)")
    }
}

/// A vendor's catalogue file: fields, or a mistake in a line that there is.
func readCatalogueFile(_ bytes: [UInt8]) {
    do {
        let file = try CatalogueFile(bytes, name: "fuzz.json", known: CatalogueField.builtIn)
        let paths = file.fields.map(\.path)
        demand(Set(paths).count == paths.count, "a path twice")
        demand(Set(paths).isDisjoint(with: CatalogueField.builtIn.map(\.path)), "a path of ours")
        let rules = EventRules(Catalogue(CatalogueField.builtIn + file.fields))
        let event = Array("{}".utf8)
        demand(EventCheck(event.span, at: 0..<2, rules: rules).violations.isEmpty, "an empty event is a violation")
    } catch {
        let lines = bytes.count { $0 == 0x0a } + 1
        demand((1...lines).contains(error.line), "line \(error.line) of \(lines)")
        demand(!error.problem.isEmpty && !error.mend.isEmpty, "a mistake without words")
    }
}
