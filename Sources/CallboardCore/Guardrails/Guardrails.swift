public import ServiceBus

/// What stands before every change and every reveal in one context: its policy, or where there is none the built-in rules.
///
/// The built-in rules: looking is allowed; on an emulator or sandbox everything is; anywhere else a change takes a policy, or a context that says
/// `mode: read-write`. A context that says `mode: read-only` refuses every change, whatever a policy says. Agents never reveal and never approve,
/// and change nothing outside of sandboxes unless a policy names them.
///
/// ```swift
/// let question = guardrails.question(.redriveMessage, on: path, kind: .queue)
/// let authorization = try guardrails.authorize(question, reason: "INC-4711")     // throws a Denial
/// ```
public struct Guardrails: Hashable, Sendable {
    /// Where rules come from.
    public enum Rules: Hashable, Sendable {
        /// There is no policy.
        case builtIn
        /// A policy file.
        case policy(Policy)
    }

    /// What counts of a context.
    public struct Place: Hashable, Sendable {
        /// The context's name.
        public var context: String
        /// The namespace's host.
        public var host: String
        /// The environment, as the context calls it.
        public var environment: String
        /// What the configuration says of changes; nil when it says nothing.
        public var mode: AccessMode?
        /// Whether it is an emulator or sandbox.
        public var isEmulator: Bool
        /// Whether mistakes here hurt customers.
        public var isProduction: Bool

        /// Creates a place.
        public init(
            context: String, host: String, environment: String = "", mode: AccessMode? = nil, isEmulator: Bool = false,
            isProduction: Bool = false
        ) {
            self.context = context
            self.host = host
            self.environment = environment
            self.mode = mode
            self.isEmulator = isEmulator
            self.isProduction = isProduction
        }

        /// The place that a context opened on a connection is.
        public init(_ context: OperatorContext, title: ContextTitle) {
            self.init(
                context: context.name, host: title.endpoint, environment: context.environment, mode: context.mode,
                isEmulator: title.isEmulator, isProduction: context.isProduction)
        }
    }

    /// Where rules come from.
    public let rules: Rules
    /// The context.
    public let place: Place
    /// Who acts.
    public let caller: PolicyCaller

    /// Creates guardrails.
    public init(rules: Rules, place: Place, caller: PolicyCaller) {
        self.rules = rules
        self.place = place
        self.caller = caller
    }

    /// The guardrails of a context.
    /// - Parameters:
    ///   - acting: who acts there.
    ///   - environment: the process's environment variables.
    /// - Throws: ``OperatorError`` when the context names a policy that cannot be used, or one for another tenant. Without it nothing may
    ///   be done.
    public init(
        _ context: OperatorContext, title: ContextTitle, acting: ActingIdentity = .local, environment: [String: String]
    ) throws(OperatorError) {
        let policy = if let path = context.policyPath { try PolicyFile.load(path, tenant: acting.tenantID) } else { Policy?.none }
        self.init(
            rules: policy.map { .policy($0) } ?? .builtIn, place: Place(context, title: title),
            caller: acting.caller(policy, environment: environment, isAgent: context.isAgent))
    }

    /// A question about an entity or one of its sub-queues, asked by whoever acts here.
    public func question(_ action: PolicyAction, on path: EntityPath, kind: PolicyScope.Kind = .unknown) -> PolicyQuestion {
        question(action, on: PolicyScope(namespace: place.host, entity: path, kind: kind))
    }

    /// A question about the namespace, or any other scope, asked by whoever acts here.
    public func question(_ action: PolicyAction, on scope: PolicyScope? = nil) -> PolicyQuestion {
        PolicyQuestion(
            action, on: scope ?? PolicyScope(namespace: place.host), by: caller,
            environment: place.environment.isEmpty ? nil : place.environment)
    }

    /// Decides. Who asks and in which environment is what these guardrails know, whatever the question says.
    public func verdict(on question: PolicyQuestion) -> Verdict {
        var question = question
        question.caller = caller
        question.environment = place.environment.isEmpty ? nil : place.environment
        if question.action.changesWorld, place.mode == .readOnly {
            return .denied(
                Denial(
                    .readOnly, "\(question.action.rawValue) is denied: the context '\(place.context)' is read-only by its configuration.",
                    remedy: "Set 'mode: read-write' for it in the configuration file."))
        }
        return switch rules {
        case .policy(let policy): policy.verdict(on: question)
        case .builtIn: builtInVerdict(question)
        }
    }

