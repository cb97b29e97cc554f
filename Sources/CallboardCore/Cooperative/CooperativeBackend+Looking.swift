internal import AzureResources
internal import Identity
internal import ServiceBus

/// What lies in the queue, and what the decisions say of what is gone from there.
extension CooperativeBackend {
    /// What lies in the queue for the namespace of this context; with what says nothing of a namespace, which is no request.
    private func listed() async throws(OperatorError) -> AccessListing<AccessRequest> {
        let all = try await desk.list()
        var listing = AccessListing(
            all.filter { $0.request.map { desk.rules.isHere($0.terms.scope) } ?? true }.map(described), gaps: gaps)
        if desk.isCut(all.count) {
            listing.gaps.append(
                gap(
                    .partlyDone, "more than \(CooperativeDesk.mostListed) messages lie in \(desk.entities.requests.displayName).",
                    hint: "Deny what is no request, which puts it aside; whoever sends it should not."))
        }
        return listing
    }

    /// What waits for others, what only claims to be a request, which can be put aside by anybody, whomever it names, and what cannot be decided here, with why.
    /// What is settled and lies in the queue still waits for nobody.
    package func inbox() async throws(OperatorError) -> AccessListing<AccessRequest> {
        var listing = try await listed()
        listing.elements = listing.elements.filter { request in
            if case .failed = request.standing { return !isMine(request) }
            return request.standing.isOpen && (request.isForgery || !isMine(request))
        }
        return listing
    }

    /// What lies in the queue, and what the decisions say of what is gone from there.
    package func own() async throws(OperatorError) -> AccessListing<AccessRequest> {
        var listing = AccessListing<AccessRequest>()
        var isQueueSeen = true
        do throws(OperatorError) { listing = try await listed() } catch {
            guard error.code == .notPermitted else { throw error }
            isQueueSeen = false
            listing.gaps.append(
                gap(.notPermitted, "what waits is in \(desk.entities.requests.displayName), where you may not look.", hint: error.hint))
        }
        let waiting = Set(listing.elements.filter { !$0.isForgery }.map(\.id))
        listing.elements = listing.elements.filter { !$0.isForgery && isMine($0) }
        let log = try await desk.seen()
        let person = GUID(account.objectID)
        let gone = await log.decided.lazy.filter { request in
            (request.requester == person || request.principal == person) && desk.rules.isHere(request.terms.scope)
                && !waiting.contains(.init(request.id.canonical))
        }.prefix(200)
        for request in gone { listing.elements.append(await described(request, by: log, isQueueSeen: isQueueSeen)) }
        listing.elements.sort { first, second in
            let (one, other) = (first.askedAt?.milliseconds ?? 0, second.askedAt?.milliseconds ?? 0)
            return one == other ? first.id > second.id : one > other
        }
        return listing
    }

    /// Whether whoever is signed in asked, or would have the role.
    private func isMine(_ request: AccessRequest) -> Bool {
        request.requester.id == account.objectID.lowercased() || request.principal.id == account.objectID.lowercased()
    }

    /// What is wrong with a listing that is complete all the same: an end by a wrong clock is none.
    var gaps: [RequestGap] {
        desk.clock.flaw.map { [RequestGap(backend: .cooperative, error: $0.operatorError)] } ?? []
    }

    /// How long after a decision its role may be under way.
    private static let onItsWay = Duration.seconds(30)

