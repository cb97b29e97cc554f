import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Breaking the glass")
struct BreakGlassTests {
    private let topic: EntityPath
    private let queue: EntityPath

    init() throws {
        topic = try EntityPath.queue("break-glass")
        queue = try EntityPath.queue("alarms")
    }

    @Test("everybody is told before anything is asked for, and the ledger has both")
    func announced() async throws {
        let scene = try BreakGlassScene()
        let outcome = try await scene.desk.breakGlass(scene.proposal())
        #expect(outcome.announced == [.queue(queue), .topic(topic), .backstage] && outcome.silent.isEmpty)
        #expect(outcome.reviewBy == BreakGlassScene.begin.advanced(by: .seconds(86_400)))
        #expect(scene.backend.drafts.map(\.duration) == [.seconds(1800)])
        let sent = scene.gateway.with { $0.sent }
        let message = try #require(sent[topic]?.first)
        #expect(message.subject == "break-glass" && message.messageID == "break-glass-\(outcome.request.id.text)")
        guard case .data(let bytes) = message.body else {
            Issue.record("the body is no data")
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        for part in [#""name":"Rita Osei""#, #""role":"Data Receiver""#, #""reason":"INC-1 stuck""#, #""seconds":1800"#, #""rule":"bg""#] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(
            sent[queue]?.count == 1
                && scene.told.all.map(\.title) == [
                    "BREAK-GLASS: Rita Osei takes Data Receiver on orders (sb-retail.servicebus.windows.net) for 30m"
                ])
        #expect(try scene.types() == ["access.request.intended", "access.request.done"])
        let emergency = try #require(try scene.records().last?.value["emergency"])
        #expect(emergency["announced"]?.elements?.compactMap(\.text) == ["queue:alarms", "topic:break-glass", "Backstage"])
        #expect(emergency["notAnnounced"]?.elements?.isEmpty == true)
    }

    @Test("a place that cannot be told is named and keeps nobody from it; where no place can, nothing is asked for")
    func unheard() async throws {
        let scene = try BreakGlassScene(hasBackstage: false)
        let refusal = OperatorError(.notPermitted, "Sending is not permitted.")
        scene.gateway.with { $0.sendErrors[topic] = refusal }
        let outcome = try await scene.desk.breakGlass(scene.proposal())
        #expect(outcome.announced == [.queue(queue)] && outcome.silent == ["topic:break-glass: Sending is not permitted."])
        scene.gateway.with { $0.sendErrors[queue] = refusal }
        let proposal = try await scene.proposal()
        let error = await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("queue:alarms (Sending is not permitted.); topic:break-glass (Sending") == true)
        #expect(scene.backend.drafts.count == 1, "nothing was asked for the second time")
        #expect(try scene.types().last == "access.request.refused")
        // What was refused is no use of it.
        #expect(try BreakGlassUse.all(in: scene.ledger).uses.count == 1)
    }

    @Test("a rule without a place, and no Backstage: nobody would be told, so nothing is asked for")
    func nobody() async throws {
        let scene = try BreakGlassScene(
            "version: 1\nbreak_glass:\n  - {id: bg, who: [anyone], role: receiver, max_ttl: 1h, reason: required}", hasBackstage: false)
        let proposal = try await scene.proposal()
        let error = await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
        #expect(error?.message.contains("nobody would be told") == true)
        #expect(scene.backend.drafts.isEmpty)
    }

    @Test("longer than the rule, another role, without a reason, by a rule for quiet times, by an agent: refused, and nobody is told")
    func refused() async throws {
        let quiet = BreakGlassScene.yaml + "\nallow:\n  - {id: quiet, who: [anyone], action: access.request, role: owner, scope: \"**\"}\n"
        for (yaml, role, seconds, reason, isAgent, rule) in [
            (BreakGlassScene.yaml, PolicyRole.receiver, 3601, "why", false, "ttl>1h"),
            (BreakGlassScene.yaml, .owner, 60, "why", false, "default"),
            (quiet, .owner, 60, "why", false, "default"), (BreakGlassScene.yaml, .receiver, 60, "why", true, "built-in:agent"),
            (BreakGlassScene.yaml, .receiver, 60, "  ", false, ""),
        ] {
            let scene = try BreakGlassScene(yaml, isAgent: isAgent)
            let proposal = try await scene.proposal(role, for: .seconds(seconds), reason: reason)
            let error = await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
            #expect(rule.isEmpty ? error?.code == .usage : error?.message.hasSuffix("[\(rule)]") == true, "\(String(describing: error))")
            #expect(scene.backend.drafts.isEmpty && scene.told.all.isEmpty && scene.gateway.with { $0.sent.isEmpty })
        }
    }

