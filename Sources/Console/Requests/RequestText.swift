internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// Requests for roles in words: what is asked, by whom, what it would allow, and how it stands. What others wrote is made harmless where it is drawn.
enum RequestText {
    /// Columns that labels take.
    static let label = 10

    /// `Data Receiver on orders for 1 h`, and for whom where that is somebody else.
    static func wish(_ request: AccessRequest, me: AccessParty?) -> String {
        var text = "\(request.role.title) on \(request.scope.title) \(time(request.duration))"
        if !request.isForSelf { text += " for \(request.principal.title)" }
        return text
    }

    /// `for 1 h`.
    static func time(_ duration: Duration?) -> String { duration.map { "for \(Figures.duration($0))" } ?? "without an end" }

    /// What came of a request, as what follows a colon.
    static func outcome(_ request: AccessRequest, now: Timestamp) -> String {
        switch request.standing {
        case .granted(let until, let by):
            let who = by.map { " by \($0.title)" } ?? ""
            return "granted\(who)" + (until.map { " until \(AccessText.brief($0, now: now))" } ?? "") + ", effective in minutes"
        case .denied(let by, let reason):
            return "denied" + (by.map { " by \($0.title)" } ?? "") + (reason.map { ": \($0)" } ?? "")
        default: return request.standing.word
        }
    }

    /// How it stands, in a column.
    static func standing(_ request: AccessRequest, now: Timestamp) -> Span {
        switch request.standing {
        case .waiting: Span("waiting", .statusPending)
        case .reviewed(let by): Span("being reviewed" + (by.map { " by \($0.title)" } ?? ""), .statusInfo)
        case .granted(let until, _): Span("granted" + (until.map { " until \(AccessText.brief($0, now: now))" } ?? ""), .statusOK)
        case .denied: Span("✕ denied", .statusWarning)
        case .failed: Span("! failed", .statusError)
        case .cancelled: Span("taken back", .muted)
        case .expired: Span("not decided in time", .muted)
        case .ended: Span("over", .muted)
        }
    }

    // MARK: In full

    /// Everything an approver has to know, a label and its text each.
    /// - Parameters:
    ///   - review: what the policy says, what the principal has and who was asked; nil while that is not known.
    ///   - me: who looks.
    static func lines(_ request: AccessRequest, _ review: Loadable<AccessReview>?, in inbox: AccessInbox, now: Timestamp) -> [[Span]] {
        var lines = row("who", party(request.requester, me: inbox.me))
        if !request.isForSelf { lines += row("for", party(request.principal, me: inbox.me)) }
        lines += row("what", [Span(request.role.title, .title), Span(" \(time(request.duration)), counted from the grant")])
        lines += row("where", [Span(request.scope.title, .title), Span("  \(request.scope.id)", .muted)])
        lines += row("why", request.reason.isEmpty ? [Span("– no reason was given", .statusWarning)] : [Span(request.reason)])
        lines += row("ticket", [Span(request.ticket ?? "–", request.ticket == nil ? .muted : .text)])
        lines += row("asked", asked(request, now: now))
        if let review {
            lines += row("has", holdings(review))
            lines += row("policy", verdict(request, review, in: inbox))
        }
        if let risk = request.risk { lines += row("risk", [Span("! \(risk)", .statusWarning)]) }
        if let review { lines += row("others", approvers(review, me: inbox.me)) }
        lines += row("stands", [standing(request, now: now), Span(request.sentence.isEmpty ? "" : " · \(request.sentence)", .muted)])
        lines += row("kept in", [Span(request.backend.label, .statusInfo), Span(keeping(request.backend), .muted)])
        return lines + row("id", [Span(request.id.text, .muted)])
    }

    /// Where that is: with the environment in a word.
    static func place(_ model: Model) -> [[Span]] {
        let badge = Span(" \(App.badge(model.title)) ", model.isProduction ? .barBadgeProduction : .barBadge)
        return row("in", [badge, Span(" \(model.title?.endpoint ?? "")")])
    }

