internal import ServiceBus

/// What a namespace lacks of a topology, step by step, worked out before anything is sent. What it has besides is left alone.
public struct TopologyPlan: Sendable {
    /// What becomes of one item.
    public enum State: Sendable {
        /// It is not there, and is made.
        case create(EntityChange)
        /// It is a rule of a subscription that is made with it.
        case createWithSubscription
        /// It is there with other settings, which are changed.
        case differs(EntityChange)
        /// It is there as it should be.
        case same
        /// It cannot become what it should be, and why.
        case blocked(String)

        /// The word for it.
        public var title: String {
            switch self {
            case .create, .createWithSubscription: "create"
            case .differs: "differs"
            case .same: "same"
            case .blocked: "blocked"
            }
        }
    }

    /// One item and what becomes of it.
    public struct Step: Sendable {
        /// Which item.
        public var target: EntityTarget
        /// What becomes of it.
        public var state: State
    }

    /// The steps in the order in which they are carried out: what is forwarded to comes before what forwards.
    public internal(set) var steps: [Step] = []
    /// Forwarding in circles, set when everything is there.
    var forwards: [(target: EntityTarget, inputs: [SettingInput])] = []

    /// Whether there is anything to do.
    public var isEmpty: Bool { changes == 0 }
    /// How many steps change something.
    public var changes: Int {
        steps.count { step in
            switch step.state {
            case .create, .createWithSubscription, .differs: true
            case .same, .blocked: false
            }
        }
    }
    /// Whether something cannot be done.
    public var isBlocked: Bool { steps.contains { if case .blocked = $0.state { true } else { false } } }
}

extension Workspace {
    /// Works out what this namespace lacks of a topology.
    public func plan(for topology: Topology) async throws(OperatorError) -> TopologyPlan {
        let existing = Dictionary(try await self.topology(isComplete: true).items.map { ($0.target, $0) }) { first, _ in first }
        let names = Dictionary(existing.values.map { ($0.target.path, $0.target.kind) }) { first, _ in first }
        var plan = TopologyPlan()
        var waiting: [Topology.Item] = []
        for item in topology.items {
            if let found = existing[item.target] {
                plan.steps.append(.init(target: item.target, state: try await difference(item, found)))
            } else if item.target.kind != .rule, item.target.kind != .subscription, let kind = names[item.target.path] {
                plan.steps.append(.init(target: item.target, state: .blocked("there is a \(kind.rawValue) of that name")))
            } else {
                waiting.append(item)
            }
        }
        order(waiting, topology, into: &plan)
        return plan
    }

    private func difference(_ item: Topology.Item, _ found: Topology.Item) async throws(OperatorError) -> TopologyPlan.State {
        let differences = item.differences(from: found)
        guard !differences.isEmpty else { return .same }
        let wanted = Set(differences.map(\.setting.name))
        // What makes a rule's filter is given as a whole.
        let inputs = item.inputs.filter { wanted.contains($0.name) || item.target.kind == .rule }
        let settings = try await settings(of: item.target)
        do throws(OperatorError) { return .differs(try EntityChange.updating(settings, inputs)) } catch { return .blocked(error.message) }
    }

    /// Puts what is to be made into an order in which it can be made: roots before what forwards to them, subscriptions, rules.
    private nonisolated func order(_ items: [Topology.Item], _ topology: Topology, into plan: inout TopologyPlan) {
        let forwarding = ["forward-to", "forward-dead-letters-to"]
        func targets(_ item: Topology.Item) -> [EntityPath] {
            forwarding.compactMap { item.values[$0].flatMap { try? EntityPath.queue($0) } }
        }
        var roots = items.filter { $0.target.kind == .queue || $0.target.kind == .topic }
        var missing = Set(roots.map(\.target.path))
        while !roots.isEmpty {
            let index = roots.firstIndex { targets($0).allSatisfy { !missing.contains($0) } }
            var item = roots.remove(at: index ?? 0)
            if index == nil {
                plan.forwards.append((item.target, item.inputs.filter { forwarding.contains($0.name) }))
                for name in forwarding { item.values[name] = nil }
            }
            missing.remove(item.target.path)
            plan.steps.append(Self.creation(of: item))
        }
        var started: Set<EntityTarget> = []
        for item in items where item.target.kind == .subscription {
            let first = topology.rules(of: item.target.path).first
            if let first { started.insert(first.target) }
            plan.steps.append(Self.creation(of: item, startingWith: first))
        }
        for item in items where item.target.kind == .rule {
            plan.steps.append(
                started.contains(item.target) ? .init(target: item.target, state: .createWithSubscription) : Self.creation(of: item))
        }
    }

    private static func creation(of item: Topology.Item, startingWith rule: Topology.Item? = nil) -> TopologyPlan.Step {
        do throws(OperatorError) {
            var change = try EntityChange.creating(item.target, item.inputs)
            if let rule { change = change.starting(with: try EntityChange.creating(rule.target, rule.inputs)) }
            return .init(target: item.target, state: .create(change))
        } catch {
            return .init(target: item.target, state: .blocked(error.message))
        }
    }

    /// Carries a plan out.
    /// - Parameters:
    ///   - progress: told of each step that is done.
    ///   - carryOut: carries each change of it out.
    /// - Throws: ``OperatorError``: usage when something is blocked, and nothing was done; ``OperatorError/Code/partlyDone`` when it failed on
    ///   the way, what was done staying done. Planning again finds what remains.
    nonisolated(nonsending) func carryOut(
        _ plan: TopologyPlan, progress: (TopologyPlan.Step) -> Void = { _ in },
        by carryOut: (EntityChange) async throws(OperatorError) -> Void
    ) async throws(OperatorError) {
        for step in plan.steps {
            guard case .blocked(let reason) = step.state else { continue }
            throw OperatorError(
                .usage, "\(step.target) cannot become what the file says: \(reason) Nothing was changed.",
                hint: "Change the file, or the entity by hand.", entity: step.target.path)
        }
        var done = 0
        do throws(OperatorError) {
            for step in plan.steps {
                switch step.state {
                case .create(let change), .differs(let change): try await carryOut(change)
                case .createWithSubscription: break
                case .same, .blocked: continue
                }
                done += 1
                progress(step)
            }
            for (target, inputs) in plan.forwards {
                try await carryOut(try EntityChange.updating(try await settings(of: target), inputs))
            }
        } catch {
            guard done > 0, error.code != .cancelled else { throw error }
            throw OperatorError(
                .partlyDone, "\(done) of \(plan.changes) changes were made; then: \(error.message)",
                hint: "\(error.hint) Importing again goes on: what is there already is left alone.", entity: error.entity,
                serviceCode: error.serviceCode, trackingID: error.trackingID)
        }
    }
}

extension EntityChange {
    /// The creation of a subscription that starts with a rule of its own.
    fileprivate func starting(with rule: EntityChange) -> EntityChange {
        guard case .entity(var revision) = after?.content, let rule = rule.after?.rule else { return self }
        revision.definition.firstRule = rule
        return EntityChange(
            operation: operation, target: target, before: before, after: EntitySettings(target, .entity(revision)), given: given,
            difference: difference, consequences: consequences)
    }
}
