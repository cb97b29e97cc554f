package import AzureResources

/// The condition (ABAC) under which an approver may give and take roles: only some roles, and never to an approver.
///
/// This room holds what of a policy Azure itself can enforce (``AzureGuardrails``), and what compares that with what Azure enforces
/// (``AzureGuardrailAudit``). Azure's documentation calls the first part "constrained delegation"; the language is that of "Azure role assignment condition
/// format and syntax", version 2.0.
package struct DelegationCondition: Hashable, Sendable {
    /// What one action is held to.
    package struct Side: Hashable, Sendable {
        /// The only roles; nil for any.
        package var roles: Set<GUID>?
        /// Who never gets one, or loses one.
        package var excluded: Set<GUID> = []
        /// The only ones who do; nil for anybody.
        package var only: Set<GUID>?

        package init(roles: Set<GUID>? = nil, excluded: Set<GUID> = [], only: Set<GUID>? = nil) {
            self.roles = roles
            self.excluded = excluded
            self.only = only
        }

        /// Whether it lets a role be given to, or taken from, somebody.
        package func allows(_ role: GUID, for principal: GUID) -> Bool {
            roles?.contains(role) ?? true && !excluded.contains(principal) && only?.contains(principal) ?? true
        }
    }

    /// The longest text; the service's own limit, in bytes.
    package static let longest = 8192

    /// Giving.
    package var write: Side
    /// Taking away.
    package var delete: Side

    /// A condition for both.
    /// - Parameters:
    ///   - roles: those that may be given; at least one.
    ///   - excluded: to whom none may be.
    package init(roles: Set<GUID>, excluded: Set<GUID>) {
        write = Side(roles: roles, excluded: excluded)
        delete = write
    }

    /// The text, as Azure takes it. Each identity is excluded by itself: `ForAnyOfAnyValues:GuidNotEquals` with two of them is always true.
    package var text: String { "\(Self.text(.write, write)) AND \(Self.text(.delete, delete))" }

    private enum Action: String {
        case write, delete
        /// What is asked about: the assignment that is to be made, or the one that is there.
        var source: String { self == .write ? "@Request" : "@Resource" }
        var name: String { "Microsoft.Authorization/roleAssignments/\(rawValue)" }
    }

    private static func text(_ action: Action, _ side: Side) -> String {
        let attribute = { (name: String) in "\(action.source)[Microsoft.Authorization/roleAssignments:\(name)]" }
        let list = { (ids: Set<GUID>) in ids.map(\.canonical).sorted().joined(separator: ", ") }
        var parts: [String] = []
        if let roles = side.roles { parts.append("\(attribute("RoleDefinitionId")) ForAnyOfAnyValues:GuidEquals {\(list(roles))}") }
        if let only = side.only { parts.append("\(attribute("PrincipalId")) ForAnyOfAnyValues:GuidEquals {\(list(only))}") }
        parts += side.excluded.sorted().map { "\(attribute("PrincipalId")) GuidNotEquals {\($0.canonical)}" }
        return "((!(ActionMatches{'\(action.name)'})) OR (\(parts.joined(separator: " AND "))))"
    }
}

// MARK: Reading

extension DelegationCondition {
    /// Reads a condition of this form, also as the portal writes it. Nil for any other form, of which it cannot be told what it lets through.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest * 2 else { return nil }
        // Nothing in these conditions has a blank in it.
        let squeezed = text.lowercased().filter { !$0.isWhitespace }.map { $0 == "\"" ? "'" : $0 }
        var reader = Reader(rest: String(squeezed)[...])
        var sides: [Action: Side] = [:]
        repeat {
            guard let (action, side) = reader.part(), sides[action] == nil else { return nil }
            sides[action] = side
        } while reader.take("and") || reader.take("&&")
        guard reader.rest.isEmpty else { return nil }
        // An action that is not named is not held to anything.
        write = sides[.write] ?? Side()
        delete = sides[.delete] ?? Side()
    }

    private struct Reader {
        var rest: Substring

        mutating func take(_ word: String) -> Bool {
            guard rest.hasPrefix(word) else { return false }
            rest = rest.dropFirst(word.count)
            return true
        }

        private mutating func text(until end: Character) -> String? {
            guard let index = rest.firstIndex(of: end) else { return nil }
            defer { rest = rest[rest.index(after: index)...] }
            return String(rest[..<index])
        }

        /// `((!(ActionMatches{'…'})) OR (… AND …))`
        mutating func part() -> (Action, Side)? {
            guard take("((!(actionmatches{'microsoft.authorization/roleassignments/"), let word = text(until: "'"),
                let action = Action(rawValue: word), take("}))or(") || take("}))||(")
            else { return nil }
            var side = Side()
            repeat { guard comparison(action, into: &side) else { return nil } } while take("and") || take("&&")
            return take("))") ? (action, side) : nil
        }

        private mutating func comparison(_ action: Action, into side: inout Side) -> Bool {
            guard take("\(action.source.lowercased())[microsoft.authorization/roleassignments:"), let attribute = text(until: "]"),
                let function = text(until: "{"), let list = text(until: "}")
            else { return false }
            let values = Set(list.split(separator: ",").map { GUID(String($0.filter { $0 != "'" })) })
            guard !values.isEmpty else { return false }
            switch (attribute, function) {
            case ("roledefinitionid", "foranyofanyvalues:guidequals"), ("roledefinitionid", "guidequals"):
                side.roles = side.roles.map { $0.intersection(values) } ?? values
            case ("principalid", "foranyofanyvalues:guidequals"), ("principalid", "guidequals"):
                side.only = side.only.map { $0.intersection(values) } ?? values
            case ("principalid", "foranyofallvalues:guidnotequals"): side.excluded.formUnion(values)
            case ("principalid", "guidnotequals"), ("principalid", "foranyofanyvalues:guidnotequals"):
                // Of two ids one is always another one than the principal's: it excludes nobody.
                if values.count == 1 { side.excluded.formUnion(values) }
            // What kind of identity it is narrows and never widens.
            case ("principaltype", _): break
            default: return false
            }
            return true
        }
    }
}
