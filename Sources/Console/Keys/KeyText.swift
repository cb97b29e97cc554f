internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Shared access rules and the age of their keys in words. Nothing of a key is known here but how old it is.
enum KeyText {
    /// How old, in a column.
    static func age(_ age: KeyAge) -> Span {
        guard let time = age.age else { return Span("not known", .statusWarning) }
        let text = Figures.duration(coarse(time))
        if age.isOld == true { return Span("! \(text)", .statusError) }
        return Span(text, age.limit == nil ? .text : .statusOK)
    }

    /// How old they may be, in a column.
    static func limit(_ age: KeyAge) -> Span { age.limit.map { Span(Figures.duration($0)) } ?? Span("–", .muted) }

    /// What it opens.
    static func place(_ rule: KeyRule) -> String { rule.entity?.displayName ?? "(namespace)" }

    /// Whole minutes: seconds of an age are noise.
    private static func coarse(_ time: Duration) -> Duration { .seconds(time.components.seconds / 60 * 60) }

    /// What is wrong with it, in a column.
    static func findings(_ age: KeyAge) -> Span {
        let found = age.findings
        guard !found.isEmpty else { return Span("·", .muted) }
        let role: Role = age.isOld == true ? .statusError : age.rule.isManaging || age.age == nil ? .statusWarning : .text
        // What all rules have comes last: it is cut first.
        return Span(found.reversed().joined(separator: ", "), role)
    }

    /// Whether the namespace takes keys at all.
    static func taking(_ takesKeys: Bool?, isNarrow: Bool = false) -> Span {
        switch takesKeys {
        case true?: Span(isNarrow ? "keys taken" : "keys are taken", .statusWarning)
        case false?: Span(isNarrow ? "keys refused" : "keys are refused (disableLocalAuth)", .statusOK)
        case nil: Span(isNarrow ? "✕ taken?" : "✕ whether keys are taken is not known", .statusWarning)
        }
    }

    // MARK: - Below the list

    /// What was not read, and the way to a namespace without keys.
    static func notes(_ survey: KeySurvey, _ title: ContextTitle?) -> [[Span]] {
        var notes = survey.gaps.map { [Span("✕ \($0)", .statusWarning)] }
        if !survey.ages.isEmpty, survey.unlimited == survey.ages.count {
            notes.append([
                Span("– nobody says how old keys may be: a 'max_key_age' in the policy's rule for secret.rotate does", .statusWarning)
            ])
        }
        notes.append(way(survey.takesKeys, namespace: survey.namespace, title))
        return notes
    }

    private static func way(_ takesKeys: Bool?, namespace: String, _ title: ContextTitle?) -> [Span] {
        if takesKeys == false { return [Span("✓ \(namespace) refuses every key and every signature (disableLocalAuth)", .statusOK)] }
        let context = title.map { " --context \($0.name)" } ?? ""
        return [
            Span("– whoever has a key cannot be told from anybody else who has it. The way to no keys: ", .muted),
            Span("callboard keys refuse\(context)", .keyName),
            Span(
                " says who uses keys as far as is known, and with --confirm \(namespace) turns all of them away (disableLocalAuth)", .muted),
        ]
    }

    /// A rule in a few lines.
    static func foot(_ age: KeyAge) -> [[Span]] {
        var line = [Span(age.rule.description, .title), Span(" · \(age.rule.rightsText) · ", .muted), sentence(age)]
        if let round = age.round { line.append(Span(" · \(round)", .statusPending)) }
        let hint =
            age.takesKeys == false
            ? "enter shows all"
            : "enter shows all · yv copies the line of 'callboard keys rotate', which makes them anew: nothing is changed here"
        return [line, [Span(hint, .muted)]]
    }

