internal import CallboardCore
internal import ServiceBus
internal import Terminal

extension App {
    /// Paints the whole frame.
    func render(into surface: inout Surface, now: Timestamp) {
        surface.clear()
        let frame = frame(rows: surface.rows, columns: surface.columns)
        let surroundings = Surroundings(model: model, now: now, keymap: keymap, rows: surface.rows, columns: surface.columns)
        guard let top = screens.last else { return }
        if !frame.content.isEmpty { top.render(into: &surface, frame.content, surroundings) }
        if !frame.bar.isEmpty { renderBar(into: &surface, frame.bar, now) }
        if !frame.banner.isEmpty { EmergencyBanner.render(model.emergencies.uses, into: &surface, frame.banner, now: now) }
        if !frame.summary.isEmpty { renderSummary(of: top, into: &surface, frame.summary, surroundings) }
        if !frame.hints.isEmpty { renderHints(into: &surface, frame.hints) }
        if !frame.message.isEmpty { renderMessage(of: top, into: &surface, frame.message) }
        if let prompt, frame.content.rows > 1 {
            let count = prompt.rows(available: frame.content.rows - 1)
            prompt.renderSuggestions(into: &surface, frame.content.splitBottom(count).bottom)
        }
    }

    /// Milliseconds until something on screen changes by itself; nil: never. Nothing else wakes the loop.
    func untilChange(now: Timestamp) -> Int64? {
        guard let top = screens.last else { return nil }
        if !top.awaited(model).isEmpty { return Spinner.untilNext(now) }
        // At the end of a step at the earliest, so never more than once a minute.
        var waits = top.ages(model).map { Age.untilChange(of: $0, now: now) + 1 }
        waits += [top.untilTick(model, now: now), model.untilOwnEnd(now: now)].compactMap(\.self)
        waits += EmergencyBanner.untilChange(model.emergencies.uses, now: now).map { [$0] } ?? []
        for due in [top.refreshDue(model), model.inboxDue(on: top.context), model.emergenciesDue].compactMap(\.self) {
            waits.append(max(due.milliseconds.subtractingReportingOverflow(now.milliseconds).partialValue, 0))
        }
        return waits.min()
    }

    // MARK: - The context and where we are

    private func renderBar(into surface: inout Surface, _ rect: Rect, _ now: Timestamp) {
        let isProduction = model.isProduction
        let role: Role = isProduction ? .barProduction : .bar
        surface.fill(rect, role: role)
        var column = rect.column
        let badge = " \(App.badge(model.title))\(model.title?.isMasking == true ? " · MASKED" : "") "
        column += surface.put(
            row: rect.row, column: column, badge, role: isProduction ? .barBadgeProduction : .barBadge, maxWidth: rect.columns)
        let crumbs = App.crumbs(model.title?.endpoint ?? "connecting…", screens)
        let room = rect.endColumn - column - 1
        // The right end says as whom and how; it gives way to the crumbs, the name in full before the short one, that before the mode, errors last.
        let right = barNotes(now).lazy.compactMap { $0.text(in: room) }.first ?? ""
        let crumbRoom = max(room - Width.of(right), 0)
        surface.put(
            row: rect.row, column: column + 1, App.fitting(crumbs, width: crumbRoom), role: role, maxWidth: crumbRoom, truncation: .ellipsis
        )
        if !right.isEmpty { surface.put(row: rect.row, column: rect.endColumn - Width.of(right), right, role: role) }
    }

    /// Something that the end of the top line could say.
    private struct BarNote {
        var parts: [String]
        /// Of how much of the line it may take, in hundredths.
        var share = 50

        /// The text; nil where there is no room for it.
        func text(in room: Int) -> String? {
            let text = " " + parts.joined(separator: " · ") + " "
            return Width.of(text) * 100 <= room * share ? text : nil
        }
    }

