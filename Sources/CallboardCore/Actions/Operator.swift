public import ServiceBus

/// The one door to every change: plan, verdict, confirmation, job, audit record. Console and commands have no other.
///
/// Before anything is done, the audit ledger says on the disk that it is going to be; afterwards, what came of it. Where the ledger or the
/// journal cannot be written, nothing is done.
public actor Operator {
    /// The namespace.
    public nonisolated let workspace: Workspace
    /// What stands before changes here.
    public nonisolated let guardrails: Guardrails
    /// The journals of jobs.
    public nonisolated let store: JobStore
    /// The audit ledger.
    public nonisolated let ledger: AuditLedger
    private nonisolated let actor: AuditActor
    /// The policy and the ledger around each change.
    private nonisolated let guarded: GuardedChange
    /// The rules that allowed jobs.
    private var rules: [Int: String] = [:]

    /// Opens the door to a namespace.
    public init(_ workspace: Workspace, guardrails: Guardrails, ledger: AuditLedger, store: JobStore) {
        self.workspace = workspace
        self.guardrails = guardrails
        self.ledger = ledger
        self.store = store
        actor = workspace.acting.actor(isAgent: guardrails.caller.isAgent)
        guarded = GuardedChange(guardrails: guardrails, ledger: ledger, actor: actor)
    }

    /// Opens the door to a namespace as the environment of this process has it: policy of the context, ledger and journals of the user.
    /// - Throws: ``OperatorError`` when the policy cannot be used, or there is no place for ledger and journals.
    public init(_ workspace: Workspace, environment: [String: String]) throws(OperatorError) {
        self.init(
            workspace, guardrails: try workspace.guardrails(environment: environment),
            ledger: AuditLedger(path: try AuditLedger.path(environment: environment)), store: try .standard(environment: environment))
    }

    // MARK: Plan and verdict

    /// A plan, and what the policy says of it.
    public struct Proposal: Hashable, Sendable {
        /// What would be done.
        public var plan: ActionPlan
        /// Whether it may be.
        public var verdict: Verdict
        /// What the operator has to say.
        public var demand: ConfirmationDemand
    }

    /// Works out what an action would do, and asks the policy. Nothing is changed.
    /// - Throws: ``OperatorError``; see ``Workspace/plan(_:cameBack:progress:)``.
    public func propose(
        _ request: ActionRequest, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(OperatorError) -> Proposal {
        let cameBack = request.wish.sendsCopies ? store.cameBack(to: request.path, endpoint: workspace.title.endpoint) : [:]
        var plan = try await workspace.plan(request, cameBack: cameBack, progress: progress)
        if case .importing(let file) = request.wish, let job = store.job(leftPartOf: file) {
            plan.remarks.append(PlanRemark(leftPartBy: job))
        }
        if request.rate == nil {
            // The usual rate is ours to lower; one that was asked for is for the policy to judge.
            for var question in try questions(plan) {
                question.rate = nil
                if case .allowed(_, let limits) = guardrails.verdict(on: question), let most = limits.maxRate { plan.limit(to: most) }
            }
        }
        let questions = try questions(plan)
        guard let verdict = Verdict.together(questions.map { guardrails.verdict(on: $0) }) else {
            throw OperatorError(.internal, "The policy was not asked, so nothing is done.")
        }
        return Proposal(plan: plan, verdict: verdict, demand: demand(plan, questions))
    }

    /// What the policy is asked about a plan: about the queue it is done in first, about another one that it sends to, and about a body that is
    /// edited on the way.
    private nonisolated func questions(_ plan: ActionPlan) throws(OperatorError) -> [PolicyQuestion] {
        let first = try question(plan)
        var questions = [first]
        if let target = plan.action.target, target != (plan.source.topic ?? plan.source.entity) {
            var second = first
            second.scope = guardrails.question(first.action, on: target, kind: plan.targetKind).scope
            questions.append(second)
        }
        if plan.action.copies?.changes.body != nil {
            var edit = first
            edit.action = .editMessage
            questions.append(edit)
        }
        return questions
    }

    private nonisolated func question(_ plan: ActionPlan) throws(OperatorError) -> PolicyQuestion {
        guard let action = PolicyAction(rawValue: plan.action.policyName) else {
            throw OperatorError(.internal, "No policy knows the action \(plan.action.policyName), so it is not done.")
        }
        var question = guardrails.question(action, on: plan.source, kind: plan.sourceKind)
        question.messages = plan.count
        // No limit is faster than any.
        question.rate = plan.rate ?? .max
        question.coversAll = plan.choice == MessageChoice.all.title
        return question
    }

    /// The stricter of what the plan and the policy ask for.
    private nonisolated func demand(_ plan: ActionPlan, _ questions: [PolicyQuestion]) -> ConfirmationDemand {
        questions.contains { guardrails.confirmation(for: $0) == .typed } ? .typed(plan.phrase) : plan.demand
    }

    /// Says why a proposal is refused; the ledger has it then. Asked before anybody is asked to agree to what is not allowed.
    /// - Throws: ``OperatorError`` with ``OperatorError/Code/refused`` when the policy does not allow it.
    public func checkAllowed(_ proposal: Proposal, reason: String? = nil, ticket: String? = nil) async throws(OperatorError) {
        _ = try await authorize(proposal.plan, reason, ticket)
    }

    /// Leave for a plan: for all it takes.
    private func authorize(_ plan: ActionPlan, _ reason: String?, _ ticket: String?) async throws(OperatorError) -> Authorization {
        var leave: Authorization?
        for question in try questions(plan) {
            let given = try await authorize(question, entity: plan.source, reason: reason, ticket: ticket)
            leave = leave ?? given
        }
        guard let leave else { throw OperatorError(.internal, "The policy was not asked, so nothing is done.") }
        return leave
    }

    // MARK: Jobs

    /// Begins a job. What was agreed to is asked of the policy again, written into the ledger, and then begun.
    /// - Parameters:
    ///   - reason: why, for policies that want to know, and for the ledger.
    ///   - report: told how far it is.
    /// - Throws: ``OperatorError``: refused, with the rule's name and what would allow it; or the queue is not as it was planned any more.
    public func begin(
        _ confirmation: Confirmation, reason: String? = nil, ticket: String? = nil,
        report: @escaping @Sendable (JobProgress) -> Void = { _ in }
    ) async throws(OperatorError) -> Job {
        let plan = confirmation.plan
        guard plan.title == workspace.title else {
            throw OperatorError(.refused, "The plan is for '\(plan.title.name)', not for '\(workspace.title.name)': nothing was done.")
        }
        if case .typed = demand(plan, try questions(plan)), !confirmation.isTyped {
            throw OperatorError(
                .refused, "Nothing was done: this has to be confirmed by name.", hint: "Type \(plan.phrase).", entity: plan.source)
        }
        let authorization = try await authorize(plan, reason, ticket)
        try await checkUnmoved(plan)
        guard let changing = workspace.gateway.changing else { throw OperatorError(.refused, "Messages cannot be changed here.") }
        let (id, journal, kept) = try store.create(plan, rule: authorization.rule)
        do throws(OperatorError) { try await record(authorization, .intended, kept, job: id) } catch {
            // What is not in the ledger was not begun, and is nothing to go on with.
            store.discard(id)
            throw error
        }
        let gateway = workspace.gateway
        return Job(
            id: id, plan: kept, journal: journal, changing: changing, goingOn: nil, masked: { gateway.masked($0) }, report: report)
    }

    /// Goes on with a job that ended before its end, here or in another process.
    /// - Throws: ``OperatorError``: there is none, it is over, another process runs it, or it is refused.
    public func goOn(
        with id: Int, reason: String? = nil, ticket: String? = nil, report: @escaping @Sendable (JobProgress) -> Void = { _ in }
    ) async throws(OperatorError) -> Job {
        // Another process that runs it has the journal: what it says now holds until we let go of it.
        let journal = try store.open(id)
        let (standing, plan) = try store.read(id)
        guard plan.title.endpoint == workspace.title.endpoint else {
            throw OperatorError(
                .usage, "Job \(id) is of \(plan.title.endpoint), and this is \(workspace.title.endpoint).",
                hint: "Open its context: \(plan.title.name).")
        }
        guard standing.progress(plan, isRunning: false).isResumable else {
            throw OperatorError(.conflict, "Job \(id) is over (\(standing.state.rawValue)): there is nothing to go on with.")
        }
        let authorization = try await authorize(plan, reason, ticket)
        guard let changing = workspace.gateway.changing else { throw OperatorError(.refused, "Messages cannot be changed here.") }
        try await record(authorization, .intended, plan, job: id)
        let gateway = workspace.gateway
        return Job(
            id: id, plan: plan, journal: journal, changing: changing, goingOn: standing, masked: { gateway.masked($0) }, report: report)
    }

    /// Runs a job to its end, and writes into the ledger what came of it.
    /// - Returns: how it ended.
    public func run(_ job: Job) async -> JobProgress {
        var progress = await job.run()
        let rule = rules.removeValue(forKey: job.id)
        let stage: AuditEvent.Stage =
            switch progress.state {
            case .finished: .done
            case .cancelled: progress.done > 0 ? .partly : .cancelled
            default: progress.done > 0 || !progress.unknown.isEmpty ? .partly : .failed
            }
        do throws(OperatorError) {
            try await record(rule: rule, stage, job.plan, job: job.id, progress, await job.failureIDs)
        } catch {
            // It is done and cannot be undone: whoever reads this must know that the ledger does not say so.
            progress.message = [progress.message, error.description].compactMap(\.self).joined(separator: " ")
        }
        return progress
    }

    /// Whether the ends of what was planned are still there: a plan is of what was seen.
    private func checkUnmoved(_ plan: ActionPlan) async throws(OperatorError) {
        if plan.action.isImport { return }
        var missing = 0
        for number in Set([plan.snapshot.first, plan.snapshot.last].compactMap(\.self)) {
            let found = try await workspace.peek(plan.source, from: number, count: 1, options: PeekOptions(headersOnly: true)).first
            if found?.sequenceNumber != number { missing += 1 }
        }
        guard missing == 0 else {
            throw OperatorError(
                .conflict, "\(plan.source.displayName) is not as it was planned any more: messages of the plan are gone. Nothing was done.",
                hint: "Plan it again.", entity: plan.source)
        }
    }

    // MARK: Other changes

    /// Does something that changes the world and is no job: the policy is asked, the ledger says that it is going to be done, and then what came
    /// of it.
    /// - Parameters:
    ///   - entity: what it is done to.
    ///   - kind: what that is; looked up where a policy may ask.
    ///   - messages: how many messages it is about; nil: that is not known before, and `done` says it of the result.
    /// - Throws: ``OperatorError``: refused, or what `change` throws.
    public func change<Result: Sendable>(
        _ action: PolicyAction, on entity: EntityPath, kind: PolicyScope.Kind? = nil, messages: Int? = nil, reason: String? = nil,
        ticket: String? = nil, done: (Result) -> Int? = { _ in nil },
        _ change: (ChangePermission) async throws(OperatorError) -> Result
    ) async throws(OperatorError) -> Result {
        var question = guardrails.question(action, on: entity, kind: try await known(kind, of: entity))
        question.messages = messages
        let authorization = try await authorize(question, entity: entity, reason: reason, ticket: ticket)
        var event = AuditEvent(authorization, .intended, by: actor, in: guardrails.place, entity: entity)
        event.counts = messages.map { AuditEvent.Counts(planned: $0) }
        let title = workspace.title
        return try await guarded.carryOut(event) { () throws(OperatorError) in
            try await change(ChangePermission(authorization, title))
        } done: { result, event in
            event.counts = (done(result) ?? messages).map { AuditEvent.Counts(planned: messages ?? $0, done: $0) }
        }
    }

    private func known(_ kind: PolicyScope.Kind?, of entity: EntityPath) async throws(OperatorError) -> PolicyScope.Kind {
        if let kind { return kind }
        guard case .policy = guardrails.rules else { return .unknown }
        return try await workspace.gateway.kind(of: entity)
    }

    /// Writes messages to a file. It changes nothing, but what was in a queue is on a disk then: the policy is asked, also how many it may be,
    /// and the ledger has it.
    /// - Throws: ``OperatorError``; see ``Workspace/export(_:_:to:with:progress:)``.
    public func export(
        _ path: EntityPath, _ options: ExportOptions, to file: String, reason: String? = nil, ticket: String? = nil,
        progress: @escaping @Sendable (ExportProgress) -> Void = { _ in }
    ) async throws(OperatorError) -> ExportSummary {
        let workspace = workspace
        var known: Int?
        if case .numbers(let numbers) = options.selection { known = numbers.count }
        return try await change(.exportMessage, on: path, messages: known, reason: reason, ticket: ticket, done: { $0.count }) {
            permission throws(OperatorError) in
            try await workspace.export(path, options, to: file, with: permission, progress: progress)
        }
    }

    /// Carries a change of an entity or rule out.
    /// - Returns: the settings as the service has them now; nil for what was removed.
    /// - Throws: ``OperatorError``; see ``Workspace/carryOut(_:with:)``.
    @discardableResult
    public func carryOut(
        _ entityChange: EntityChange, reason: String? = nil, ticket: String? = nil
    ) async throws(OperatorError) -> EntitySettings? {
        let workspace = workspace
        let (action, target) = (entityChange.policyAction, entityChange.target)
        return try await change(action, on: target.path, kind: PolicyScope.Kind(target.kind), reason: reason, ticket: ticket) {
            permission throws(OperatorError) in
            try await workspace.carryOut(entityChange, with: permission)
        }
    }

    /// Makes a namespace's entities what a file says; each change is one for the policy and the ledger.
    /// - Throws: ``OperatorError``; ``OperatorError/Code/partlyDone`` when it failed on the way.
    public func carryOut(
        _ plan: TopologyPlan, reason: String? = nil, ticket: String? = nil, progress: (TopologyPlan.Step) -> Void = { _ in }
    ) async throws(OperatorError) {
        try await workspace.carryOut(plan, progress: progress) { change throws(OperatorError) in
            try await self.carryOut(change, reason: reason, ticket: ticket)
        }
    }

    // MARK: The ledger

    private func authorize(
        _ question: PolicyQuestion, entity: EntityPath, reason: String?, ticket: String?
    ) async throws(OperatorError) -> Authorization {
        try await guarded.authorize(question, entity: entity) { guardrails throws(Denial) in
            try guardrails.authorize(question, reason: reason, ticket: ticket)
        }
    }

    private func record(
        _ authorization: Authorization, _ stage: AuditEvent.Stage, _ plan: ActionPlan, job: Int
    ) async throws(OperatorError) {
        var event = AuditEvent(authorization, stage, by: actor, in: guardrails.place, entity: plan.source)
        event.target = plan.action.target
        event.counts = AuditEvent.Counts(planned: plan.count)
        event.messages = plan.action.isImport ? nil : SequenceNumberDigest(plan.snapshot.numbers)
        event.jobID = String(job)
        rules[job] = authorization.rule
        try await ledger.append(event)
    }

    private func record(
        rule: String?, _ stage: AuditEvent.Stage, _ plan: ActionPlan, job: Int, _ progress: JobProgress, _ trackingIDs: [String]
    ) async throws(OperatorError) {
        guard let action = PolicyAction(rawValue: plan.action.policyName) else { return }
        var event = AuditEvent(
            action, stage, by: actor, context: guardrails.place.context, environment: guardrails.place.environment,
            namespace: guardrails.place.host, entity: plan.source)
        event.rule = rule
        event.target = plan.action.target
        event.counts = AuditEvent.Counts(
            planned: plan.count, done: progress.done, failed: progress.failed, unknown: progress.unknown.count, skipped: progress.gone)
        event.messages = plan.action.isImport ? nil : SequenceNumberDigest(plan.snapshot.numbers)
        event.jobID = String(job)
        event.trackingIDs = trackingIDs
        try await ledger.append(event)
    }
}

extension Confirmation {
    /// Whether the name was typed.
    var isTyped: Bool { word == .typed(plan.phrase) }
}

extension PolicyScope.Kind {
    fileprivate init(_ kind: EntityTarget.Kind) {
        switch kind {
        case .queue: self = .queue
        case .topic: self = .topic
        case .subscription, .rule: self = .unknown
        }
    }
}
