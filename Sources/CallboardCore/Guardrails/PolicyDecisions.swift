internal import Backstage
internal import ServiceBus

/// A table of questions to a policy with the verdicts that are expected: its test.
///
/// JSON, or YAML with the same keys:
///
/// ```json
/// {"policy": "policy.yaml", "cases": [
///   {"who": ["team:orders"], "action": "message.peek", "env": "prod", "scope": "namespaces/sb-orders-prod/queues/orders", "expect": "allow:peek-own"},
///   {"who": [], "action": "message.purge", "env": "prod", "scope": "namespaces/sb-orders-prod/queues/orders", "expect": "deny:no-purge-prod"}]}
/// ```
///
/// Besides there are `role`, `ttl`, `count`, `rate` (`50/s`), `break_glass` and `golden_proof_age`, and `groups`: `known`, `not-signed-in` or `unknown`.
public struct PolicyDecisions: Hashable, Sendable {
    /// A question and the verdict that is expected.
    public struct Case: Hashable, Sendable {
        /// Its line, counted from 1.
        public var line: Int
        /// What is asked.
        public var question: PolicyQuestion
        /// The verdict that is expected: `allow:ID`, `needs-approval:ID`, `deny:WHY`.
        public var expected: String
    }

    /// A case and what the policy says.
    public struct Outcome: Hashable, Sendable {
        /// The case.
        public var decision: Case
        /// What the policy says.
        public var verdict: Verdict
        /// Whether that is what is expected.
        public var isPassed: Bool { verdict.description == decision.expected }
    }

    /// The policy's file; nil when it is named elsewhere. Relative to the table's folder.
    public var policy: String?
    /// The questions.
    public var cases: [Case]

    /// Reads a table's file.
    /// - Throws: ``OperatorError`` of kind usage with file and line.
    public init(file: String) throws(OperatorError) {
        let bytes: [UInt8]
        do throws(LocalFile.Fault) { bytes = try LocalFile.read(file, limit: 4 << 20) } catch {
            throw OperatorError(.usage, "\(file): \(error.message).", hint: "Name a table of decisions.")
        }
        try self.init(parsing: bytes, file: file)
    }

    /// Reads a table.
    /// - Throws: ``OperatorError`` of kind usage with file and line.
    public init(parsing bytes: [UInt8], file: String) throws(OperatorError) {
        var limits = YAMLLimits()
        limits.fileBytes = 4 << 20
        limits.documents = 1
        var reader = Reader(file: file)
        var documents = YAMLDocuments(bytes, limits: limits)
        switch documents.next() {
        case nil: reader.report(1, "the table is empty")
        case .failure(let fault)?: reader.report(fault.line, fault.message)
        case .success(let root)?: reader.read(root)
        }
        if let problem = reader.problems.first {
            throw OperatorError(.usage, problem.description, hint: "'callboard policy test --help' shows a table.")
        }
        policy = reader.policy
        cases = reader.cases
    }

    /// Asks a policy everything.
    public func outcomes(of policy: Policy) -> [Outcome] { cases.map { Outcome(decision: $0, verdict: policy.verdict(on: $0.question)) } }

    private struct Reader: StrictReading {
        let file: String
        var problems: [ConfigurationProblem] = []
        var policy: String?
        var cases: [Case] = []

        static let most = 10_000

        init(file: String) { self.file = file }

        mutating func read(_ root: YAMLNode) {
            for entry in mapping(root, "a table of decisions") ?? [] {
                switch entry.key {
                case "policy": policy = text(entry)
                case "cases": for element in list(entry) { readCase(element) }
                default: reportUnknown(entry, among: ["policy", "cases"])
                }
            }
            if cases.isEmpty { report(root.line, "there are no 'cases'") }
        }

        private mutating func readCase(_ element: YAMLNode) {
            guard let entries = mapping(element, "a case") else { return }
            var words: [String: YAMLNode.Entry] = [:]
            for entry in entries {
                guard Self.keys.contains(entry.key) else {
                    reportUnknown(entry, among: Self.keys)
                    continue
                }
                words[entry.key] = entry
            }
            guard let action = words["action"].flatMap({ action($0) }), let scope = words["scope"].flatMap({ scope($0) }),
                let expected = words["expect"].flatMap({ text($0) })
            else {
                for key in ["action", "scope", "expect"] where words[key] == nil { report(element.line, "a case needs '\(key)'") }
                return
            }
            var question = PolicyQuestion(action, on: scope, by: PolicyCaller(Set(words["who"].map { subjects($0) } ?? [])))
            if let entry = words["groups"] {
                switch entry.value.text {
                case "known": break
                case "not-signed-in": question.caller.groups = .notSignedIn
                case "unknown": question.caller.groups = .unknown
                default: report(entry.value.line, "'groups' is known, not-signed-in or unknown")
                }
            }
            question.environment = words["env"].flatMap { text($0) }
            question.role = words["role"].flatMap { choice($0, of: PolicyRole.self, PolicyRole.allCases.map(\.rawValue)) }
            question.ttl = words["ttl"].flatMap { duration($0) }
            question.goldenProofAge = words["golden_proof_age"].flatMap { duration($0) }
            question.messages = words["count"].flatMap { number($0, in: 0...1_000_000_000_000) }
            question.rate = words["rate"].flatMap { rate($0) }
            question.isBreakGlass = words["break_glass"].flatMap { bool($0) } ?? false
            cases.append(Case(line: element.line, question: question, expected: expected))
        }

        private static let keys = [
            "who", "groups", "action", "env", "scope", "role", "ttl", "count", "rate", "break_glass", "golden_proof_age", "expect",
        ]

        private mutating func action(_ entry: YAMLNode.Entry) -> PolicyAction? {
            if let action = entry.value.text.flatMap({ PolicyAction(rawValue: $0) }) { return action }
            let text = entry.value.text?.prefix(80).description ?? entry.value.kindTitle
            let meant = Spelling.nearest(to: text, among: PolicyAction.allCases.map(\.rawValue)).map { "; did you mean '\($0)'?" } ?? ""
            report(entry.value.line, "'\(text)' is not an action\(meant)")
            return nil
        }

        private mutating func scope(_ entry: YAMLNode.Entry) -> PolicyScope? {
            guard let text = text(entry) else { return nil }
            do throws(OperatorError) { return try PolicyScope(parsing: text) } catch {
                report(entry.value.line, error.message)
                return nil
            }
        }

        private mutating func subjects(_ entry: YAMLNode.Entry) -> [PolicySubject] {
            texts(entry).compactMap { text in
                if let subject = PolicySubject(text) { return subject }
                report(entry.value.line, "'\(text.prefix(80))' is nobody; there is team:NAME, user:ID, agent and anyone")
                return nil
            }
        }
    }
}