    /// What the end of the top line could say, the fullest first. Who one is to the service is worth more of it than the way one came.
    private func barNotes(_ now: Timestamp) -> [BarNote] {
        let errors =
            (model.jobs.note.map { ["▶ \($0)"] } ?? [])
            + (model.unreadErrors > 0 ? ["! \(Figures.count(model.unreadErrors, "error")) (L)"] : [])
        guard let title = model.title else { return [BarNote(parts: errors)] }
        let mode = title.mode.rawValue
        var notes: [BarNote] = []
        let short = App.short(title.identity)
        // Until when one has a role goes before who one is.
        for end in ownEndNote(now: now).map({ [[$0], []] }) ?? [[]] {
            if !title.identity.isEmpty { notes.append(BarNote(parts: errors + end + [title.identity, mode])) }
            if let short { notes.append(BarNote(parts: errors + end + [short, mode], share: 65)) }
            if !end.isEmpty { notes.append(BarNote(parts: errors + end + [mode], share: 65)) }
        }
        return notes + [BarNote(parts: errors + [mode]), BarNote(parts: errors)]
    }

    /// A person's name without the organisation: `as r.osei@…`; nil for what is no person's.
    private static func short(_ identity: String) -> String? {
        guard let at = identity.firstIndex(of: "@"), at != identity.startIndex else { return nil }
        let name = identity[..<at]
        return name.count <= 20 ? "as \(name)@…" : "as \(name.prefix(19))…"
    }

    /// The environment in a word that cannot be overlooked, whatever the colours.
    static func badge(_ title: ContextTitle?) -> String {
        guard let title else { return "…" }
        let word = title.environment.isEmpty ? (title.isEmulator ? "EMULATOR" : title.name.uppercased()) : title.environment.uppercased()
        return title.isProduction && !word.hasPrefix("PROD") ? "PRODUCTION \(word)" : word
    }

    private static func crumbs(_ place: String, _ screens: [any Screen]) -> [String] {
        // The board is where everything starts; it is worth a crumb only while it is on top.
        var crumbs = [place]
        for screen in screens.count > 1 ? screens.dropFirst() : screens[...] {
            let names = screen.crumbs
            crumbs += crumbs.last == names.first ? names.dropFirst() : names[...]
        }
        return crumbs
    }

    /// Leaves out crumbs after the first until the rest fits: where one is matters more than the way there.
    private static func fitting(_ crumbs: [String], width: Int) -> String {
        var rest = crumbs.dropFirst()
        var text = crumbs.joined(separator: " › ")
        while Width.of(text) > width, rest.count > 1 {
            rest = rest.dropFirst()
            text = "… › " + rest.joined(separator: " › ")
        }
        return text
    }

    // MARK: - What is wrong, and how old this is

    private func renderSummary(of top: any Screen, into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) {
        var right: [Span] = []
        if !top.awaited(model).isEmpty {
            right.append(Span(Spinner.frame(surroundings.now) + " loading ", .statusPending))
        } else if let asOf = top.asOf(model) {
            right.append(Span("as of \(Figures.time(asOf)), \(Age.label(of: asOf, now: surroundings.now)) ", .muted))
        }
        let rightWidth = right.columns
        let hasRoom = rightWidth <= rect.columns / 2
        let summary = top.summary(surroundings)
        surface.put(
            row: rect.row, column: rect.column + 1, summary, maxWidth: max(rect.columns - 2 - (hasRoom ? rightWidth : 0), 0))
        if hasRoom { surface.put(row: rect.row, endingAt: rect.endColumn, right, maxWidth: rightWidth) }
    }

    // MARK: - What was said, and what is being typed

