internal import ServiceBus

extension Policy {
    /// Decides.
    ///
    /// The order of rules means nothing. First what no rule can change: an environment that is not listed, groups that could not be had, agents
    /// that reveal or approve. Then a rule that denies wins, whatever allows. Then all rules that allow or would with an approval are taken
    /// together: the tightest of each limit holds, everybody who has to agree to one of them has to agree, and what is
    /// beyond a limit is denied by its name. Else the answer is no. Where several rules decide, the verdict has the name that comes first in the alphabet.
    public func verdict(on question: PolicyQuestion) -> Verdict {
        if let denial = fixedDenial(question) { return .denied(denial) }
        let matching = rules.filter { $0.mismatches(question).isEmpty }.sorted { $0.id < $1.id }
        if let denying = matching.first(where: { $0.section == .deny }) { return .denied(denial(by: denying, question)) }
        // In an emergency the rules for emergencies count, where there is one: those for quiet times ask for what takes time.
        let emergency = matching.filter { $0.section == .breakGlass }
        let granting = emergency.isEmpty ? matching : emergency
        guard let first = granting.first else { return .denied(defaultDenial(question)) }
        var limits = granting.reduce(PolicyLimits()) { $0.tightened(by: $1.limits) }
        if question.action.isProvisioning { limits.requiresGolden = environment(question)?.requiresGolden }
        if let excess = limits.excess(ttl: question.ttl, messages: question.messages, rate: question.rate) {
            return .denied(Self.denial(excess, question.action, rules: granting.map(\.id)))
        }
        if let age = limits.requiresGolden, question.goldenProofAge.map({ $0 > age }) ?? true {
            return .denied(goldenDenial(age, question))
        }
        let asking = granting.filter { $0.section == .request }
        guard let asked = asking.first else { return .allowed(rule: first.id, limits: limits) }
        return .needsApproval(rule: asked.id, approvals: Set(asking.flatMap(\.approvals)).sorted(), limits: limits)
    }

    private func environment(_ question: PolicyQuestion) -> Environment? { question.environment.flatMap { environments?[$0] } }

    /// What is denied whatever the rules say.
    private func fixedDenial(_ question: PolicyQuestion) -> Denial? {
        if question.caller.groups == .unknown {
            return Denial(
                .unknownGroups, "\(question.action.rawValue) is denied: it is not known which teams you are in.",
                remedy: "Sign in again; when Microsoft Graph answers, your groups are known.")
        }
        if let denial = Self.agentDenial(question) { return denial }
        guard let environments, environment(question) == nil else { return nil }
        let known = environments.keys.sorted().joined(separator: ", ")
        guard let name = question.environment, !name.isEmpty else {
            return Denial(
                .unlistedEnvironment(nil), "\(question.action.rawValue) is denied: it is not said which environment this is.",
                remedy: "Set 'environment' of the context to one of \(known).")
        }
        return Denial(
            .unlistedEnvironment(name), "\(question.action.rawValue) is denied: the policy does not list the environment '\(name)'.",
            remedy: "It lists \(known); add '\(name)' to 'environments' of \(file), or correct the context.")
    }

    /// What agents never do, with or without a policy.
    static func agentDenial(_ question: PolicyQuestion) -> Denial? {
        guard question.caller.isAgent else { return nil }
        let never: String
        switch question.action {
        case .revealMessage: never = "see what is hidden"
        case .approveAccess: never = "approve"
        case .reviewAccess: never = "review"
        default:
            guard question.isBreakGlass else { return nil }
            never = "break the glass"
        }
        return Denial(.agent, "\(question.action.rawValue) is denied: agents never \(never).", remedy: "A person has to do it.")
    }

    private func denial(by rule: PolicyRule, _ question: PolicyQuestion) -> Denial {
        let isUnverified =
            question.caller.groups != .known && !(rule.who?.contains(.anyone) ?? true)
            && question.caller.subjects.isDisjoint(with: rule.who ?? [])
        return Denial(
            .rule(rule.id),
            "\(question.action.rawValue) on \(question.scope) is denied by the rule '\(rule.id)'"
                + (isUnverified ? ", which is about teams; that you are in none of them is not known." : "."),
            remedy: isUnverified
                ? "It stands in \(file), line \(rule.line); with a connection string nobody signs in, so that nobody's teams are known."
                : "Nothing overrides a rule that denies; it stands in \(file), line \(rule.line).")
    }