    /// Requests that were approved a while ago and whose role is not there: whoever approved them was cut off. Where the queue may not be looked at, as by
    /// whoever only sweeps, nothing is known of them.
    /// - Throws: ``OperatorError`` of kind cancelled.
    func leftOver() async throws(OperatorError) -> [RequestGap] {
        var gaps: [RequestGap] = []
        do throws(OperatorError) {
            // What lies in the queue is looked at first: where there is nothing, the decisions, which may be many, need not be read.
            let waiting = try await desk.messages()
            let now = desk.clock.now
            guard waiting.contains(where: { $0.enqueuedAt.advanced(by: Self.onItsWay) <= now }) else { return [] }
            for case .settled(let verified, .approved(let terms, let at, let by)) in try await desk.list() {
                let end = at.advanced(by: terms.duration)
                guard desk.rules.isHere(terms.scope), at.advanced(by: Self.onItsWay) <= now, now < end else { continue }
                let id = terms.scope.assignment(named: NameBasedID.assignment(for: verified.request.id))
                guard try await desk.grants.assignment(id) == nil else { continue }
                let (short, who) = (AccessRequest.ID(verified.request.id.canonical).short, by.map(\.canonical).joined(separator: " and "))
                let error = OperatorError(
                    .partlyDone,
                    "\(who) approved the request \(short) at \(at.rfc3339) and was cut off: the role is not given. Whoever approves it now finishes it, until \(end.rfc3339).",
                    entity: terms.scope.kind.path)
                gaps.append(RequestGap(backend: .cooperative, error: error, isLeftOver: true))
            }
        } catch {
            guard error.code != .cancelled else { throw error }
            if error.code != .notPermitted { gaps.append(RequestGap(backend: .cooperative, error: error)) }
        }
        return gaps
    }

    private func gap(_ code: OperatorError.Code, _ message: String, hint: String) -> RequestGap {
        RequestGap(backend: .cooperative, error: OperatorError(code, message, hint: hint))
    }

    /// A request as it is in the queue, or as the decisions have it once it is gone from there.
    package func request(_ id: AccessRequest.ID) async throws(OperatorError) -> AccessRequest { try await request(id, at: nil) }

    /// - Parameter reference: the message that it was seen in. Others may claim to be the same request, and lie before it.
    private func request(_ id: AccessRequest.ID, at reference: String?) async throws(OperatorError) -> AccessRequest {
        var refusal: OperatorError?
        do throws(OperatorError) {
            // The beginning of an id is enough where only one begins so: what is settled is in no list.
            let found = try await listed().elements.filter { $0.id.text.hasPrefix(id.text) }
            let ids = Set(found.map(\.id))
            let wanted = ids.contains(id) || ids.count != 1 ? id : ids.first
            let same = found.filter { $0.id == wanted }
            if let one = same.first(where: { $0.reference == reference }) ?? same.first(where: { !$0.isForgery }) ?? same.first {
                return one
            }
        } catch {
            guard error.code == .notPermitted else { throw error }
            refusal = error
        }
        let log = try await desk.seen()
        let request = await log.decided.first { $0.id.canonical == id.text && desk.rules.isHere($0.terms.scope) }
        if let request { return await described(request, by: log, isQueueSeen: refusal == nil) }
        if let refusal { throw refusal }
        throw OperatorError(
            .notFound, "There is no request \(id.short) in the queue, and nobody has decided about one.",
            hint: "Its time may be over; 'callboard access list' shows what there is.")
    }

    /// Whoever may only ask sees nothing of the queue, and of a request that nobody has decided about nothing at all.
    package func latest(of known: AccessRequest) async throws(OperatorError) -> AccessRequest {
        do throws(OperatorError) { return try await request(known.id, at: known.reference) } catch {
            guard error.code == .notPermitted else { throw error }
            do throws(OperatorError) { _ = try await desk.seen() } catch {
                guard error.code == .notPermitted else { throw error }
                throw OperatorError(
                    .notPermitted, "The request \(known.id.short) is sent; you may look neither at the queue nor at what is decided.",
                    hint: "It waits all the same. To see what comes of it takes Data Receiver on \(desk.entities.outcomes.displayName).",
                    entity: known.scope.entity)
            }
            return known
        }
    }

