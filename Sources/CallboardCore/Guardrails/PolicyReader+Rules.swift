internal import Backstage

/// The rules of a policy.
extension PolicyReader {
    private static let limitKeys: Set<String> = [
        "max_ttl", "max_messages", "max_rate", "max_key_age", "grace", "reason", "ticket", "notify", "review_within",
    ]

    private static func keys(_ section: PolicyRule.Section) -> [String] {
        switch section {
        case .allow:
            [
                "id", "who", "env", "action", "role", "scope", "max_ttl", "max_messages", "max_rate", "max_key_age", "grace", "reason",
                "ticket",
            ]
        case .deny: ["id", "who", "env", "action", "role", "scope"]
        case .request:
            ["id", "who", "env", "action", "role", "scope", "max_ttl", "max_messages", "max_rate", "reason", "ticket", "approve"]
        case .breakGlass: ["id", "who", "env", "role", "scope", "max_ttl", "reason", "ticket", "notify", "review_within"]
        }
    }

    private static func required(_ section: PolicyRule.Section) -> [String] {
        switch section {
        case .allow: ["id", "who", "action", "scope"]
        case .deny: ["id"]
        case .request: ["id", "who", "scope", "max_ttl", "approve"]
        case .breakGlass: ["id", "who", "role", "max_ttl", "reason"]
        }
    }

    mutating func readRule(_ element: YAMLNode, _ section: PolicyRule.Section) {
        guard let entries = mapping(element, "a rule of '\(section.rawValue)'") else { return }
        let known = Self.keys(section)
        var rule = PolicyRule(section: section, id: "", line: element.line)
        for entry in entries {
            guard known.contains(entry.key) else {
                reportUnknown(entry, among: known)
                continue
            }
            readKey(entry, into: &rule)
        }
        let keys = Set(entries.map(\.key))
        let name = rule.id.isEmpty ? "a rule of '\(section.rawValue)'" : "the rule '\(rule.id)'"
        for key in Self.required(section) where !keys.contains(key) {
            report(element.line, "\(name) has no '\(key)'\(Self.advice(key))")
        }
        switch section {
        case .deny:
            if keys.count == 1 { report(element.line, "\(name) would deny everything to everybody; say so with scope: \"**\"") }
        case .request:
            if keys.contains("role") == keys.contains("action") {
                report(element.line, "\(name) is about a 'role' or about an 'action': it has one of them")
            }
            if rule.actions == nil { rule.actions = [.requestAccess] }
        case .breakGlass: rule.actions = [.requestAccess]
        case .allow: break
        }
        checkSense(rule, name, keys, element.line)
        policy.rules.append(rule)
    }

    private static func advice(_ key: String) -> String {
        switch key {
        case "max_ttl": "; what is asked for has to end, for instance max_ttl: 4h"
        case "approve": "; say who agrees, for instance approve: [{any_of: [team:leads], count: 1}]"
        case "scope": "; write scope: \"**\" when everything is meant"
        case "who": "; write who: [anyone] when every person is meant"
        case "reason": "; write reason: required"
        default: ""
        }
    }

    private mutating func readKey(_ entry: YAMLNode.Entry, into rule: inout PolicyRule) {
        switch entry.key {
        case "id": rule.id = id(entry) ?? ""
        case "who": rule.who = Set(subjects(entry))
        case "env": rule.environments = environments(entry)
        case "action": rule.actions = Set(words(entry, PolicyAction.allCases, "an action"))
        case "role": rule.roles = Set(words(entry, PolicyRole.allCases, "a role"))
        case "scope": rule.scopes = scopes(entry)
        case "max_ttl": rule.limits.maxTTL = duration(entry)
        case "max_messages": rule.limits.maxMessages = number(entry, in: 1...1_000_000_000)
        case "max_rate": rule.limits.maxRate = rate(entry)
        case "max_key_age": rule.limits.maxKeyAge = duration(entry)
        case "grace": rule.limits.grace = duration(entry)
        case "review_within": rule.limits.reviewWithin = duration(entry)
        case "reason":
            guard let word = entry.value.text, ["required", "optional"].contains(word) else {
                return report(entry.value.line, "'reason' is required or optional")
            }
            rule.limits.needsReason = word == "required"
        case "ticket":
            guard let text = text(entry) else { return }
            do throws(MaskingPattern.Problem) { rule.limits.tickets = [try PolicyTicket(text)] } catch {
                report(entry.value.line, "the pattern of 'ticket' cannot be used: \(error)")
            }
        case "notify": rule.limits.notify = notified(entry)
        case "approve": rule.approvals = list(entry).compactMap { approval($0) }
        default: break
        }
    }

    private mutating func subjects(_ entry: YAMLNode.Entry, approving: Bool = false) -> [PolicySubject] {
        var subjects: [PolicySubject] = []
        for word in names(entry) {
            guard let subject = PolicySubject(word) else {
                report(entry.value.line, "'\(word.prefix(80))' is nobody; there is team:NAME, user:ID, agent and anyone")
                continue
            }
            if case .team(let name) = subject, policy.teams[name] == nil {
                let meant = Spelling.nearest(to: name, among: policy.teams.keys.sorted()).map { "; did you mean 'team:\($0)'?" }
                report(entry.value.line, "there is no team '\(name.prefix(80))'" + (meant ?? "; add it to 'teams'"))
                continue
            }
            if approving, subject == .agent || subject == .anyone {
                report(entry.value.line, "'\(subject)' cannot approve; name teams or users")
                continue
            }
            subjects.append(subject)
        }
        return subjects
    }

