internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// How access is written in tables that have little room; the line below them has it in full.
enum AccessText {
    /// A role without what all of them begin with, or a key's rule.
    static func source(_ holder: AccessHolder) -> String {
        switch holder.source {
        case .role(let name, _):
            let prefix = "Azure Service Bus "
            return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.utf8.count)) : name
        case .key: return "shared key"
        case .unknown(let what, _): return what
        }
    }

    /// Where it was assigned: what is wider than the entity stands out.
    static func scope(_ holder: AccessHolder) -> Span {
        switch holder.reach {
        case .entity: Span(holder.entity == nil ? holder.scope : "direct", .muted)
        case .topic: Span("↓ \(holder.scope)")
        case .namespace: Span("↓ namespace", .statusWarning)
        case .beyond: Span("↓ \(holder.scope)", .statusWarning)
        }
    }

    /// Until when. People whose access has no end stand out, and what should have ended does more.
    static func term(_ holder: AccessHolder, now: Timestamp) -> Span {
        let isHuman = holder.kind == "person" || holder.kind.hasPrefix("group")
        switch holder.term {
        case .standing: return Span("standing", isHuman ? .statusWarning : .muted)
        case .standingAsFarAsKnown: return Span("standing?", .statusWarning)
        case .until(let end): return Span("until \(brief(end, now: now))", end < now ? .statusError : .statusOK)
        case .noted(let end): return Span("note \(brief(end, now: now))", end < now ? .statusError : .statusInfo)
        }
    }

    /// The time of today, or the day with the time: the line below has the seconds.
    static func brief(_ moment: Timestamp, now: Timestamp) -> String {
        let text = String(Figures.moment(moment, now: now).dropLast(3))
        let today = String(Figures.moment(now, now: now).prefix { $0 != " " })
        return text.hasPrefix(today + " ") ? String(text.dropFirst(today.utf8.count + 1)) + "Z" : text
    }

    /// How many can do something, and where there is room what some of them are called who can by something on the entity itself.
    static func count(_ count: Reading<AccessMatrixRow.Count>, isNarrow: Bool) -> Span {
        count.cell(
            { number($0) + (isNarrow || $0.direct.isEmpty ? "" : "  \($0.direct.joined(separator: ", "))") },
            role: { $0.known > 0 ? .text : .muted })
    }

    /// Whether somebody can do something, in a word for a narrow column: by keys that they can get at, if a condition holds, not known, or no since a
    /// deny assignment takes it away. The line below the list says it in full.
    static func mark(_ holder: AccessHolder, _ ability: AccessHolder.Ability) -> Span {
        switch holder.abilities[ability] {
        case .yes: Span("yes")
        case .byKeys: Span("keys", .statusWarning)
        case .conditional: Span("if", .statusInfo)
        case .unknown: Span("?", .statusWarning)
        case .denied: Span("no", .muted)
        case nil: Span("·", .muted)
        }
    }

    /// What else they can do: the wider it is, the less often.
    static func also(_ holder: AccessHolder) -> Span {
        let words = [AccessHolder.Ability.keys, .grant].filter { can(holder, $0) }.map(\.word)
        return Span(words.joined(separator: ", "), .statusWarning)
    }

    /// How many: `3+` for at least three.
    static func number(_ count: AccessMatrixRow.Count) -> String { Figures.count(count.known) + (count.isAtLeast ? "+" : "") }

    /// One way in, in full.
    static func sentence(_ holder: AccessHolder, now: Timestamp) -> [Span] {
        let id = holder.principalID.map { " \($0)" } ?? ""
        var spans = [Span(holder.principal, .title), Span(" (\(holder.kind)\(id)) can ", .muted), Span(holder.can)]
        switch holder.source {
        case .role(let name, _): spans += [Span(" by ", .muted), Span(name), Span(", assigned at ", .muted), Span(holder.scope)]
        case .key(let rule):
            spans += [
                Span(" by whoever has a key of the shared access rule ", .muted), Span(rule), Span(" of ", .muted), Span(holder.scope),
            ]
        case .unknown(let what, let reason): return [Span("not known: \(what): \(reason)", .statusWarning)]
        }
        if let group = holder.group { spans += [Span(", through the group ", .muted), Span(group)] }
        switch holder.term {
        case .standing: spans.append(Span("; standing", .muted))
        case .standingAsFarAsKnown: spans.append(Span("; standing as far as is known: ends could not be read", .statusWarning))
        case .until(let end): spans.append(Span("; Azure ends it at \(Figures.moment(end, now: now))Z"))
        case .noted(let end): spans.append(Span("; a note wants it gone at \(Figures.moment(end, now: now))Z, Azure does not end it"))
        }
        return spans + holder.remarks.map { Span("; \($0)") }
    }

    /// What a filter looks for.
    static func words(_ holder: AccessHolder) -> [String] {
        [
            holder.principal, holder.principalID ?? "", holder.kind, holder.can, source(holder), holder.scope, holder.group ?? "",
            holder.entity?.displayName ?? "",
        ] + holder.remarks
    }

    /// The widest first, then who can do most: what reaches too far is seen before what is as it should be. What was taken away is last.
    static func isWorse(_ left: AccessHolder, _ right: AccessHolder) -> Bool {
        let (a, b) = (power(left), power(right))
        if (a == 0) != (b == 0) { return b == 0 }
        if left.reach != right.reach { return left.reach > right.reach }
        return a == b ? (left.principal, left.scopeID) < (right.principal, right.scopeID) : a > b
    }

    private static func power(_ holder: AccessHolder) -> Int {
        holder.abilities.reduce(0) { sum, entry in
            guard entry.value != .denied else { return sum }
            return switch entry.key {
            case .grant: sum + 16
            case .keys: sum + 8
            case .manage: sum + 4
            case .receive: sum + 2
            case .send: sum + 1
            }
        }
    }

    /// Whether somebody may be able to do something: yes, or it cannot be told.
    static func can(_ holder: AccessHolder, _ ability: AccessHolder.Ability?) -> Bool {
        guard let ability else { return true }
        return holder.abilities[ability].map { $0 != .denied } ?? false
    }

    /// What is not known, a line each: what only these rows could not say first, then all gaps of the picture.
    static func notes(_ unknown: [AccessHolder], _ gaps: [AccessGap]) -> [[Span]] {
        let said = Set(gaps.map(\.subject))
        let own = unknown.compactMap { holder -> String? in
            guard case .unknown(let what, let reason) = holder.source, !said.contains(what) else { return nil }
            return "not known: \(what): \(reason)"
        }
        return (own + gaps.map(\.description)).map { [Span("✕ \($0)", .statusWarning)] }
    }

    /// `✕ 2 not known`, for the line that says what is wrong.
    static func unknownCount(_ count: Int) -> [Span] { count == 0 ? [] : [Span(" · "), Span("✕ \(count) not known", .statusWarning)] }
}