    /// A request by the decisions: it is gone from the queue, or nobody here may look there.
    /// - Parameter isQueueSeen: whether whoever is signed in sees the queue, so that it is gone from there.
    func described(_ request: CooperativeRequest, by log: DecisionLog, isQueueSeen: Bool) async -> AccessRequest {
        // Who has to agree is known for one's own, by the own claims, and as long as the policy is the one that was asked under.
        let isOwn = request.requester == GUID(account.objectID)
        let approvals = isOwn ? try? desk.rules.approvals(for: request, by: account) : nil
        let (standing, sentence, terms): (AccessRequest.Standing, String, CooperativeTerms)
        switch await log.outcome(of: request, approvals: approvals ?? []) {
        case .open:
            let until = request.issuedAt.advanced(by: Self.patience)
            let isWaiting = !isQueueSeen && desk.clock.now < until
            (standing, sentence, terms) =
                isWaiting
                ? (.waiting(until: until), "Not everybody who has to agree has, as far as you may look.", request.terms)
                : (.expired, "It is gone from the queue, and not enough had agreed.", request.terms)
        case .approved(let given, let at, let by):
            (standing, sentence) = await settled(
                of: request, given, at, by, isOwn: isOwn, isCounted: approvals != nil, isQueueSeen: isQueueSeen)
            terms = given
        case .denied(let by, let reason, _):
            let who = AccessParty(id: by.canonical, kind: .person)
            (standing, sentence, terms) = (.denied(by: who, reason: reason), "\(who.title) said no: \(reason)", request.terms)
        case .withdrawn: (standing, sentence, terms) = (.cancelled, "Whoever asked took it back.", request.terms)
        case .ended(let given, _, _): (standing, sentence, terms) = (.ended, "It was granted, and somebody ended it.", given)
        }
        var described = described(
            request, name: isOwn ? account.displayName : nil, askedAt: request.issuedAt, standing: standing, sentence: sentence,
            reference: "")
        described.scope = AccessScope(id: terms.scope.id.text, entity: terms.scope.kind.path)
        described.duration = terms.duration
        return described
    }

    /// For how long Azure may not show a role that was given.
    private static let lag = Duration.seconds(600)

    /// Where a request stands that somebody agreed to: what counts is the role that Azure has for it.
    /// - Parameters:
    ///   - given: what was agreed to, when, and by whom.
    ///   - isCounted: whether it is known that these are all who have to agree.
    private func settled(
        of request: CooperativeRequest, _ given: CooperativeTerms, _ at: Timestamp, _ by: [GUID], isOwn: Bool, isCounted: Bool,
        isQueueSeen: Bool
    ) async -> (AccessRequest.Standing, String) {
        let (end, who) = (at.advanced(by: given.duration), by.map(\.canonical).joined(separator: " and "))
        // Where more may have to agree, it can be decided about as long as it lies in the queue.
        let asked = request.issuedAt.advanced(by: Self.patience)
        let last = isOwn && !isCounted ? max(end, asked) : end
        guard desk.clock.now < last else {
            return (.ended, isCounted ? "It was approved by \(who), and its time is over." : "\(who) agreed, and the time of it is over.")
        }
        /// Nil: it may not be looked at.
        let isThere: Bool?
        do throws(OperatorError) {
            let id = given.scope.assignment(named: NameBasedID.assignment(for: request.id))
            isThere = try await desk.grants.assignment(id) != nil
        } catch {
            guard error.code == .notPermitted else {
                return (.waiting(until: last), "\(who) agreed; whether there is a role for it could not be looked at: \(error.message)")
            }
            isThere = nil
        }
        if desk.clock.now < end, isThere ?? (isOwn && isCounted) {
            let approver = by.last.map { AccessParty(id: $0.canonical, kind: .person) }
            return (.granted(until: end, by: approver), "It is approved by \(who): \(given.title), until \(end.rfc3339).")
        }
        // Of others it is not known how many have to agree: that is the policy's to say of whoever asked, by claims that are not known here.
        guard isOwn else { return (.ended, "\(who) agreed, and there is no role for it, or none that you may see.") }
        // It goes from the queue when the role is given, which Azure may not show everywhere at once.
        if isQueueSeen, isCounted, isThere == false, desk.clock.now.since(at) >= Self.lag {
            return (.ended, "It was approved by \(who), and the role is not there any more: somebody took it away.")
        }
        guard isCounted else {
            return (
                .waiting(until: last),
                "\(who) agreed; how many have to is not known here, by the policy as it is and your sign-in, and no role for it is seen."
            )
        }
        return (
            .waiting(until: end),
            "It is approved by \(who), and there is no role for it: it is not given yet, or somebody took it away. Whoever approves it again gives it."
        )
    }