    private mutating func environments(_ entry: YAMLNode.Entry) -> Set<String> {
        var environments: Set<String> = []
        let known = (policy.environments ?? [:]).keys.sorted()
        for name in names(entry) {
            if known.contains(name) {
                environments.insert(name)
            } else {
                let meant = Spelling.nearest(to: name, among: known).map { "; did you mean '\($0)'?" }
                report(entry.value.line, "there is no environment '\(name.prefix(80))'" + (meant ?? "; add it to 'environments'"))
            }
        }
        return environments
    }

    private mutating func words<Word: RawRepresentable<String>>(_ entry: YAMLNode.Entry, _ all: [Word], _ what: String) -> [Word] {
        var words: [Word] = []
        for text in names(entry) {
            if let word = Word(rawValue: text) {
                words.append(word)
                continue
            }
            guard !text.contains("*") else {
                report(entry.value.line, "'\(text.prefix(80))' is not \(what); each is written by its name")
                continue
            }
            let known = all.map(\.rawValue)
            let meant = Spelling.nearest(to: text, among: known).map { "; did you mean '\($0)'?" }
            let list = known.count > 5 ? "; 'callboard policy explain --help' lists them" : "; there is \(known.joined(separator: ", "))"
            report(entry.value.line, "'\(text.prefix(80))' is not \(what)" + (meant ?? list))
        }
        return words
    }

    private mutating func scopes(_ entry: YAMLNode.Entry) -> [PolicyScopePattern] {
        var scopes: [PolicyScopePattern] = []
        for text in names(entry) {
            do throws(PolicyScopePattern.Problem) { scopes.append(try PolicyScopePattern(text)) } catch {
                report(entry.value.line, "the scope '\(text.prefix(80))' cannot be used: \(error.message)")
            }
        }
        return scopes
    }

    private mutating func notified(_ entry: YAMLNode.Entry) -> Set<String> {
        var places: Set<String> = []
        for text in names(entry) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, ["queue", "topic"].contains(parts[0]), !parts[1].isEmpty, text.utf8.count <= 300 {
                places.insert(text)
            } else {
                report(entry.value.line, "'notify' holds queue:NAME and topic:NAME, not '\(text.prefix(80))'")
            }
        }
        return places
    }

    private mutating func approval(_ element: YAMLNode) -> PolicyRule.Approval? {
        guard let entries = mapping(element, "an entry of 'approve'") else { return nil }
        var subjects: [PolicySubject] = []
        var count = 1
        for entry in entries {
            switch entry.key {
            case "any_of": subjects = Array(Set(self.subjects(entry, approving: true))).sorted()
            case "count": count = number(entry, in: 1...20) ?? 1
            default: reportUnknown(entry, among: ["any_of", "count"])
            }
        }
        guard entries.contains(where: { $0.key == "any_of" }) else {
            report(element.line, "an entry of 'approve' needs 'any_of', the teams or users who may agree")
            return nil
        }
        if !subjects.isEmpty, !subjects.contains(where: \.isTeam), subjects.count < count {
            report(element.line, "\(count) have to agree, and only \(subjects.count) are named")
        }
        return PolicyRule.Approval(anyOf: subjects, count: count)
    }

    /// What can be read and cannot be meant.
    private mutating func checkSense(_ rule: PolicyRule, _ name: String, _ keys: Set<String>, _ line: Int) {
        let actions = rule.actions ?? []
        if rule.section == .request, keys.contains("approve"), rule.approvals.isEmpty {
            report(line, "\(name) needs an approval of nobody\(Self.advice("approve"))")
        }
        guard rule.section != .deny, !actions.isEmpty else { return }
        if !keys.isDisjoint(with: ["max_messages", "max_rate"]), !actions.contains(where: \.isAboutMessages) {
            report(line, "\(name) limits messages, and allows nothing to be done with any")
        }
        if keys.contains("max_key_age"), !actions.contains(.rotateSecret) {
            report(line, "\(name) has a 'max_key_age', which goes with secret.rotate")
        }
        if keys.contains("grace"), !actions.contains(.rotateSecret) {
            report(line, "\(name) has a 'grace', which goes with secret.rotate")
        }
        if keys.contains("max_ttl"), rule.section == .allow, !actions.contains(where: \.hasRole) {
            report(line, "\(name) has a 'max_ttl', which goes with roles and tokens")
        }
        if keys.contains("role"), !actions.contains(where: \.hasRole) {
            report(line, "\(name) names a role, and is about nothing that has one, so that it would never hold")
        }
        guard rule.who?.contains(.agent) ?? false else { return }
        if !actions.isDisjoint(with: [.revealMessage, .approveAccess, .reviewAccess]) {
            report(line, "\(name) is about agents, which never reveal, never approve and never review")
        }
        if rule.section == .breakGlass { report(line, "\(name) is about agents, which never break the glass") }
    }
}