    static func row(_ name: String, _ spans: [Span]) -> [[Span]] {
        [[Span(name + String(repeating: " ", count: max(label - Width.of(name), 1)), .muted)] + spans]
    }

    /// Somebody by name, kind and id: names can be anything, the id is who they are.
    private static func party(_ party: AccessParty, me: AccessParty) -> [Span] {
        var spans = [Span(party.title, .title)]
        if party.isSame(as: me) { spans.append(Span(" (you)", .statusInfo)) }
        let kind = party.kind == .unknown ? "" : "\(party.kind.rawValue) "
        return spans + (party.name == nil && kind.isEmpty ? [] : [Span(" · \(kind)\(party.name == nil ? "" : party.id)", .muted)])
    }

    private static func asked(_ request: AccessRequest, now: Timestamp) -> [Span] {
        guard let asked = request.askedAt else { return [Span("– it is not said when", .muted)] }
        var spans = [Span("\(Figures.moment(asked, now: now))Z, \(Age.label(of: asked, now: now)) ago")]
        if case .waiting(let until?) = request.standing {
            spans.append(Span(" · to be decided by \(AccessText.brief(until, now: now))", .muted))
        }
        return spans
    }

    private static func holdings(_ review: Loadable<AccessReview>) -> [Span] {
        guard let value = review.value else { return [unread(review)] }
        switch value.holdings {
        case .known(let roles, _):
            if roles.isEmpty { return [Span("nothing in this namespace by a role of their own")] }
            return [Span(roles.prefix(8).joined(separator: ", ") + (roles.count > 8 ? " and \(Figures.count(roles.count - 8)) more" : ""))]
        case .notPermitted(let needs): return [Span("✕ not permitted to know: needs \(needs)", .statusWarning)]
        case .unavailable(let why): return [Span("– not known: \(why)", .statusWarning)]
        case .pending: return [Span("not read yet", .muted)]
        }
    }

    private static func unread(_ review: Loadable<AccessReview>) -> Span {
        if let error = review.error { return Span("– not known: \(error.message)", .statusWarning) }
        return review.load == nil ? Span("not read yet", .muted) : Span("asking…", .statusPending)
    }

    private static func verdict(_ request: AccessRequest, _ review: Loadable<AccessReview>, in inbox: AccessInbox) -> [Span] {
        if request.isForgery {
            return [Span("✕ it is not what it claims to be: X puts it aside, and nothing else can be said to it", .statusError)]
        }
        if let own = obstacle(request, in: inbox) { return [Span("✕ \(own)", .statusWarning)] }
        guard let value = review.value else { return [unread(review)] }
        if let denial = value.verdict {
            return [Span("✕ \(denial.message) [\(denial.rule)]", .statusWarning), Span(" \(denial.remedy)", .statusInfo)]
        }
        let who = value.approvals.map(\.description).joined(separator: " and ")
        return [Span("allowed for you to agree to", .statusOK), Span(who.isEmpty ? "" : " · takes \(who)", .text)]
    }

    /// Why somebody cannot decide about a request, whatever a policy says.
    static func obstacle(_ request: AccessRequest, in inbox: AccessInbox) -> String? {
        if request.requester.isSame(as: inbox.me) { return "it is your own request: nobody decides about their own" }
        if request.principal.isSame(as: inbox.me) { return "you would have the role: nobody decides about their own" }
        if inbox.me.kind == .service { return "only people decide; you are signed in as a service" }
        return nil
    }

    private static func approvers(_ review: Loadable<AccessReview>, me: AccessParty) -> [Span] {
        guard let value = review.value else { return [unread(review)] }
        let others = value.approvers.filter { !$0.isSame(as: me) }
        if value.approvers.isEmpty { return [Span("– it is not said who else was asked", .muted)] }
        return others.isEmpty
            ? [Span("nobody else was asked")] : [Span("also asked: \(others.map(\.title).joined(separator: ", "))")]
    }

