package import AzureResources
package import ServiceBus

/// What came of a request, by the decisions on it.
package enum CooperativeOutcome: Hashable, Sendable {
    /// Nobody has decided, or not enough have agreed.
    case open(agreed: [GUID], missing: [PolicyRule.Approval])
    /// It is granted: what, since when, and who agreed, the one who was asked for last at the end.
    case approved(terms: CooperativeTerms, at: Timestamp, by: [GUID])
    /// Somebody said no.
    case denied(by: GUID, reason: String, at: Timestamp)
    /// Whoever asked took it back.
    case withdrawn(at: Timestamp)
    /// It was granted, and somebody ended it.
    case ended(terms: CooperativeTerms, by: GUID, at: Timestamp)

    /// Whether nothing more can be said to it.
    package var isFinal: Bool { if case .open = self { false } else { true } }

    /// When what was granted is over; nil when nothing is.
    package var end: Timestamp? {
        guard case .approved(let terms, let at, _) = self else { return nil }
        return at.advanced(by: terms.duration)
    }
}

/// The decisions on the topic, in its order.
///
/// That order is what decides: of several decisions on a request the first that settles it counts, and whoever reads the topic, whenever, comes to the same
/// answer. So it does no harm that a lock runs out while somebody decides, or that two decide at once: both decisions stand there, and one of them was first.
/// The subscription must not be partitioned: then there would be no order.
package actor DecisionLog {
    /// A decision that somebody really made.
    package struct Entry: Hashable, Sendable {
        /// Its place.
        package let number: SequenceNumber
        /// When the service took it.
        package let at: Timestamp
        /// What was decided.
        package let decision: CooperativeDecision
        /// What whoever decided is to the policy here.
        package let subjects: Set<PolicySubject>
    }

    /// The most decisions that are kept in memory.
    private let most: Int

    private let transport: any CooperativeTransport
    private let path: EntityPath
    private let signatures: SignatureVerifier
    private let rules: CooperativeRules
    private var next = SequenceNumber(0)
    private var entries: [GUID: [Entry]] = [:]
    private var count = 0
    /// The requests that were decided about, as they were kept beside decisions: the last ones.
    private var requests: [GUID: CooperativeRequest] = [:]
    private var order: [GUID] = []
    /// The most requests that are kept in memory.
    private static let mostRequests = 10_000
    /// Messages of the topic that are no decisions, with what is wrong: the last few.
    package private(set) var flawed: [(number: SequenceNumber, flaw: CooperativeFlaw)] = []

    /// - Parameters:
    ///   - path: the subscription that has all decisions.
    ///   - rules: they say what whoever decided is to the policy.
    ///   - most: the most decisions that are kept; with more nothing is decided here.
    package init(
        _ transport: any CooperativeTransport, path: EntityPath, signatures: SignatureVerifier, rules: CooperativeRules, most: Int = 200_000
    ) {
        self.most = most
        self.transport = transport
        self.path = path
        self.signatures = signatures
        self.rules = rules
    }

    /// Reads what has come since the last time.
    /// - Throws: ``OperatorError``; what was read so far is kept.
    package func refresh() async throws(OperatorError) {
        while true {
            let page = try await transport.page(of: path, from: next)
            guard !page.isEmpty else { return }
            for message in page {
                guard message.number.rawValue >> 48 == 0 else {
                    throw OperatorError(
                        .refused, "\(path.displayName) is partitioned, so that decisions have no order: nothing can be decided by it.",
                        hint: "Make the topic anew without partitioning.", entity: path)
                }
                let read = try await read(message)
                // Somebody else may have read it while its signature was checked.
                guard message.number >= next, let following = message.number.next else { continue }
                // What is not kept stays to be read: else a refresh would pass it over, and a decision be made without it.
                if case .success = read, count >= most { throw full }
                next = following
                switch read {
                case .success(let (entry, request)): keep(entry, request)
                case .failure(let flaw): flawed = (flawed + [(message.number, flaw)]).suffix(100)
                }
            }
        }
    }

    private var full: OperatorError {
        OperatorError(
            .refused, "\(path.displayName) holds more than \(most) decisions, which is more than are read here.",
            hint: "Shorten the time to live of the subscription.", entity: path)
    }

    private func keep(_ entry: Entry, _ request: CooperativeRequest?) {
        count += 1
        entries[entry.decision.request, default: []].append(entry)
        guard let request, requests[request.id] == nil else { return }
        requests[request.id] = request
        order.append(request.id)
        if order.count > Self.mostRequests {
            for id in order.prefix(Self.mostRequests / 10) { requests[id] = nil }
            order.removeFirst(Self.mostRequests / 10)
        }
    }

    /// The request that a decision is on, as it is kept beside it; nil where that is another one.
    private static func request(in statement: SignedStatement, _ decision: CooperativeDecision) -> CooperativeRequest? {
        guard let kept = statement.archive?["message"], let message = try? SignedStatement(.request, reading: kept),
            let request = try? CooperativeRequest(reading: message.statement), request.digest.hexadecimal == decision.digest,
            request.id == decision.request
        else { return nil }
        return request
    }

    /// The requests that were decided about, the last to be decided first.
    package var decided: [CooperativeRequest] { order.reversed().compactMap { requests[$0] } }

    private func read(_ message: CooperativeMessage) async throws(OperatorError) -> Result<(Entry, CooperativeRequest?), CooperativeFlaw> {
        let statement: SignedStatement
        let decision: CooperativeDecision
        do throws(CooperativeFlaw) {
            statement = try SignedStatement(.decision, reading: message.body)
            decision = try CooperativeDecision(reading: statement.statement)
            guard decision.value.canonical == statement.statement.canonical else { throw .malformed("it is not in its one spelling") }
        } catch { return .failure(error) }
        let proof = try await signatures.verify(
            statement, tenant: decision.tenant, signer: decision.decider, enqueuedAt: message.enqueuedAt)
        return proof.map {
            (
                Entry(number: message.number, at: message.enqueuedAt, decision: decision, subjects: rules.subjects(of: $0.account)),
                Self.request(in: statement, decision)
            )
        }
    }

    /// The decisions on an id, in their order, whatever request of that id they are on.
    package func decisions(on request: GUID) -> [Entry] { entries[request] ?? [] }

    /// What came of a request.
    /// - Parameters:
    ///   - request: the request; decisions on another one of the same id do not count.
    ///   - approvals: who has to agree.
    package func outcome(of request: CooperativeRequest, approvals: [PolicyRule.Approval]) -> CooperativeOutcome {
        Self.outcome(of: request, approvals: approvals, decisions(on: request.id))
    }

    /// What came of a request by decisions in their order.
    ///
    /// Whoever asked and whoever would have the role decide nothing; a decision made under another policy than the request does not count; of several who agree
    /// the narrowest place and the shortest time hold, and who would leave nothing in common with the others is passed over. A no of anybody counts for as long
    /// as not enough have agreed, and nothing counts after what settled it, but that what was granted can be ended.
    package static func outcome(
        of request: CooperativeRequest, approvals: [PolicyRule.Approval], _ entries: [Entry]
    ) -> CooperativeOutcome {
        let digest = request.digest.hexadecimal
        let parties = [request.requester, request.principal]
        var tally = ApprovalTally(approvals, without: parties.map(\.canonical))
        var terms = request.terms
        var agreed: [GUID] = []
        var outcome = CooperativeOutcome.open(agreed: [], missing: tally.missing)
        for entry in entries where entry.decision.digest == digest && entry.decision.tenant == request.tenant {
            let decision = entry.decision
            switch (outcome, decision.answer) {
            case (.open, .withdraw):
                if decision.decider == request.requester { outcome = .withdrawn(at: entry.at) }
            case (.open, .deny):
                if !parties.contains(decision.decider), decision.policyHash == request.policyHash {
                    outcome = .denied(by: decision.decider, reason: decision.reason, at: entry.at)
                }
            case (.open, .approve(let given)):
                guard !parties.contains(decision.decider), decision.policyHash == request.policyHash, given.isWithin(request.terms),
                    let common = terms.common(with: given), tally.add(decision.decider.canonical, as: entry.subjects)
                else { continue }
                terms = common
                agreed.append(decision.decider)
                outcome =
                    tally.isMet
                    ? .approved(terms: terms, at: entry.at, by: agreed) : .open(agreed: agreed, missing: tally.missing)
            case (.approved(let given, _, _), .end): outcome = .ended(terms: given, by: decision.decider, at: entry.at)
            default: continue
            }
        }
        return outcome
    }
}
