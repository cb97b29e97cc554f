package import AzureResources
internal import Identity
package import ServiceBus

/// What came of deciding.
package enum CooperativeRuling: Sendable {
    /// It was denied; the request is gone from the queue.
    case denied
    /// It counts, and more have to agree.
    case agreed(missing: [PolicyRule.Approval])
    /// The role is given until then.
    case granted(CooperativeGrant)
    /// It is approved, and its time was over before the role could be given.
    case lapsed(at: Timestamp)
}

/// A role that was given for a request.
package struct CooperativeGrant: Hashable, Sendable {
    /// The assignment.
    package var assignment: ResourceID
    /// What was given.
    package var terms: CooperativeTerms
    /// When it ends.
    package var end: Timestamp
    /// What joins it to Azure's Activity Log.
    package var correlationIDs: [String]
}

/// Requests in the queue and decisions about them, as one person: what they ask for, what lies there, opening one, deciding.
///
/// The order of a decision is what makes a crash between any two steps harmless: the decision is on the topic **before** a role is given, the role has a name
/// that is made from the request, its end is scheduled after that, and only then is the request removed. Whoever comes to a request that was left on the
/// way sees what was decided and goes on from there; nothing is given that is not decided, and nothing twice.
package struct CooperativeDesk: Sendable {
    /// The most requests that are listed.
    static let mostListed = 1000
    /// How often the topic is asked for a decision that was just sent to it.
    private static let mostLooks = 40
    /// How often a message is sent that may have been lost: the service drops a second one by its id.
    static let mostSendings = 5

    let transport: any CooperativeTransport
    let entities: CooperativeEntities
    let log: DecisionLog
    private let outcomes: DecisionLog
    let verifier: RequestVerifier
    let rules: CooperativeRules
    let grants: any GrantAuthority
    let signer: CooperativeSigner
    /// The service's clock.
    package let clock: BrokerClock
    /// The object id of whoever acts.
    package let person: GUID
    let pause: @Sendable (Duration) async -> Bool

    /// - Parameters:
    ///   - person: the object id of whoever acts.
    ///   - pause: waits; false when it was cancelled.
    package init(
        transport: any CooperativeTransport, entities: CooperativeEntities, signatures: SignatureVerifier, rules: CooperativeRules,
        grants: any GrantAuthority, signer: CooperativeSigner, clock: BrokerClock, person: GUID,
        pause: @escaping @Sendable (Duration) async -> Bool
    ) {
        self.transport = transport
        self.entities = entities
        log = DecisionLog(transport, path: entities.log, signatures: signatures, rules: rules)
        outcomes = DecisionLog(transport, path: entities.outcomes, signatures: signatures, rules: rules)
        verifier = RequestVerifier(signatures: signatures, rules: rules, log: log)
        self.rules = rules
        self.grants = grants
        self.signer = signer
        self.clock = clock
        self.person = person
        self.pause = pause
    }

    // MARK: Asking

    /// Signs a request and puts it into the queue.
    /// - Parameter timeToLive: how long somebody may take to decide.
    /// - Throws: ``OperatorError``.
    package func submit(_ request: CooperativeRequest, timeToLive: Duration) async throws(OperatorError) {
        let signature = try await signer.sign(request.value, as: request.requester)
        let statement = SignedStatement(.request, request.value, signature)
        let posting = CooperativePosting(
            id: request.digest.hexadecimal, subject: request.terms.role.rawValue, request: request.id.canonical,
            body: statement.value.canonical, timeToLive: timeToLive)
        try await send(posting, to: entities.requests) { () throws(OperatorError) in false }
    }

    /// Sends until it is known to be there: what may be there already does no harm a second time.
    private func send(
        _ posting: CooperativePosting, to path: EntityPath, isThere: () async throws(OperatorError) -> Bool
    ) async throws(OperatorError) {
        var attempt = 1
        while true {
            do throws(OperatorError) { return try await transport.send(posting, to: path) } catch {
                switch error.code {
                case .timeout, .unreachable, .throttled, .service: break
                default: throw error
                }
                if (try? await isThere()) == true { return }
                guard attempt < Self.mostSendings, await pause(.milliseconds(200 * attempt)) else { throw error }
                attempt += 1
            }
        }
    }

    // MARK: Looking

    /// What lies in the queue, checked, in its order. Nothing is locked.
    /// - Throws: ``OperatorError``.
    package func list() async throws(OperatorError) -> [CheckedRequest] {
        try await log.refresh()
        var checked: [CheckedRequest] = []
        for message in try await messages() { checked.append(try await verifier.check(message, now: clock.now)) }
        return checked
    }

    /// The decisions as far as they may be seen, read anew: those that decide, or those that are there for whoever may only ask.
    /// - Throws: ``OperatorError`` of kind not permitted when neither may be seen.
    func seen() async throws(OperatorError) -> DecisionLog {
        do throws(OperatorError) {
            try await log.refresh()
            return log
        } catch {
            guard error.code == .notPermitted else { throw error }
            do throws(OperatorError) { try await outcomes.refresh() } catch {
                throw error.code == .notFound ? OperatorError(.notPermitted, "You may not look at the decisions.") : error
            }
            return outcomes
        }
    }

    /// Whether so much lies in the queue that what is behind it is not listed.
    func isCut(_ listed: Int) -> Bool { listed >= Self.mostListed }

    /// What lies in the queue, as it is: nothing of it is to be believed.
    func messages() async throws(OperatorError) -> [CooperativeMessage] {
        var messages: [CooperativeMessage] = []
        var next = SequenceNumber(0)
        while messages.count < Self.mostListed {
            let start = clock.localNow
            let page = try await transport.page(of: entities.requests, from: next)
            guard let last = page.last, let following = last.number.next else { break }
            clock.saw(notBefore: page.map(\.enqueuedAt).max(), notAfter: nil, between: start, and: clock.localNow)
            messages += page
            next = following
        }
        return messages
    }

    /// Opens a message of the queue: it is locked while `body` runs, for at most five times the lock's length, and given back unless it was settled.
    /// - Throws: ``OperatorError/Code/notFound`` when it is gone or open in front of somebody else; what `body` throws.
    package func review<R: Sendable>(
        _ number: SequenceNumber, _ body: (CooperativeReview) async throws(OperatorError) -> R
    ) async throws(OperatorError) -> R {
        let start = clock.localNow
        return try await transport.withMessage(number, of: entities.requests) { held throws(OperatorError) in
            if let until = held.lockedUntil {
                // No lock of Service Bus lasts longer than five minutes.
                let earliest = until.advanced(by: .seconds(-300))
                clock.saw(notBefore: earliest, notAfter: until, between: start, and: clock.localNow)
            }
            try await log.refresh()
            let review = CooperativeReview(try await verifier.check(held.message, now: clock.now), held)
            async let _: Void = review.keep(clock, pause: pause)
            let result: Result<R, OperatorError>
            do throws(OperatorError) { result = .success(try await body(review)) } catch { result = .failure(error) }
            return try result.get()
        }
    }

    /// Puts aside what is no request, so that nobody is shown it again. It can be looked at in the dead-letter queue.
    /// - Throws: ``OperatorError`` of kind refused for what only cannot be decided here and now.
    package func putAside(_ review: CooperativeReview) async throws(OperatorError) {
        guard case .flawed(_, _, let flaw) = review.checked, flaw.isForgery else {
            throw OperatorError(.refused, "It is a request, or may be one for others: deny it, or leave it.")
        }
        try await review.held.deadLetter(reason: "callboard:\(flaw.word)", description: flaw.sentence)
    }

    // MARK: Deciding

    /// Says no.
    /// - Throws: ``OperatorError`` of kind conflict with who decided, when somebody was faster.
    package func deny(_ review: CooperativeReview, reason: String) async throws(OperatorError) -> CooperativeRuling {
        try await decide(.deny, review, reason: reason)
    }

    /// Says yes, to what was asked or to less, and gives the role when nobody else has to agree.
    /// - Parameter terms: made from the request's.
    /// - Throws: ``OperatorError``.
    package func approve(
        _ review: CooperativeReview, terms: CooperativeTerms? = nil, reason: String
    ) async throws(OperatorError) -> CooperativeRuling {
        guard let request = review.checked.request else { return try await decide(.deny, review, reason: reason) }
        let given = terms ?? request.terms
        guard given.isWithin(request.terms) else {
            throw OperatorError(.usage, "\(given.title) is not within \(request.terms.title): a request can be narrowed and never widened.")
        }
        return try await decide(.approve(given), review, reason: reason)
    }

    private func decide(
        _ answer: CooperativeDecision.Answer, _ review: CooperativeReview, reason: String
    ) async throws(OperatorError) -> CooperativeRuling {
        guard review.isHeld(at: clock.now) else {
            throw OperatorError(
                .conflict, "It was open for too long, and others can decide by now: nothing was decided.", hint: "Open it again.")
        }
        try await log.refresh()
        let verified: VerifiedRequest
        switch try await verifier.check(review.held.message, now: clock.now) {
        case .flawed(_, _, let flaw): throw flaw.operatorError
        case .settled(let settled, let outcome): return try await follow(outcome, of: settled, answer, review, isOurs: false)
        case .valid(let valid): verified = valid
        }
        let request = verified.request
        guard person != request.requester, person != request.principal else { throw CooperativeFlaw.ownRequest.operatorError }
        if case .approve(let terms) = answer {
            // Names that look alike are told apart by whether they are there.
            guard try await grants.hasEntity(terms.scope) else { throw CooperativeFlaw.noSuchEntity(terms.scope.id.text).operatorError }
        }
        let entry = try await post(answer, on: verified, reason: reason)
        let outcome = await log.outcome(of: request, approvals: verified.approvals)
        return try await follow(outcome, of: verified, answer, review, isOurs: entry.decision.decider == person)
    }

    /// Signs a decision, sends it, and reads the topic until it is there: what comes of it is what the topic's order says.
    func post(
        _ answer: CooperativeDecision.Answer, on verified: VerifiedRequest, reason: String
    ) async throws(OperatorError) -> DecisionLog.Entry {
        let request = verified.request
        let decision: CooperativeDecision
        do throws(CooperativeFlaw) {
            decision = try CooperativeDecision(
                answer, on: request, by: person, reason: reason, policyHash: rules.hash, issuedAt: clock.now)
        } catch { throw error.operatorError }
        return try await post(decision, archive: DecisionArchive(verified).value)
    }

    /// Signs a statement of ours, sends it, and reads the topic until it is there.
    /// - Parameter archive: what is kept beside it.
    func post(_ decision: CooperativeDecision, archive: JSONValue?) async throws(OperatorError) -> DecisionLog.Entry {
        let signature = try await signer.sign(decision.value, as: person)
        let statement = SignedStatement(.decision, decision.value, signature, archive: archive)
        let posting = CooperativePosting(
            id: statement.digest.hexadecimal, subject: decision.answer.word, request: decision.request.canonical,
            body: statement.value.canonical)
        let start = clock.localNow
        try await send(posting, to: entities.decisions) { () throws(OperatorError) in
            try await log.refresh()
            return await log.decisions(on: decision.request).contains { $0.decision == decision }
        }
        for look in 1...Self.mostLooks {
            do throws(OperatorError) { try await log.refresh() } catch {
                guard look < Self.mostLooks, error.code != .refused else { throw error }
            }
            if let entry = await log.decisions(on: decision.request).first(where: { $0.decision == decision }) {
                clock.saw(notBefore: entry.at, notAfter: entry.at, between: start, and: clock.localNow)
                return entry
            }
            guard await pause(.milliseconds(50 * look)) else { break }
        }
        throw OperatorError(
            .timeout, "The decision was sent, and is not to be seen among the decisions: nothing was granted so far.",
            hint: "Open the request again; what was decided counts.", entity: entities.log)
    }

    /// Does what follows of what was decided.
    /// - Parameter isOurs: whether our decision was made now; else it came too late.
    private func follow(
        _ outcome: CooperativeOutcome, of verified: VerifiedRequest, _ answer: CooperativeDecision.Answer, _ review: CooperativeReview,
        isOurs: Bool
    ) async throws(OperatorError) -> CooperativeRuling {
        switch outcome {
        case .open(let agreed, let missing):
            // Of two of one team one counts, and who leaves nothing in common with the others does not.
            guard agreed.contains(person) else { throw Self.uncounted(missing) }
            return .agreed(missing: missing)
        case .approved(let terms, let at, let by):
            guard case .approve(let given) = answer else { throw outcome.conflict }
            // Somebody else's decision is carried out here, by somebody who could have made it.
            let request = verified.request
            guard person != request.requester, person != request.principal else { throw CooperativeFlaw.ownRequest.operatorError }
            guard terms.isWithin(given) else {
                throw OperatorError(
                    .conflict, "It is approved for more already: \(terms.title), by \(by.map(\.canonical).joined(separator: " and ")).",
                    hint: "Nothing was granted by you. Approve it as it is to finish it, or end the role.")
            }
            return try await carryOut(verified, terms, at: at, by: by, review)
        case .denied(let by, _, _):
            await finish(review)
            guard answer == .deny, by == person, isOurs else { throw outcome.conflict }
            return .denied
        case .withdrawn, .ended:
            await finish(review)
            throw outcome.conflict
        }
    }

    private static func uncounted(_ missing: [PolicyRule.Approval]) -> OperatorError {
        OperatorError(
            .conflict,
            "Your agreement is written down and does not count: it takes \(missing.map(\.description).joined(separator: " and ")), or it leaves nothing in common with what others agreed to.",
            hint: "Somebody of those has to agree.")
    }

    /// Removes the request. Where that fails it comes back when its lock ends, and whoever opens it sees that it is settled.
    func finish(_ review: CooperativeReview) async {
        do throws(OperatorError) { try await review.held.complete() } catch { return }
    }
}

extension CooperativeOutcome {
    /// That somebody else decided.
    var conflict: OperatorError {
        switch self {
        case .open: OperatorError(.conflict, "It is not decided.")
        case .approved(_, let at, let by):
            OperatorError(
                .conflict, "It was approved at \(at.rfc3339), by \(by.map(\.canonical).joined(separator: " and ")).",
                hint: "To take the role away, end the grant.")
        case .denied(let by, let reason, let at):
            OperatorError(.conflict, "It was denied at \(at.rfc3339) by \(by.canonical): \(reason)")
        case .withdrawn(let at): OperatorError(.conflict, "Whoever asked took it back at \(at.rfc3339).")
        case .ended(_, let by, let at): OperatorError(.conflict, "It was granted, and \(by.canonical) ended it at \(at.rfc3339).")
        }
    }
}

extension Timestamp {
    /// In whole seconds.
    var wallTime: WallTime { WallTime(secondsSince1970: milliseconds / 1000) }
}
