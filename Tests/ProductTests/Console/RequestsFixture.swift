import ServiceBus

@testable import CallboardCore
@testable import Console

/// Requests for roles in a small namespace, as an administrator sees them.
enum RequestsFixture {
    static let me = AccessParty(id: "0e5e1000-0000-4000-8000-000000000003", name: "Karin Brandt", kind: .person)
    static let ferrari = AccessParty(id: "0e5e1000-0000-4000-8000-000000000011", name: "M. Ferrari", kind: .person)
    static let layla = AccessParty(id: "0e5e1000-0000-4000-8000-000000000004", name: "L. Haddad", kind: .person)
    static let leads = AccessParty(id: "0e5e1000-0000-4000-8000-000000000021", name: "sg-leads", kind: .group)
    static let refunds = AccessParty(id: "0e5e1000-0000-4000-8000-000000000031", name: "svc-refunds", kind: .service)

    static let namespace =
        "/subscriptions/5ab00000-0000-4000-8000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail"

    static func queue(_ name: String) -> AccessScope { AccessScope(id: "\(namespace)/queues/\(name)") }

    static func request(
        _ number: Int, by requester: AccessParty, for principal: AccessParty? = nil, _ role: PolicyRole = .receiver, on scope: AccessScope,
        for duration: Duration? = .seconds(3600), reason: String = "to look", ticket: String? = nil, minutes: Int = 4,
        _ standing: AccessRequest.Standing? = nil, backend: AccessRequest.Backend = .pim
    ) -> AccessRequest {
        let asked = Fixture.now.advanced(by: .seconds(-60 * minutes))
        return AccessRequest(
            id: AccessRequest.ID("7a000000-0000-4000-8000-0000000000\(number < 10 ? "0" : "")\(number)"), backend: backend,
            requester: requester, principal: principal ?? requester, role: .serviceBus(role), scope: scope, duration: duration,
            reason: reason, ticket: ticket, askedAt: asked, standing: standing ?? .waiting(until: asked.advanced(by: .seconds(86_400))),
            sentence: "It waits for an approver.", reference: "", approvalReference: "a")
    }

    static var orders: AccessRequest {
        request(
            1, by: ferrari, on: queue("orders"), reason: "INC-4471 checkout stuck, need to read failing payloads", ticket: "INC-4471")
    }

    static var forService: AccessRequest {
        request(2, by: layla, for: refunds, .sender, on: queue("refunds"), for: .seconds(30 * 86_400), minutes: 61, backend: .cooperative)
    }

    static var mine: AccessRequest { request(3, by: me, on: queue("invoices"), minutes: 2) }

    static func grant(
        _ id: String, _ principal: AccessParty, on scope: AccessScope, seconds: Int, keeper: ActiveGrant.Keeper = .azure(isActivation: true)
    ) -> ActiveGrant {
        ActiveGrant(
            id: id, backend: .pim, request: nil, principal: principal, role: .serviceBus(.receiver), scope: scope,
            beganAt: Fixture.now.advanced(by: .seconds(-600)), endsAt: Fixture.now.advanced(by: .seconds(seconds)), keeper: keeper)
    }

    static var ownGrant: ActiveGrant { grant("g-own", me, on: queue("invoices"), seconds: 3436) }
    static var lateGrant: ActiveGrant { grant("g-late", ferrari, on: queue("orders"), seconds: -725, keeper: .note) }

    static func inbox(
        waiting: [AccessRequest] = [forService, orders], own: [AccessRequest] = [mine], active: [ActiveGrant] = [ownGrant],
        asOf: Timestamp = Fixture.now
    ) -> AccessInbox {
        AccessInbox(me: me, waiting: .success(waiting), own: .success(own), active: .success(active), asOf: asOf)
    }

    static func review(_ request: AccessRequest, denial: Denial? = nil) -> AccessReview {
        AccessReview(
            request: request, verdict: denial, approvals: [], holdings: .known(["Data Sender on orders"], at: Fixture.now),
            approvers: [me, leads])
    }

    static func proposal(
        _ wish: AccessWish, longest: Duration? = .seconds(7200), verdict: Verdict? = nil,
        way: AccessLimits.Way = .activation(eligibility: "e")
    ) -> AccessProposal {
        var limits = AccessLimits(way: way)
        limits.longest = longest
        limits.shortest = .seconds(300)
        limits.needsApproval = true
        limits.approvers = [me, leads]
        let draft = AccessRequestDraft(
            principal: wish.principal ?? me, role: wish.role, scope: queue(wish.entity.displayName), duration: wish.duration,
            reason: wish.reason, ticket: wish.ticket)
        return AccessProposal(
            draft: draft, backend: .pim, limits: limits, verdict: verdict ?? .allowed(rule: "checkout-oncall", limits: PolicyLimits()))
    }

    /// What a place answers where everything works.
    static func answer(_ request: Request) -> Result<[Answer], OperatorError>? {
        switch request {
        case .inbox: return .success([.inbox(inbox())])
        case .grants: return .success([.grants(AccessListing([lateGrant, ownGrant]), asOf: Fixture.now)])
        case .accessReview(let request): return .success([.accessReview(review(request))])
        case .accessProposal(let wish): return .success([.accessProposal(proposal(wish))])
        case .ask(let proposal):
            let draft = proposal.draft
            return .success([
                .accessRequest(
                    self.request(
                        9, by: me, for: draft.principal, draft.role, on: draft.scope, for: draft.duration, reason: draft.reason, minutes: 0)
                )
            ])
        case .decide(let decision, var request):
            request.standing =
                decision.answer == .deny
                ? .denied(by: me, reason: decision.reason)
                : .granted(until: request.duration.map { Fixture.now.advanced(by: $0) }, by: me)
            return .success([.accessRequest(request)])
        case .takeBack(var request, _):
            request.standing = .cancelled
            return .success([.accessRequest(request)])
        case .endAccess: return .success([.accessEnded(true)])
        case .probe: return .success([.probed(.refused("not yet"))])
        default: return nil
        }
    }

    /// A console that signed in as an administrator.
    static func console(
        _ keys: String = "", _ rows: Int = 24, _ columns: Int = 80, guardrails: Guardrails? = nil, title: ContextTitle? = nil,
        respond: @escaping (Request) -> Result<[Answer], OperatorError>? = { answer($0) }
    ) -> ConsoleHarness {
        let title = title ?? AccessFixture.title()
        var console = ConsoleHarness(rows: rows, columns: columns, title: title) { request in
            switch request {
            case .connect: .success([.connected(title), .changes(refusal: nil, guardrails)])
            case .inbox, .grants, .accessReview, .accessProposal, .ask, .decide, .takeBack, .endAccess, .probe: respond(request)
            default: ConsoleHarness.usual(request)
            }
        }
        console.type(keys)
        return console
    }

    /// Guardrails of a production context with a policy that admits everything.
    static func production() throws -> Guardrails {
        Guardrails(
            rules: .builtIn,
            place: Guardrails.Place(context: "retail", host: "sb-retail", environment: "prod", mode: .readWrite, isProduction: true),
            caller: PolicyCaller([]))
    }
}