    /// Says which limit was passed.
    static func denial(_ cause: Denial.Cause, _ action: PolicyAction, rules: [String]) -> Denial {
        let by = rules.isEmpty ? "" : " (\(rules.joined(separator: ", ")))"
        return switch cause {
        case .tooLong(let limit, let asked):
            Denial(
                cause, "\(action.rawValue) for \(DurationText.text(asked)) is denied: the longest is \(DurationText.text(limit))\(by).",
                remedy: "Ask for at most \(DurationText.text(limit)).")
        case .endless(let limit):
            Denial(
                cause,
                "\(action.rawValue) is denied: it has no end, or none that is said, and the longest is \(DurationText.text(limit))\(by).",
                remedy: "Narrow it to at most \(DurationText.text(limit)).")
        case .tooManyMessages(let limit, let asked):
            Denial(
                cause, "\(action.rawValue) of \(asked) messages is denied: the most at once is \(limit)\(by).",
                remedy: "Do it for at most \(limit) messages.")
        case .tooFast(let limit, let asked):
            Denial(
                cause, "\(action.rawValue) of \(asked) messages a second is denied: the most is \(limit)\(by).",
                remedy: "Give a rate of at most \(limit)/s.")
        case .reasonMissing:
            Denial(cause, "\(action.rawValue) is denied without a reason\(by).", remedy: "Give a reason.")
        case .ticketMissing(let pattern, let given):
            Denial(
                cause,
                given.map { "\(action.rawValue) is denied: '\($0.prefix(80))' is not a ticket like \(pattern)\(by)." }
                    ?? "\(action.rawValue) is denied without a ticket\(by).",
                remedy: "Give a ticket like \(pattern).")
        default: Denial(cause, "\(action.rawValue) is denied\(by).", remedy: "")
        }
    }

    private func goldenDenial(_ age: Duration, _ question: PolicyQuestion) -> Denial {
        let golden = (environments ?? [:]).filter(\.value.isGolden).keys.sorted().joined(separator: " or ")
        return Denial(
            .goldenMissing(age),
            "\(question.action.rawValue) in \(question.environment ?? "") is denied: there is no proof that the same was done in \(golden) within \(DurationText.text(age)).",
            remedy: "Carry out the same plan in \(golden) first.")
    }

    /// Nothing allows it: names what nearly would.
    private func defaultDenial(_ question: PolicyQuestion) -> Denial {
        let caller = question.caller
        var remedies: [String] = []
        for rule in rules.sorted(by: { $0.id < $1.id }) where rule.section != .deny {
            let mismatches = rule.mismatches(question)
            guard mismatches.count == 1, let only = mismatches.first, remedies.count < 3 else { continue }
            let does = rule.section == .allow ? "allows" : "would, with what it asks for, allow"
            let who = (rule.who ?? []).sorted()
            switch only {
            case .who where who == [.agent] && !caller.isAgent: continue
            case .who:
                let teams = caller.groups == .notSignedIn && who.contains(where: \.isTeam) && !caller.isAgent
                remedies.append(
                    "'\(rule.id)' \(does) it to \(who.map(\.description).joined(separator: ", "))"
                        + (teams ? "; with a connection string nobody signs in, so that your teams are not known" : ""))
            case .scope: remedies.append("'\(rule.id)' \(does) it on \((rule.scopes ?? []).map(\.description).joined(separator: ", "))")
            case .environment: remedies.append("'\(rule.id)' \(does) it in \((rule.environments ?? []).sorted().joined(separator: ", "))")
            case .role: remedies.append("'\(rule.id)' \(does) it as \((rule.roles ?? []).map(\.rawValue).sorted().joined(separator: ", "))")
            case .action: continue
            }
        }
        return Denial(
            .default, "\(question.action.rawValue) on \(question.scope) is denied: no rule allows it.",
            remedy: remedies.isEmpty
                ? "A rule that allows it would have to be added to \(file)." : "The rule " + remedies.joined(separator: "; the rule ") + "."
        )
    }
}
