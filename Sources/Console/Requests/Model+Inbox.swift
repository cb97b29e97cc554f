internal import CallboardCore
internal import ServiceBus

/// Requests for roles and roles with an end, as all screens share them.
struct InboxState: Sendable {
    /// What waits, what was asked, and what is in force of one's own.
    var lists = Loadable<AccessInbox>()
    /// What is in force of everybody: read only for who looks at it.
    var grants = Loadable<AccessListing<ActiveGrant>>()
    /// Whether that is being read again by itself.
    var areGrantsQuiet = false
    /// When that was last asked for, and how long the answer took.
    private(set) var grantsBegan: Timestamp?
    private var grantsTook: Duration?
    /// Whether it is being read again by itself.
    var isQuiet = false
    /// When it was last asked for.
    var began: Timestamp?
    /// Whether roles of one's own count, by their ids.
    var proofs: [String: GrantProof] = [:]
    /// Since when roles of one's own are asked about, by their ids.
    var attempts: [String: GrantAttempts] = [:]
    /// What is being proved: the load and the id of the role.
    var proving: (load: LoadID, grant: String)?

    /// While a person looks at them, and while something of one's own is on its way.
    static let interval = Duration.seconds(10)
    /// While the board is shown: Azure Resource Manager counts what it is asked, and others ask it too.
    static let restingInterval = Duration.seconds(60)

    /// The roles in force, as far as they are known: one's own as they were read last, those of others as they were when somebody looked. What Azure was to
    /// end since is taken for ended: whether it is, the next look says.
    var inForce: AccessInbox.List<ActiveGrant>? {
        guard let lists = lists.value else { return nil }
        guard let all = grants.value, let asOf = grants.asOf, case .success(let own) = lists.active else { return lists.active }
        let others = all.elements.filter { grant in
            if grant.principal.isSame(as: lists.me) { return false }
            return grant.keeper == .note || grant.endsAt > lists.asOf || grant.isPastEnd(at: asOf)
        }
        return .success((own + others).sorted { ($0.endsAt, $0.id) < ($1.endsAt, $1.id) })
    }

    /// When a role was last seen to be in force.
    func seen(_ grant: ActiveGrant) -> Timestamp? {
        guard let lists = lists.value else { return nil }
        return grant.principal.isSame(as: lists.me) ? lists.asOf : grants.asOf
    }

    /// How many roles were there after their end.
    var overdue: Int { inForce?.elements.count { grant in seen(grant).map { grant.isPastEnd(at: $0) } ?? false } ?? 0 }

    /// What was not read of a list, and why.
    func gaps(isInForce: Bool) -> [RequestGap] {
        guard isInForce else { return lists.value?.gaps ?? [] }
        // The same is refused to both readings, with a tracking id of each.
        var seen: Set<String> = []
        return ((grants.value?.gaps ?? []) + (lists.value?.activeGaps ?? [])).filter { seen.insert($0.sentence).inserted }
    }

    /// What a person waits for.
    var awaited: [LoadID] {
        [isQuiet ? nil : lists.load, areGrantsQuiet ? nil : grants.load].compactMap(\.self)
    }

    mutating func beginGrants(_ id: LoadID, now: Timestamp, quietly: Bool) {
        grants.begin(id)
        grantsBegan = now
        areGrantsQuiet = quietly
    }

    mutating func finishGrants(_ error: OperatorError?, now: Timestamp) {
        grants.finish(error)
        grantsTook = grantsBegan.map { now.since($0) }
    }

    /// When all roles in force are to be read again by themselves, while they are shown: it takes no more than a twentieth of the time.
    func grantsDue(_ watch: Watch) -> Timestamp? {
        guard watch.isOn, lists.value != nil, grants.load == nil, grants.error == nil, !grants.isStopped, let began = grantsBegan else {
            return nil
        }
        return began.advanced(by: max(watch.interval, Self.restingInterval, (grantsTook ?? .zero) * Watch.restPerWork))
    }
}

extension Model {
    /// Whether requests can be asked for here: a connection string knows nobody.
    var keepsRequests: Bool { title?.signsIn == true }

    /// How many requests wait for whoever is signed in.
    var waitingRequests: Int { inbox.lists.value?.toDecide.count ?? 0 }

    /// The first end of a role of one's own, and how it is kept to; nil where there is none.
    func ownEnd(now: Timestamp) -> ActiveGrant? { inbox.lists.value?.ownGrants.first { $0.endsAt > now } }

    /// The first moment after this one at which a role of one's own ends.
    func untilOwnEnd(now: Timestamp) -> Int64? {
        ownEnd(now: now).map { $0.endsAt.milliseconds.subtractingReportingOverflow(now.milliseconds).partialValue + 1 }
    }

    /// A role of one's own that may not count yet, as nobody has shown that it does: of several the one that was asked about longest ago.
    var unprovedGrant: ActiveGrant? {
        let unproved = inbox.lists.value?.ownGrants.filter { grant in
            switch inbox.proofs[grant.id] ?? .pending {
            case .pending: grant.scope.entity != nil && grant.role.policyRole != nil
            case .proved, .untold: false
            }
        }
        let never = Timestamp(milliseconds: .min)
        return unproved?.min { (inbox.attempts[$0.id]?.last ?? never) < (inbox.attempts[$1.id]?.last ?? never) }
    }