    @Test("a role for a service, which is given at once, takes leave to give in an emergency too")
    func forService() async throws {
        let service = AccessParty(id: "0a0a0000-0000-4000-8000-000000000009", name: "orders-api", kind: .service)
        let denying = BreakGlassScene.yaml + "\ndeny:\n  - {id: never, action: [access.grant]}\n"
        let giving =
            BreakGlassScene.yaml + "\nallow:\n  - {id: give, who: [anyone], action: access.grant, role: receiver, scope: \"**\"}\n"
        for (yaml, rule) in [(BreakGlassScene.yaml, "default"), (denying, "never"), (giving, nil)] as [(String, String?)] {
            let scene = try BreakGlassScene(yaml)
            scene.backend.grant(by: .assignment)
            let proposal = try await scene.proposal(to: service)
            if let rule {
                let error = await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
                #expect(error?.message.hasSuffix("[\(rule)]") == true, "\(String(describing: error))")
                await #expect(throws: OperatorError.self) { try await scene.desk.check(proposal, isEmergency: true) }
                #expect(scene.backend.drafts.isEmpty && scene.told.all.isEmpty)
            } else {
                let outcome = try await scene.desk.breakGlass(proposal)
                #expect(outcome.request.principal == service)
            }
        }
    }

    @Test("what Azure refused was told and is no use of it")
    func azureRefused() async throws {
        let scene = try BreakGlassScene()
        scene.backend.fail(OperatorError(.notPermitted, "You are not eligible."))
        let proposal = try await scene.proposal()
        await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
        #expect(scene.told.all.count == 1)
        #expect(try scene.types() == ["access.request.intended", "access.request.refused"])
        #expect(try BreakGlassUse.all(in: scene.ledger).uses.isEmpty)
    }

    @Test("a use whose answer was lost is a use, and owes its review")
    func lost() async throws {
        for code in [OperatorError.Code.unreachable, .timeout, .cancelled] {
            let scene = try BreakGlassScene()
            scene.backend.fail(OperatorError(code, "No answer."))
            let proposal = try await scene.proposal()
            await #expect(throws: OperatorError.self) { try await scene.desk.breakGlass(proposal) }
            let use = try #require(try BreakGlassUse.all(in: scene.ledger).uses.first, "\(code)")
            #expect(use.isActive(at: use.beganAt) && BreakGlassBanner([use], at: use.beganAt) != .none)
            // Who was told, they were told.
            #expect(use.announced == ["queue:alarms", "topic:break-glass", "Backstage"] && use.silent.isEmpty, "\(code)")
        }
    }

    @Test("places as policies write them")
    func places() {
        #expect(BreakGlassPlace("topic:alarm/prod").map(\.description) == "topic:alarm/prod")
        #expect(BreakGlassPlace("pager:x") == nil && BreakGlassPlace("topic") == nil && BreakGlassPlace("queue:") == nil)
    }
}

@Suite("Reviews of break-glass")
struct BreakGlassReviewTests {
    private let rita = AuditActor(oid: BreakGlassScene.me.id, name: "Rita Osei", kind: .person, host: "here")
    private let karin = AuditActor(oid: "0e5e1000-0000-4000-8000-000000000003", name: "Karin", kind: .person, host: "here")