    private func builtInVerdict(_ question: PolicyQuestion) -> Verdict {
        if let denial = Policy.agentDenial(question) { return .denied(denial) }
        if !question.action.changesWorld, !question.action.reveals { return .allowed(rule: "built-in:looking", limits: PolicyLimits()) }
        if place.isEmulator { return .allowed(rule: "built-in:emulator", limits: PolicyLimits()) }
        if caller.isAgent {
            return .denied(
                Denial(
                    .agent, "\(question.action.rawValue) is denied: without a policy agents only look, except on a sandbox.",
                    remedy: "Write a policy with a rule that allows it to 'agent', and name it with 'policy' in the configuration file."))
        }
        if question.action == .signToken {
            return .denied(
                Denial(
                    .default, "\(question.action.rawValue) is denied: no token is signed with a shared key unless a policy allows it.",
                    remedy: "Have a role instead; or write a policy with a rule that allows it, and name it with 'policy'."))
        }
        if place.mode == .readWrite { return .allowed(rule: "built-in:read-write context", limits: PolicyLimits()) }
        return .denied(
            Denial(
                .readOnly,
                "\(question.action.rawValue) is denied: the context '\(place.context)' has no policy, and is read-only unless told otherwise.",
                remedy: "Name a policy with 'policy' in the configuration file, or set 'mode: read-write' for the context."))
    }

    /// What it takes of whoever is at the keyboard: in production every change takes the name, typed.
    public func confirmation(for question: PolicyQuestion) -> PolicyQuestion.Confirmation {
        place.isProduction && !place.isEmulator && question.action.changesWorld ? .typed : question.confirmation
    }

    /// Leave to do what a question asks for, without which nothing is carried out.
    /// - Parameters:
    ///   - reason: why, in the words of whoever acts.
    ///   - ticket: the number of the ticket it is done for.
    /// - Throws: ``Denial``: what stands in the way; also that others have to agree first, or that a reason or ticket is missing.
    public func authorize(_ question: PolicyQuestion, reason: String? = nil, ticket: String? = nil) throws(Denial) -> Authorization {
        switch verdict(on: question) {
        case .denied(let denial): throw denial
        case .needsApproval(let rule, let approvals, let limits):
            let who = approvals.map(\.description).joined(separator: " and ")
            throw Denial(
                .approvalMissing(rule), "\(question.action.rawValue) on \(question.scope) needs the agreement of others.",
                remedy: (["It takes \(who)"] + limits.sentences).joined(separator: ", ") + ".")
        case .allowed(let rule, let limits):
            if let cause = limits.missing(reason: reason, ticket: ticket) {
                throw Policy.denial(cause, question.action, rules: [rule])
            }
            return Authorization(
                action: question.action, scope: question.scope, context: place.context, rule: rule, limits: limits, reason: reason,
                ticket: ticket)
        }
    }
}

/// Leave to do one thing in one place, as far as its limits go. Only ``Guardrails`` make it, from a verdict that allows: what takes one cannot be
/// called where no policy was asked.
public struct Authorization: Hashable, Sendable {
    /// What may be done.
    public let action: PolicyAction
    /// Where.
    public let scope: PolicyScope
    /// The context it holds for.
    public let context: String
    /// The rule that allows it, for the audit record.
    public let rule: String
    /// How far it goes.
    public let limits: PolicyLimits
    /// Why it is done.
    public let reason: String?
    /// The ticket it is done for.
    public let ticket: String?
    /// Who else has to agree: to a request for a role, of which this is leave to ask or to decide.
    public let approvals: [PolicyRule.Approval]

    init(
        action: PolicyAction, scope: PolicyScope, context: String, rule: String, limits: PolicyLimits, reason: String?, ticket: String?,
        approvals: [PolicyRule.Approval] = []
    ) {
        self.action = action
        self.scope = scope
        self.context = context
        self.rule = rule
        self.limits = limits
        self.reason = reason
        self.ticket = ticket
        self.approvals = approvals
    }

    /// Holds the figures against the limits once they are known.
    /// - Throws: ``Denial`` that names the limit.
    public func check(messages: Int? = nil, rate: Int? = nil, ttl: Duration? = nil) throws(Denial) {
        if let cause = limits.excess(ttl: ttl, messages: messages, rate: rate) { throw Policy.denial(cause, action, rules: [rule]) }
    }

    /// Holds what is about to be done against what was allowed.
    /// - Throws: ``Denial`` when it is something else or somewhere else.
    func check(_ action: PolicyAction, on entity: EntityPath, of host: String, in context: String) throws(Denial) {
        guard action == self.action, scope.isAbout(entity, in: host), context == self.context else {
            throw Denial(
                .notWhatWasAllowed,
                "\(action.rawValue) on \(entity.displayName) is denied: what was allowed is \(self.action.rawValue) on \(scope).",
                remedy: "Ask for this one.")
        }
    }
}
