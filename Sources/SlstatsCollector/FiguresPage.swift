// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import SlstatsProtocol

/// The page at `/`: HTML with charts as SVG in it, nothing from elsewhere and no script.
package struct FiguresPage {
    let figures: Figures

    package init(figures: Figures) { self.figures = figures }

    /// Nothing may be loaded or run, whatever an event has brought (w3.org/TR/CSP3).
    static let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    package var html: String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>slstats</title>
        <style>\(Self.style)</style>
        <h1>What was used</h1>
        <p>\(total)</p>
        \(days)
        <div class="tables">
        \(figures.tables.map(table).joined(separator: "\n"))
        </div>
        </html>

        """
    }

    private var total: String {
        guard let installations = figures.installations else {
            return "Fewer than \(figures.threshold) installations in \(Figures.dayCount) days: too few to be shown."
        }
        let folded =
            figures.threshold > 1
            ? " What fewer than \(figures.threshold) have in common is folded into “other”; today is counted when it is over."
            : ""
        return
            "\(count(figures.events, "event")) of \(count(installations, "installation")) in \(Figures.dayCount) days.\(folded)"
    }

    private static let style = """
        :root { color-scheme: light dark; --bar: #4a7fb5; --rest: #b8a06a; }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
        svg { display: block; } .bar { fill: var(--bar); } .rest { fill: var(--rest); }
        svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
        .days svg { width: 100%; height: auto; }
        .tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(21rem, 1fr)); gap: 2rem; margin-top: 2rem; }
        table { border-collapse: collapse; width: 100%; } td, th { padding: .1rem .4rem; text-align: left; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        td.value { min-width: 7rem; max-width: 10rem; overflow-wrap: break-word; }
        """

    // MARK: - Days

    private var days: String {
        let (width, height, step) = (900.0, 180.0, 900.0 / Double(Figures.dayCount))
        let most = Double(max(figures.days.compactMap(\.events).max() ?? 0, 1))
        let bars = figures.days.enumerated().map { index, entry in
            // Of a day with few installations it is not told how much they did.
            let share = entry.events.map { Double($0) / most } ?? 0.02
            let bar = max(share * (height - 40), entry.events == 0 ? 0 : 1)
            let x = Double(index) * step
            let said = entry.events.map { count($0, "event") } ?? "fewer than \(figures.threshold) installations"
            let title = "\(Self.date(entry.day)): \(said)"
            let label =
                index.isMultiple(of: 5)
                ? "<text x=\"\(number(x))\" y=\"\(number(height - 4))\">\(Self.date(entry.day).dropFirst(5))</text>"
                : ""
            return """
                <rect class="\(entry.events == nil ? "rest" : "bar")" x="\(number(x + 1))" y="\(number(height - 20 - bar))" \
                width="\(number(step - 2))" height="\(number(bar))"><title>\(title)</title></rect>\(label)
                """
        }
        return """
            <section class="days">
            <h2>Events per day</h2>
            <svg viewBox="0 0 \(number(width)) \(number(height))" role="img" aria-label="Events per day">
            <text x="0" y="12">\(number(most))</text>
            \(bars.joined(separator: "\n"))
            </svg>
            </section>
            """
    }

    static func date(_ day: Int64) -> String {
        String(Timestamp.utc(day * Figures.millisecondsPerDay).prefix(10))
    }

    // MARK: - Tables

    private func table(_ table: Figures.Table) -> String {
        let title = Self.title(of: table.column)
        guard !table.rows.isEmpty else {
            return "<section id=\"\(table.column.rawValue)\"><h2>\(title)</h2><p>Nothing yet.</p></section>"
        }
        let most = Double(table.rows.compactMap(\.events).max() ?? 1)
        let rows = table.rows.map { row in
            let bar = number(row.events.map { max(1, Double($0) / most * 100) } ?? 0)
            return """
                <tr><td class="value">\(row.value.map(Self.escaped) ?? "other")</td>\
                <td class="number">\(row.events.map(String.init) ?? "few")</td>\
                <td class="number">\(row.installations.map(String.init) ?? "")</td>\
                <td><svg width="100" height="12" aria-hidden="true"><rect class="\(row.value == nil ? "rest" : "bar")" \
                width="\(bar)" height="12"/></svg></td></tr>
                """
        }
        return """
            <section id="\(table.column.rawValue)">
            <h2>\(title)</h2>
            <table>
            <tr><th></th><th class="number">events</th><th class="number">installations</th><th></th></tr>
            \(rows.joined(separator: "\n"))
            </table>
            </section>
            """
    }

    private static func title(of column: EventColumn) -> String {
        switch column {
        case .cli: "Programs"
        case .version: "Versions"
        case .command: "Commands"
        case .provider: "Providers"
        case .runtime: "Runtimes"
        case .outcome: "Outcomes"
        }
    }

    // MARK: - Text

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// What an event has brought, as text and nothing else.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in PrintableText.sanitizeLine(text).unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