    /// A scene in which the glass was broken, and the use.
    private func broken() async throws -> (BreakGlassScene, BreakGlassUse) {
        let scene = try BreakGlassScene()
        _ = try await scene.desk.breakGlass(scene.proposal())
        return (scene, try #require(try BreakGlassUse.all(in: scene.ledger).uses.first))
    }

    @Test("a use is known by the ledger: who, what, until when, and what is owed")
    func use() async throws {
        let (_, use) = try await broken()
        #expect(use.who == "Rita Osei" && use.role == "receiver" && use.scope == BreakGlassScene.queue && use.rule == "bg")
        #expect(use.endsAt == use.beganAt.advanced(by: .seconds(1800)))
        #expect(use.isActive(at: use.beganAt) && !use.isActive(at: use.endsAt))
        let due = try #require(use.reviewBy)
        #expect(use.standing(at: due) == .due(by: due))
        #expect(use.standing(at: due.advanced(by: .milliseconds(1))) == .overdue(since: due))
    }

    @Test("the banner says what is in force, what is due, and above all what is overdue")
    func banner() async throws {
        let (_, use) = try await broken()
        let due = try #require(use.reviewBy)
        #expect(BreakGlassBanner([], at: use.beganAt) == .none)
        let active = BreakGlassBanner([use], at: use.beganAt)
        #expect(active == .active(until: use.endsAt, reviewBy: due))
        #expect(active.text(at: use.beganAt)?.hasPrefix("BREAK-GLASS active until \(use.endsAt.rfc3339) (30m left)") == true)
        #expect(BreakGlassBanner([use], at: use.endsAt) == .reviewDue(by: due))
        let late = due.advanced(by: .seconds(1))
        #expect(BreakGlassBanner([use], at: late) == .reviewOverdue(since: due, count: 1, activeUntil: nil))
        var other = use
        other.reviewBy = nil
        other.endsAt = late.advanced(by: .seconds(60))
        #expect(BreakGlassBanner([use, other], at: late) == .reviewOverdue(since: due, count: 1, activeUntil: other.endsAt))
        #expect(BreakGlassBanner([use], at: late).text(at: late)?.contains("OVERDUE") == true)
        other.endsAt = use.beganAt
        #expect(BreakGlassBanner([other], at: late).text(at: late) == nil)
    }

    @Test("a review is written once, by a person, and settles what is owed")
    func write() async throws {
        let (scene, use) = try await broken()
        let review = BreakGlassReview(path: scene.ledger, actor: karin, isAgent: false)
        let reviewed = try await review.write(String(use.id.prefix(8)), finding: "Purged 3 messages; nothing else.")
        #expect(!reviewed.isReviewedByUser)
        let known = try #require(try BreakGlassUse.all(in: scene.ledger).uses.first)
        #expect(known.review?.by == "Karin" && known.review?.finding == "Purged 3 messages; nothing else.")
        let late = BreakGlassScene.begin.advanced(by: .seconds(10 * 86_400))
        #expect(BreakGlassBanner([known], at: late) == .none)
        let again = await #expect(throws: OperatorError.self) { try await review.write(use.id, finding: "more") }
        #expect(again?.code == .conflict)
        #expect(try AuditLedger.verify(scene.ledger).isValid)
    }

    @Test("whoever used it may write the review, and that shows")
    func own() async throws {
        let (scene, use) = try await broken()
        let reviewed = try await BreakGlassReview(path: scene.ledger, actor: rita, isAgent: false).write(use.id, finding: "done")
        #expect(reviewed.isReviewedByUser)
    }

    @Test("agents, empty findings, unknown and short ids are refused")
    func refused() async throws {
        let (scene, use) = try await broken()
        for (isAgent, id, finding, code) in [
            (true, use.id, "fine", OperatorError.Code.refused), (false, use.id, " ", .usage), (false, "ffffffff-0000", "fine", .notFound),
            (false, "ab", "fine", .usage),
        ] {
            let review = BreakGlassReview(path: scene.ledger, actor: karin, isAgent: isAgent)
            let error = await #expect(throws: OperatorError.self) { try await review.write(id, finding: finding) }
            #expect(error?.code == code, "\(String(describing: error))")
        }
        #expect(try BreakGlassUse.all(in: scene.ledger).uses.first?.review == nil)
    }

    @Test("ending the role in Entra PIM, which says of none which request it answers, ends the use; ending another role does not")
    func endedInAzure() async throws {
        func grant(_ scope: String, _ role: PolicyRole = .receiver, of party: AccessParty = BreakGlassScene.me) -> ActiveGrant {
            ActiveGrant(
                id: "i", backend: .pim, request: nil, principal: party, role: .serviceBus(role), scope: AccessScope(id: scope),
                beganAt: nil,
                endsAt: BreakGlassScene.begin.advanced(by: .seconds(1800)), keeper: .azure(isActivation: true))
        }
        let service = AccessParty(id: "0a0a0000-0000-4000-8000-000000000009", kind: .service)
        for (grant, isEnded) in [
            (grant(BreakGlassScene.queue.uppercased()), true), (grant(BreakGlassScene.queue + "-2"), false),
            (grant(BreakGlassScene.queue, .sender), false), (grant(BreakGlassScene.queue, of: service), false),
        ] {
            let giving = "\nallow:\n  - {id: end, who: [anyone], action: access.revoke, scope: \"**\"}\n"
            let scene = try BreakGlassScene(BreakGlassScene.yaml + giving)
            _ = try await scene.desk.breakGlass(scene.proposal())
            #expect(try await scene.desk.end(grant, reason: "found it"))
            let use = try #require(try BreakGlassUse.all(in: scene.ledger).uses.first)
            let ended = try #require(try scene.records().last?.time)
            #expect(use.isActive(at: ended) != isEnded, "\(grant.scope.id) \(grant.role.title)")
            if isEnded { #expect(use.endsAt == ended && use.reviewBy != nil) }
        }
    }

    @Test("a request whose end is not known counts as used; an ordinary one does not; one that was ended early is over")
    func ledger() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/audit.jsonl"
        let ledger = AuditLedger(path: path)
        func event(_ id: String, _ action: PolicyAction, _ stage: AuditEvent.Stage, isEmergency: Bool = true) -> AuditEvent {
            var event = AuditEvent(action, stage, by: rita, context: "retail", namespace: "sb-retail")
            event.access = .init(request: id, principal: "p", role: "receiver", scope: "/s", duration: .seconds(600))
            if isEmergency { event.emergency = .init(announced: ["topic:t"], reviewBy: BreakGlassScene.begin) }
            return event
        }
        for event in [
            event("lost", .requestAccess, .intended), event("quiet", .requestAccess, .done, isEmergency: false),
            event("ended", .requestAccess, .intended), event("ended", .requestAccess, .done),
            event("ended", .revokeAccess, .done, isEmergency: false), event("failed", .requestAccess, .intended),
            event("failed", .requestAccess, .failed), event("unheard", .reviewAccess, .done, isEmergency: false),
        ] { _ = try await ledger.append(event) }
        let uses = try BreakGlassUse.all(in: path).uses
        #expect(Set(uses.map(\.id)) == ["lost", "ended"])
        let ended = try #require(uses.first { $0.id == "ended" })
        #expect(ended.endsAt < ended.beganAt.advanced(by: .seconds(600)))
        #expect(try BreakGlassUse.all(in: folder.path + "/none.jsonl").uses.isEmpty)
    }
}