    /// A message of the queue as a request; what is none says so, and nothing it says is to be believed.
    func described(_ checked: CheckedRequest) -> AccessRequest {
        let message = checked.message
        let (standing, sentence, name): (AccessRequest.Standing, String, String?)
        var isForgery = false
        switch checked {
        case .valid(let verified):
            (standing, sentence, name) = (.waiting(until: message.expiresAt), words(of: verified), verified.proof.account.displayName)
        case .settled(let verified, let outcome):
            (standing, sentence) = outcome.described(verified)
            name = verified.proof.account.displayName
        case .flawed(_, _, let flaw):
            // What was made to deceive can be denied, which puts it aside; nothing else can be said to it.
            isForgery = flaw.isForgery
            let place: AccessRequest.Standing =
                flaw.isForgery ? .waiting(until: message.expiresAt) : flaw == .expired ? .expired : .failed(flaw.word)
            (standing, sentence, name) = (place, flaw.sentence, nil)
        }
        guard let request = checked.request else {
            let nobody = AccessParty(id: "", name: "nobody known")
            return AccessRequest(
                id: .init("message \(message.number)"), backend: .cooperative, requester: nobody, principal: nobody,
                role: .other(id: "", name: "unknown"), scope: AccessScope(id: "/", entity: nil), duration: nil, reason: "",
                askedAt: message.enqueuedAt, standing: standing, sentence: sentence, reference: "\(message.number)", isForgery: isForgery)
        }
        var described = described(
            request, name: name, askedAt: message.enqueuedAt, standing: standing, sentence: sentence, reference: "\(message.number)")
        described.isForgery = isForgery
        return described
    }

    /// What a request is that was settled and is removed.
    static func removed(_ request: AccessRequest) -> AccessRequest {
        var removed = request
        removed.reference = ""
        let what =
            switch request.standing {
            case .denied(let by, let reason): "\(by?.title ?? "Somebody") had denied it\(reason.map { ": \($0)" } ?? "")"
            case .cancelled: "Whoever asked had taken it back"
            default: "It was granted, and somebody had ended it"
            }
        removed.sentence = "\(what). It is gone from the queue."
        return removed
    }

    private func words(of verified: VerifiedRequest) -> String {
        let needed = verified.approvals.map(\.description).joined(separator: " and ")
        return needed.isEmpty
            ? "It takes one of whoever may assign roles there." : "It takes \(needed), each counted once; Azure does not enforce that."
    }

    func described(
        _ request: CooperativeRequest, name: String?, askedAt: Timestamp, standing: AccessRequest.Standing, sentence: String,
        reference: String
    ) -> AccessRequest {
        let requester = AccessParty(id: request.requester.canonical, name: name, kind: .person)
        let isForSelf = request.principal == request.requester
        let principal = AccessParty(
            id: request.principal.canonical, name: isForSelf ? name : nil, kind: request.principalType == .user ? .person : .service)
        return AccessRequest(
            id: .init(request.id.canonical), backend: .cooperative, requester: requester, principal: principal,
            role: .serviceBus(request.terms.role.policyRole),
            scope: AccessScope(id: request.terms.scope.id.text, entity: request.terms.scope.kind.path), duration: request.terms.duration,
            reason: request.reason, ticket: request.ticket, askedAt: askedAt, standing: standing, sentence: sentence, reference: reference)
    }
}

extension CooperativeOutcome {
    /// Where a request stands that came to this.
    fileprivate func described(_ verified: VerifiedRequest) -> (AccessRequest.Standing, String) {
        switch self {
        case .open: (.waiting(until: verified.message.expiresAt), "")
        case .approved(_, _, let by):
            // Somebody may still have to finish it, so that it is not closed.
            (
                .waiting(until: end),
                "It is approved by \(by.map(\.canonical).joined(separator: " and ")) and was left on the way: whoever approves it again finishes it."
            )
        case .denied(let by, let reason, _):
            (
                .denied(by: AccessParty(id: by.canonical, kind: .person), reason: reason),
                "It is denied, and lies in the queue still: denying it removes it."
            )
        case .withdrawn: (.cancelled, "Whoever asked took it back, and it lies in the queue still: denying it removes it.")
        case .ended: (.ended, "It was granted, and somebody ended it; it lies in the queue still: denying it removes it.")
        }
    }
}
