internal import Backstage
internal import ServiceBus

/// Turns a policy's YAML into a ``Policy``. Strict: a key that is not known could be a guardrail that is not there.
struct PolicyReader: StrictReading {
    let file: String
    var policy: Policy
    var problems: [ConfigurationProblem] = []
    /// The ids so far with their lines.
    private var ids: [String: Int] = [:]

    init(file: String) {
        self.file = file
        policy = Policy(file: file)
    }

    private static let keys = ["version", "tenant", "environments", "teams", "request", "allow", "deny", "mask", "break_glass"]

    mutating func read(_ root: YAMLNode) {
        guard let entries = mapping(root, "a policy") else { return }
        for entry in entries where !Self.keys.contains(entry.key) { reportUnknown(entry, among: Self.keys) }
        let sections = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        if let version = sections["version"] {
            if version.value.integer != 1 { report(version.value.line, "'version' is 1; this Callboard knows no other") }
        } else {
            report(root.line, "a policy begins with 'version: 1'")
        }
        if let tenant = sections["tenant"] { policy.tenant = guid(tenant.value, "'tenant'") }
        // Rules name environments and teams, wherever those stand.
        if let environments = sections["environments"] { readEnvironments(environments) }
        if let teams = sections["teams"] { readTeams(teams) }
        for section in PolicyRule.Section.allCases {
            guard let entry = sections[section.rawValue] else { continue }
            for element in list(entry) { readRule(element, section) }
        }
        if let masks = sections["mask"] { for element in list(masks) { readMask(element) } }
    }

    // MARK: Environments and teams

    private mutating func readEnvironments(_ entry: YAMLNode.Entry) {
        var environments: [String: Policy.Environment] = [:]
        guard let entries = mapping(entry.value, "'environments'") else { return }
        for entry in entries {
            guard isName(entry.key, entry.line, "an environment") else { continue }
            environments[entry.key] = environment(entry)
        }
        policy.environments = environments
        if entries.isEmpty { report(entry.value.line, "'environments' lists none, so that everything would be denied; leave it out") }
        guard !environments.values.contains(where: \.isGolden) else { return }
        for entry in entries where environments[entry.key]?.requiresGolden != nil {
            report(entry.line, "'\(entry.key)' requires a golden environment, and none says 'golden: true'")
        }
    }

    private mutating func environment(_ entry: YAMLNode.Entry) -> Policy.Environment {
        var environment = Policy.Environment()
        if entry.value.isNull { return environment }
        for entry in mapping(entry.value, "the environment '\(entry.key)'") ?? [] {
            switch entry.key {
            case "subscriptions": environment.subscriptions = list(entry).compactMap { guid($0, "a subscription") }
            case "golden": environment.isGolden = bool(entry) ?? false
            case "requires_golden": environment.requiresGolden = duration(entry)
            default: reportUnknown(entry, among: ["subscriptions", "golden", "requires_golden"])
            }
        }
        return environment
    }

    private mutating func readTeams(_ entry: YAMLNode.Entry) {
        for entry in mapping(entry.value, "'teams'") ?? [] {
            guard isName(entry.key, entry.line, "a team") else { continue }
            var team = Policy.Team()
            for entry in mapping(entry.value, "the team '\(entry.key)'") ?? [] {
                switch entry.key {
                case "claims":
                    for claim in mapping(entry.value, "'claims'") ?? [] {
                        let values = names(claim)
                        if !values.isEmpty { team.claims[claim.key] = Set(values) }
                    }
                case "require_acrs": team.requiredContexts = Set(names(entry))
                default: reportUnknown(entry, among: ["claims", "require_acrs"])
                }
            }
            if team.claims.isEmpty {
                report(entry.line, "the team '\(entry.key)' has no claims, and would be nobody; write claims: {groups: [ID]}")
            }
            policy.teams[entry.key] = team
        }
    }

    // MARK: Masks

    private mutating func readMask(_ element: YAMLNode) {
        guard let entries = mapping(element, "a mask") else { return }
        var id = ""
        var target: Policy.Mask.Target?
        var checksLuhn = false
        var show = Policy.Mask.Show.none
        for entry in entries {
            switch entry.key {
            case "id": id = self.id(entry) ?? ""
            case "match":
                guard let text = text(entry) else { continue }
                do throws(MaskingPattern.Problem) { target = .pattern(try MaskingPattern(name: "mask", text)) } catch {
                    report(entry.value.line, "'match' cannot be used: \(error)")
                }
            case "json":
                guard let text = text(entry) else { continue }
                do throws(MaskingPath.Problem) { target = .path(try MaskingPath(text)) } catch {
                    report(entry.value.line, "the path '\(text.prefix(80))' cannot be read: \(error.message)")
                }
            case "check":
                if text(entry) == "luhn" { checksLuhn = true } else { report(entry.value.line, "'check' is luhn") }
            case "show": show = choice(entry, of: Policy.Mask.Show.self, Policy.Mask.Show.allCases.map(\.rawValue)) ?? .none
            default: reportUnknown(entry, among: ["id", "match", "json", "check", "show"])
            }
        }
        let keys = Set(entries.map(\.key))
        if !keys.contains("id") { report(element.line, "a mask needs an 'id'") }
        if keys.isSuperset(of: ["match", "json"]) || keys.isDisjoint(with: ["match", "json"]) {
            report(element.line, "a mask has one of 'match' and 'json'")
        }
        if keys.contains("check"), !keys.contains("match") { report(element.line, "'check' goes with 'match'") }
        if let target { policy.masks.append(Policy.Mask(id: id, target: target, checksLuhn: checksLuhn, show: show)) }
    }

    // MARK: Values

    /// An id that nothing before has.
    mutating func id(_ entry: YAMLNode.Entry) -> String? {
        guard let id = text(entry), isName(id, entry.value.line, "an id") else { return nil }
        guard !Self.reserved.contains(id) else {
            report(entry.value.line, "'\(id)' is what verdicts call something else; choose another id")
            return nil
        }
        if let line = ids[id] {
            report(entry.value.line, "the id '\(id)' is taken already, in line \(line); verdicts name rules by it")
            return nil
        }
        ids[id] = entry.value.line
        return id
    }

    private static let reserved: Set<String> = ["default", "reason", "ticket", "authorization"]

    private mutating func isName(_ text: String, _ line: Int, _ what: String) -> Bool {
        let isName = (1...100).contains(text.utf8.count) && text.utf8.allSatisfy { $0 < 0x80 && ($0.isWordByte || "-.".utf8.contains($0)) }
        if !isName { report(line, "\(what) is written with letters, digits, '.', '-' and '_', not '\(text.prefix(80))'") }
        return isName
    }

    /// Texts, at least one: a list of nothing is a rule about nobody, and a slip.
    mutating func names(_ entry: YAMLNode.Entry) -> [String] {
        let before = problems.count
        let texts = texts(entry)
        if texts.isEmpty, problems.count == before {
            report(entry.value.line, "'\(entry.key)' is empty; leave it out, or say what is meant")
        }
        return texts
    }

    private mutating func guid(_ node: YAMLNode, _ what: String) -> String? {
        let text = node.text?.lowercased() ?? ""
        let lengths = text.split(separator: "-", omittingEmptySubsequences: false).map(\.utf8.count)
        if lengths == [8, 4, 4, 4, 12], text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Character(Unicode.Scalar($0)).isHexDigit }) {
            return text
        }
        report(node.line, "\(what) is an id such as aaaabbbb-0000-cccc-1111-dddd2222eeee")
        return nil
    }
}