    /// The namespace was asked whether a role of one's own counts.
    mutating func note(_ probe: AccessDesk.Probe) {
        guard let id = inbox.proving?.grant else { return }
        let proof = GrantProof(probe)
        inbox.proofs[id] = proof
        // What was refused for want of it is refused no more.
        guard proof == .proved, let grant = inbox.lists.value?.ownGrants.first(where: { $0.id == id }) else { return }
        mend(grant.scope.entity.map { .looking($0.entity) })
    }

    /// A question whether a role of one's own counts is over. What does not count after so long is not asked about by itself any more.
    mutating func finishProbe(_ error: OperatorError?, now: Timestamp) {
        guard let grant = inbox.proving?.grant else { return }
        inbox.proving = nil
        if let error {
            let text = "Whether your role counts could not be asked: \(error.description)"
            if log.last?.text != text { append(LogEntry(time: now, level: .warning, source: "access", text: text)) }
        }
        guard inbox.proofs[grant] ?? .pending == .pending, let first = inbox.attempts[grant]?.first else { return }
        guard first.advanced(by: GrantAttempts.patience) <= now else { return }
        let time = Figures.duration(GrantAttempts.patience)
        inbox.proofs[grant] = .untold(
            error.map { "it could not be asked for \(time), ^R asks again: \($0.message)" } ?? "it was refused for \(time); ^R asks again")
    }

    /// When the lists are to be read again by themselves; nil: only when a person asks.
    /// - Parameter context: the screen on top.
    func inboxDue(on context: KeyContext) -> Timestamp? {
        guard watch.isOn, keepsRequests, connection.value != nil, inbox.lists.load == nil, !inbox.lists.isStopped, let began = inbox.began
        else { return nil }
        let isAwaited = inbox.lists.value?.isAwaited == true || unprovedGrant != nil
        let interval: Duration
        switch context {
        case .requests, .request: interval = max(InboxState.interval, watch.interval)
        case .board: interval = isAwaited ? InboxState.interval : max(InboxState.restingInterval, watch.interval)
        default:
            guard isAwaited else { return nil }
            interval = max(InboxState.interval, watch.interval)
        }
        guard let error = inbox.lists.error else { return began.advanced(by: interval) }
        // Who may not ask, or has nobody to ask, is not asked for again and again.
        return [.notPermitted, .usage].contains(error.code) ? nil : began.advanced(by: interval * 4)
    }

    /// Takes new lists.
    /// - Returns: what is new in them.
    mutating func take(_ lists: AccessInbox) -> [String] {
        let news = inbox.lists.value.map { lists.news(since: $0) } ?? []
        inbox.lists.set(lists, asOf: lists.asOf)
        let own = Set(lists.ownGrants.map(\.id))
        if case .success = lists.active {
            inbox.proofs = inbox.proofs.filter { own.contains($0.key) }
            inbox.attempts = inbox.attempts.filter { own.contains($0.key) }
        }
        return news
    }
}

extension Turn {
    /// Reads what waits, what was asked and what is in force, unless that is under way.
    /// - Parameter quietly: nobody asked for it: it has no spinner.
    mutating func loadInbox(quietly: Bool = false) {
        guard model.keepsRequests else { return }
        if !quietly {
            // Whoever asks, asks about those as well that were given up.
            model.inbox.proofs = model.inbox.proofs.filter { $0.value == .proved }
            model.inbox.attempts = [:]
        }
        guard model.inbox.lists.load == nil else {
            if !quietly { model.inbox.isQuiet = false }
            return
        }
        model.inbox.isQuiet = quietly
        model.inbox.began = now
        model.inbox.lists.begin(start(.inbox))
    }

    mutating func stopInbox() {
        if let id = model.inbox.lists.load, !model.inbox.isQuiet {
            stop(id)
            model.inbox.lists.stop()
        }
        if let id = model.inbox.grants.load {
            stop(id)
            model.inbox.grants.stop()
        }
    }

    /// Reads the roles in force of everybody, unless that is under way.
    /// - Parameter quietly: nobody asked for it: it has no spinner.
    mutating func loadGrants(quietly: Bool = false) {
        guard model.keepsRequests else { return }
        guard model.inbox.grants.load == nil else {
            if !quietly { model.inbox.areGrantsQuiet = false }
            return
        }
        model.inbox.beginGrants(start(.grants), now: now, quietly: quietly)
    }

    /// Somebody who looked at them has gone: nobody waits for the answer.
    mutating func leaveGrants() {
        guard let id = model.inbox.grants.load else { return }
        stop(id)
        model.inbox.grants.leave()
    }

    /// Something was decided: what was listed is not so any more.
    mutating func loadRequestsAgain() {
        loadInbox(quietly: true)
        if model.inbox.grants.value != nil { loadGrants(quietly: true) }
        loadEmergencies()
    }

    /// Asks the namespace whether a role of one's own counts, one at a time.
    mutating func proveGrant() {
        guard model.inbox.proving == nil, let grant = model.unprovedGrant, let entity = grant.scope.entity else { return }
        model.inbox.attempts[grant.id, default: GrantAttempts(first: now, last: now)].last = now
        model.inbox.proving = (start(.probe(entity, grant.role)), grant.id)
    }
}