    /// How old, by whom that is said, and what that means.
    private static func sentence(_ age: KeyAge) -> Span {
        guard let time = age.age else { return Span("how old its keys are, nobody says", .statusWarning) }
        let by = age.rotated.map { " (\(source($0.source)))" } ?? ""
        let text = "both keys new \(Figures.duration(coarse(time))) ago\(by)"
        guard let limit = age.limit else { return Span("\(text); nobody says how old they may be", .statusWarning) }
        guard age.isOld == true else { return Span("\(text), of at most \(Figures.duration(limit))", .statusOK) }
        return Span("! \(text): \(Figures.duration(coarse(time - limit))) too old", .statusError)
    }

    private static func source(_ source: KeyAge.Source) -> String {
        switch source {
        case .journal: "by this machine's journal"
        case .tag: "by the namespace's tag"
        case .metadata: "by the entity's userMetadata"
        }
    }

    // MARK: - In full

    /// Everything about a rule, a label and its text each.
    static func lines(_ age: KeyAge, _ survey: KeySurvey, _ title: ContextTitle?, now: Timestamp) -> [[Span]] {
        let row = RequestText.row
        var lines = row("rule", [Span(age.rule.name, .title)])
        lines += row(
            "opens",
            [
                Span(
                    age.rule.entity?.displayName ?? "the whole namespace \(survey.namespace)",
                    age.rule.entity == nil ? .statusWarning : .text)
            ])
        lines += row("rights", [Span(age.rule.rightsText)])
        lines += row("keys", [taking(age.takesKeys)])
        lines += row("age", [sentence(age)])
        if let moment = age.rotated?.time { lines += row("since", [Span("\(Figures.moment(moment, now: now))Z")]) }
        lines += row(
            "may be",
            [
                age.limit.map { Span(Figures.duration($0)) }
                    ?? Span("– nobody says: 'max_key_age' of the policy's rule for secret.rotate does", .statusWarning)
            ])
        lines += row(
            "in use",
            [age.active.map { Span("the \($0) key, as far as is known") } ?? Span("– which key consumers have is not known", .muted)])
        if let round = age.round { lines += row("rotation", [Span(round, .statusPending)]) }
        if let end = age.graceEnds {
            let left = Countdown.text(until: end, now: now).map { "\($0) left" } ?? "over: the old key is to be ended"
            lines += row("grace", [Span("until \(Figures.moment(end, now: now))Z, \(left)")])
        }
        if let sink = age.sink { lines += row("goes to", [Span(sink)]) }
        for finding in age.findings { lines += row("wrong", [Span("! \(finding)", .statusWarning), Span(meaning(finding), .muted)]) }
        return lines + advice(age, survey, title)
    }

    /// What a finding means, behind its word.
    private static func meaning(_ finding: String) -> String {
        switch finding {
        case "shared-key": ": whoever has a key has its rights, and nobody can tell who that is"
        case "manage": ": it can also make, change and remove entities"
        case "root": ": every namespace has this rule, and it opens everything there is"
        case "old": ": older than the policy allows"
        case "age not known": ": Azure does not say how old a key is, and nobody noted it; what is not known is no all-clear"
        default: ""
        }
    }

    /// What to do, which is not done here.
    private static func advice(_ age: KeyAge, _ survey: KeySurvey, _ title: ContextTitle?) -> [[Span]] {
        guard let command = title.flatMap({ age.rotationCommand(in: $0) }) else {
            return [[], way(age.takesKeys, namespace: survey.namespace, title)]
        }
        var lines: [[Span]] = [[], [Span("how they are made anew", .header), Span(" · nothing of this is done here", .statusWarning)]]
        lines.append([Span("  \(command)", .keyName)])
        if age.sink == nil {
            lines.append([
                Span(
                    "  What stands in angle brackets is yours to say: the key that consumers have, and the secret of Key Vault the new one goes to (or --to FILE).",
                    .muted)
            ])
        }
        lines.append([Span("  yv copies it. One run does what is due: the key that consumers have works at every moment.", .muted)])
        return lines + [[], way(age.takesKeys, namespace: survey.namespace, title)]
    }

    /// What a filter looks for.
    static func words(_ age: KeyAge) -> [String] {
        [age.rule.name, place(age.rule), age.rule.rightsText, age.round ?? "", age.sink ?? ""] + age.findings
    }
}