    /// What is said while something is signed and sent.
    static let signing = "sent; sign it in the browser, if it asks (L has its address)"

    private static func keeping(_ backend: AccessRequest.Backend) -> String {
        switch backend {
        case .pim: ": Azure knows who asked and who decided, and ends what was granted"
        case .cooperative: ": signed requests in a queue; Azure enforces the grant alone"
        }
    }

    // MARK: What is in force

    /// How long a role lasts still; after its end that it is there all the same, in words.
    /// - Parameter seen: when it was last seen to be there: one that was over later may be gone.
    static func left(_ grant: ActiveGrant, seen: Timestamp?, now: Timestamp) -> Span {
        if let left = Countdown.text(until: grant.endsAt, now: now) {
            let isNear = grant.endsAt < now.advanced(by: .seconds(300))
            return Span("\(left) left", isNear ? .statusWarning : .statusOK)
        }
        guard let seen, grant.isPastEnd(at: seen) else { return Span("over; ^R looks whether it is gone", .statusWarning) }
        return Span("! over since \(Age.label(of: grant.endsAt, now: now)), still there", .statusError)
    }

    /// Milliseconds until that is written otherwise: it is counted down first, and has an age afterwards.
    static func untilChange(of grant: ActiveGrant, now: Timestamp) -> Int64 {
        Countdown.untilChange(of: grant.endsAt, now: now) ?? Age.untilChange(of: grant.endsAt, now: now) + 1
    }

    /// Who ends it.
    static func keeper(_ grant: ActiveGrant) -> String {
        switch grant.keeper {
        case .azure(let isActivation): isActivation ? "Azure ends the activation" : "Azure ends it"
        case .note: "a sweep ends it"
        }
    }

    /// Whether it counts where messages are.
    static func proof(_ proof: GrantProof?) -> Span {
        switch proof {
        case .proved: Span("counts", .statusOK)
        case .pending: Span("effective in minutes", .statusPending)
        case .untold, nil: Span("", .muted)
        }
    }

    /// Everything about a role in force.
    /// - Parameter seen: when it was last seen to be there.
    static func lines(_ grant: ActiveGrant, _ proof: GrantProof?, me: AccessParty, seen: Timestamp?, now: Timestamp) -> [[Span]] {
        var lines = row("who", party(grant.principal, me: me))
        lines += row("what", [Span(grant.role.title, .title)])
        lines += row("where", [Span(grant.scope.title, .title), Span("  \(grant.scope.id)", .muted)])
        lines += row("until", [Span("\(Figures.moment(grant.endsAt, now: now))Z  "), left(grant, seen: seen, now: now)])
        let keeper =
            switch grant.keeper {
            case .azure: "\(keeper(grant)) when its time comes"
            case .note: "nothing in Azure ends it: 'callboard access sweep' does, by the note on the assignment"
            }
        lines += row("ended by", [Span(keeper, grant.keeper == .note ? .statusWarning : .text)])
        switch proof {
        case .proved: lines += row("counts", [Span("yes: the namespace was asked", .statusOK)])
        case .pending: lines += row("counts", [Span("not yet: effective in minutes, Azure makes it known everywhere", .statusPending)])
        case .untold(let why): lines += row("counts", [Span("– not known: \(why)", .muted)])
        case nil: break
        }
        if let began = grant.beganAt { lines += row("since", [Span("\(Figures.moment(began, now: now))Z")]) }
        if let by = grant.grantedBy { lines += row("given by", [Span(by.title)]) }
        if let request = grant.request { lines += row("request", [Span(request.text, .muted)]) }
        lines += row("links", [Span(openLinks, .muted)])
        return lines + row("kept in", [Span(grant.backend.label, .statusInfo), Span("  \(grant.id)", .muted)])
    }

    /// What ending a role does not do.
    static let openLinks =
        "ended, it lets nobody attach anew; links that are open keep what their token allows until it ends, up to about an hour"
}