    private func renderMessage(of top: any Screen, into surface: inout Surface, _ rect: Rect) {
        if let prompt {
            prompt.renderLine(into: &surface, row: rect.row, columns: rect.columns)
            if case .filter = prompt.kind { renderPosition(of: top, into: &surface, rect, after: rect.columns / 2) }
            return
        }
        if let notice {
            let (sign, role): (String, Role) =
                switch notice.kind {
                case .info: ("", .statusInfo)
                case .warning: ("✕ ", .statusWarning)
                case .error: ("! ", .statusError)
                }
            surface.put(
                row: rect.row, column: rect.column, [Span(" \(sign)\(notice.text)", role)], maxWidth: rect.columns)
            return
        }
        var used = 0
        if !pending.isEmpty {
            var spans = [Span(" \(pending.map { KeyName.label($0) }.joined()) … ", .statusPending)]
            if case .prefix(let continuations) = keymap.match(pending, in: top.context) {
                for continuation in continuations {
                    spans += [
                        Span(" \(continuation.keys.label)", .keyName),
                        Span(" \(CommandTable.command(continuation.command)?.title ?? "") ", .keyHint),
                    ]
                }
            }
            used = surface.put(row: rect.row, column: rect.column, spans, maxWidth: rect.columns)
        } else if top.isFiltered {
            used = surface.put(
                row: rect.row, column: rect.column, [Span(" /\(top.filter.text)", .match), Span("  esc clears the filter", .muted)],
                maxWidth: rect.columns)
        } else if let narrowing = top.narrowing {
            let room = max(rect.columns - Width.of(top.position(model)) - 2, 0)
            let (end, start) = ("  esc shows all", " where ")
            let width = max(room - Width.of(start) - Width.of(end), 0)
            used = surface.put(row: rect.row, column: rect.column, [Span(start, .muted)], maxWidth: room)
            used += surface.put(row: rect.row, column: rect.column + used, [Span(narrowing, .match)], maxWidth: width)
            used += surface.put(row: rect.row, column: rect.column + used, [Span(end, .muted)], maxWidth: max(room - used, 0))
        }
        renderPosition(of: top, into: &surface, rect, after: used)
    }

    private func renderPosition(of top: any Screen, into surface: inout Surface, _ rect: Rect, after used: Int) {
        let position = top.position(model)
        let width = Width.of(position) + 1
        guard !position.isEmpty, used + width + 1 <= rect.columns else { return }
        surface.put(row: rect.row, column: rect.endColumn - width, position, role: .muted)
    }

    // MARK: - What can be done

    private func renderHints(into surface: inout Surface, _ rect: Rect) {
        var column = rect.column + 1
        for (keys, title) in hints {
            let width = Width.of(keys) + 1 + Width.of(title)
            let gap = column > rect.column + 1 ? 3 : 0
            // Half a hint is none.
            guard column + gap + width < rect.endColumn else { break }
            if gap > 0 { column += surface.put(row: rect.row, column: column, " · ", role: .rule) }
            column += surface.put(row: rect.row, column: column, keys, role: .keyName)
            column += 1
            column += surface.put(row: rect.row, column: column, title, role: .keyHint)
        }
    }

    /// How many wait, behind the hint that leads to them.
    private func waitingNote(_ id: CommandID) -> String {
        id == .requests && model.waitingRequests > 0 ? " (\(Figures.count(model.waitingRequests)) waiting)" : ""
    }

    /// Keys and titles of what can be done here, most useful first.
    var hints: [(keys: String, title: String)] {
        let context = context
        let commands = CommandTable.all.filter { $0.hint(in: context) != nil }.sorted { ($0.hint ?? 0) < ($1.hint ?? 0) }
        var hints: [(keys: String, title: String)] = []
        for command in commands {
            // The shortest, and of those the preferred one.
            guard let keys = keymap.keys(of: command.id, in: context).min(by: { $0.presses.count < $1.presses.count })?.label else {
                continue
            }
            if prompt == nil, !availability(of: command.id).isEnabled { continue }
            hints.append((keys, command.title(in: context) + waitingNote(command.id)))
        }
        // Stopping is the first thing to know while something loads.
        if prompt == nil, screens.last?.awaited(model).isEmpty == false, let keys = keymap.keys(of: .stop, in: context).first?.label {
            hints.insert((keys, "stop"), at: 0)
        }
        return hints
    }
}
