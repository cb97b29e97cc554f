import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Drift: what assignments show")
struct DriftAssignmentTests {
    private typealias Scene = AccessScene

    @Test("where access is as the catalogue says, nothing is found and everything was looked for")
    func well() {
        let report = Scene().report
        #expect(report.findings == [])
        #expect(report.gaps == [])
        #expect(report.blindness == nil)
    }

    @Test("OVERBROAD_SCOPE: a role on messages at the namespace or above, where the catalogue needs less")
    func overbroadScope() throws {
        var scene = Scene()
        scene.assign(10, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.namespace)
        let finding = try #require(scene.findings(.overbroadScope).first)
        #expect(finding.severity == .medium)
        #expect(finding.isNamespaceWide)
        #expect(finding.evidence.contains(.init("needs", "events, orders")))
        #expect(finding.summary == "app-checkout can send on all 3 entities by a role on the namespace sb-retail")
        let requests = finding.fix.steps.compactMap(\.request)
        #expect(requests.map(\.method) == ["DELETE"], "what it needs it has already")
        #expect(
            requests.first?.path
                == "\(Scene.namespace)/providers/Microsoft.Authorization/roleAssignments/\(Scene.name(10))?api-version=2022-04-01")

        scene.remove(10)
        scene.assign(11, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.subscription)
        #expect(scene.findings(.overbroadScope).map(\.severity) == [.high])
    }

    @Test("OVERBROAD_SCOPE: the fix assigns what is needed before it takes away")
    func narrowing() throws {
        var scene = Scene()
        scene.remove(1)
        scene.remove(2)
        scene.assign(10, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.group)
        let fix = try #require(scene.findings(.overbroadScope).first).fix
        let requests = fix.steps.compactMap(\.request)
        #expect(requests.map(\.method) == ["PUT", "PUT"], "what else it carries above the namespace nobody sees here")
        #expect(fix.steps.last?.text.contains("reaches beyond the messages of this namespace") == true)
        #expect(requests[0].path.hasPrefix("\(Scene.events)/providers/Microsoft.Authorization/roleAssignments/"))
        #expect(requests[0].path.hasSuffix("?api-version=2022-04-01"))
        #expect(
            requests[1].body
                == #"{"properties":{"principalId":"c0000000-0000-0000-0000-000000000001","principalType":"ServicePrincipal","roleDefinitionId":"\#(Scene.definition(Scene.sender))"}}"#
        )
    }

    @Test("a group's own assignment: whoever needs what it gives is given that themselves before the group's is taken away")
    func narrowingOfGroup() throws {
        var scene = Scene()
        scene.remove(1)
        scene.picture.membership.setMembers(
            [.init(id: Scene.checkout, kind: .servicePrincipal), .init(id: Scene.olga, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.sender, Scene.team, .group, at: Scene.orders)
        let fix = try #require(
            scene.findings(.extra).first { $0.evidence.contains { $0.name == "assignment" && $0.value.hasSuffix(Scene.name(10)) } }
        ).fix
        let requests = fix.steps.compactMap(\.request)
        // The group has nothing on the topic, where one of its members sends.
        #expect(requests.map(\.method) == ["PUT", "DELETE"])
        #expect(requests.first?.path.hasPrefix("\(Scene.orders)/providers/") == true)
        #expect(requests.first?.body?.contains(#""principalId":"\#(Scene.checkout.canonical)""#) == true)
        #expect(fix.steps.first?.text.contains("to app-checkout: the catalogue says that it is to send") == true)
        #expect(requests.last?.path.contains(Scene.name(10)) == true)
    }

    @Test("what is held under a condition is not relied on when a wide assignment is narrowed")
    func narrowingBesideCondition() throws {
        var scene = Scene()
        scene.remove(1)
        let id = Scene.orders.appending("providers", "Microsoft.Authorization", "roleAssignments", Scene.name(1))
        let conditional = RoleAssignment(
            id: id, roleDefinitionID: Scene.definition(Scene.sender), principal: Scene.checkout, principalKind: .servicePrincipal,
            scope: Scene.orders, condition: "@Resource[x:y] StringEquals 'z'")
        scene.picture.assignments = scene.picture.assignments.map { $0 + [conditional] }
        scene.assign(10, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.namespace)
        let requests = try #require(scene.findings(.overbroadScope).first).fix.steps.compactMap(\.request)
        #expect(requests.map(\.method) == ["PUT", "DELETE"], "on the topic it has the role without a condition")
        #expect(requests.first?.path.hasPrefix("\(Scene.orders)/providers/") == true)
    }

    @Test("of what kind an identity is, is not said where nobody knows it: Azure refuses what is wrong, and looks up what is not said")
    func unknownKind() throws {
        var scene = Scene()
        scene.remove(3)
        let fix = try #require(scene.findings(.missing).first).fix
        let body = try #require(fix.steps.compactMap(\.request).first?.body)
        #expect(body.contains(Scene.billing.canonical) && !body.contains("principalType"))
    }

    @Test("OVERBROAD_SCOPE: not for who needs every entity there is, nor for what ends by itself")
    func notOverbroadScope() {
        var scene = Scene()
        scene.picture.entities = scene.picture.entities.map { $0.filter { $0.path.displayName == "orders" } }
        scene.assign(10, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.namespace)
        #expect(scene.findings(.overbroadScope) == [])
        var ending = Scene()
        ending.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.namespace)
        ending.schedule(Scene.receiver, Scene.olga, at: Scene.namespace, activated: true, until: Scene.hours(1))
        #expect(ending.findings(.overbroadScope) == [])
    }

    @Test("OVERBROAD_ROLE: Data Owner, whoever can get at keys, whoever can give themselves roles")
    func overbroadRole() throws {
        var scene = Scene()
        scene.assign(10, Scene.dataOwner, Scene.checkout, .servicePrincipal, at: Scene.orders)
        #expect(scene.findings(.overbroadRole).map(\.severity) == [.medium])
        scene.remove(10)
        scene.assign(11, RoleDefinition.BuiltIn.owner, Scene.checkout, .servicePrincipal, at: Scene.group)
        #expect(scene.findings(.overbroadRole).map(\.severity) == [.high])
        scene.remove(11)
        scene.assign(12, Scene.contributor, Scene.checkout, .servicePrincipal, at: Scene.group)
        scene.setKeys(.on)
        let finding = try #require(scene.findings(.overbroadRole).first)
        #expect(finding.evidence.contains(.init("local authentication", "on")))
        let last = try #require(finding.fix.steps.last?.request)
        #expect(
            [last.method, last.path, last.body] == [
                "PATCH", "\(Scene.namespace)?api-version=2021-11-01", #"{"properties":{"disableLocalAuth":true}}"#,
            ])
    }

    @Test("OVERBROAD_ROLE: not a Contributor while the namespace takes no keys, nor a Data Sender")
    func notOverbroadRole() {
        var scene = Scene()
        scene.assign(12, Scene.contributor, Scene.checkout, .servicePrincipal, at: Scene.group)
        #expect(scene.findings(.overbroadRole) == [])
    }

    @Test("ORPHAN_PRINCIPAL: the directory says that the identity is gone; that it does not name it is not enough")
    func orphan() throws {
        var scene = Scene()
        scene.picture.gone = [Scene.billing]
        let findings = scene.findings(.orphanPrincipal)
        #expect(findings.map(\.place) == ["queue orders", "subscription events/billing"])
        #expect(
            findings.first?.fix.steps.compactMap(\.request).map { "\($0.method) \($0.path)" } == [
                "DELETE \(Scene.orders)/providers/Microsoft.Authorization/roleAssignments/\(Scene.name(3))?api-version=2022-04-01"
            ])
        #expect(Scene().findings(.orphanPrincipal) == [])
    }

    @Test("HUMAN_STANDING: a person with access without an end")
    func human() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        let finding = try #require(scene.findings(.humanStanding).first)
        #expect(finding.severity == .high)
        #expect(finding.summary == "Olga Brandt can receive on queue orders without an end")
        #expect(finding.entities == [Scene.path("orders")])
        let requests = finding.fix.steps.compactMap(\.request)
        #expect(requests.map(\.method) == ["PUT", "DELETE"])
        #expect(requests[0].path.hasPrefix("\(Scene.orders)/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/"))
        #expect(requests[0].path.hasSuffix("?api-version=2020-10-01"))
        #expect(requests[0].body?.contains(#""requestType":"AdminAssign""#) == true)
        #expect(requests[0].body?.contains(#""type":"NoExpiration""#) == true)
    }

    @Test("HUMAN_STANDING: people in a group count, an end, an application and a role that gives nothing here do not")
    func notHuman() {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.olga, kind: .user), .init(id: Scene.admin, kind: .user)], of: Scene.team)
        scene.assign(10, Scene.sender, Scene.team, .group, at: Scene.orders)
        #expect(scene.findings(.humanStanding).map(\.severity) == [.medium])
        #expect(scene.findings(.humanStanding).first?.summary.hasPrefix("2 people in sg-support can send") == true)
        var none = Scene()
        none.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        none.schedule(Scene.receiver, Scene.olga, at: Scene.orders, activated: true, until: Scene.hours(1))
        none.assign(11, RoleDefinition.BuiltIn.reader, Scene.admin, .user, at: Scene.namespace)
        none.assign(12, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.orders)
        #expect(none.findings(.humanStanding) == [])
    }

    @Test("JIT_EXPIRED_PRESENT: an assignment that its note wanted gone by now")
    func expired() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-09T22:00:00Z by=admin")
        let finding = try #require(scene.findings(.expiredGrant).first)
        #expect(finding.severity == .high)
        #expect(finding.evidence.contains(.init("was to end", "2026-08-09T22:00:00Z, by its note")))
        #expect(finding.fix.steps.compactMap(\.request).map(\.method) == ["DELETE"])
        scene.remove(10)
        scene.assign(11, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-10T01:00:00Z by=admin")
        #expect(scene.findings(.expiredGrant) == [])
    }

    @Test("DUPLICATE: the same role through a group, or above")
    func duplicate() throws {
        var scene = Scene()
        scene.picture.membership.setMembers([.init(id: Scene.checkout, kind: .servicePrincipal)], of: Scene.team)
        scene.assign(10, Scene.sender, Scene.team, .group, at: Scene.orders)
        let findings = scene.findings(.duplicate)
        #expect(findings.map(\.place) == ["queue orders"])
        #expect(findings.first?.evidence.contains { $0.name == "covered by" && $0.value.hasSuffix(Scene.name(10)) } == true)
        #expect(findings.first?.fix.steps.compactMap(\.request).map(\.path).first?.contains(Scene.name(1)) == true)
        scene.remove(10)
        scene.assign(11, Scene.sender, Scene.team, .group, at: Scene.namespace)
        #expect(scene.findings(.duplicate) == [], "the wide one is to go, so the narrow ones are not to be taken away for its sake")
    }

    @Test("DUPLICATE: not another role, not one that ends sooner, not one below")
    func notDuplicate() {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.checkout, .servicePrincipal, at: Scene.orders)
        scene.assign(11, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.namespace)
        scene.schedule(Scene.sender, Scene.checkout, at: Scene.namespace, activated: false, until: Scene.hours(1))
        #expect(scene.findings(.duplicate) == [])
    }

    @Test("OUTSIDE_WORKFLOW: no request, no activation and no entry of the catalogue stands behind an assignment")
    func outside() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.orders, by: Scene.admin)
        let finding = try #require(scene.findings(.outsideWorkflow).first)
        #expect(finding.severity == .medium)
        #expect(finding.evidence.contains(.init("made", "2026-07-31T00:00:00Z by \(Scene.admin.canonical)")))
        #expect(finding.fix.steps.last?.request?.method == "DELETE")
        var inside = Scene()
        inside.assign(
            10, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-10T01:00:00Z by=\(Scene.admin)",
            by: Scene.admin)
        inside.assign(11, Scene.receiver, Scene.olga, .user, at: Scene.events)
        inside.schedule(Scene.receiver, Scene.olga, at: Scene.events, activated: true, until: Scene.hours(1))
        #expect(inside.findings(.outsideWorkflow) == [])
    }

    @Test("OUTSIDE_WORKFLOW: a note that names another than Azure does")
    func forgedNote() throws {
        var scene = Scene()
        scene.assign(
            10, Scene.receiver, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-10T01:00:00Z by=\(Scene.admin)",
            by: Scene.olga)
        let finding = try #require(scene.findings(.outsideWorkflow).first)
        #expect(finding.severity == .high)
        #expect(
            finding.evidence.suffix(2) == [
                .init("note names", Scene.admin.canonical), .init("Azure stamped", "Olga Brandt (\(Scene.olga.canonical))"),
            ])
    }

    @Test("what is not permitted makes no finding of its kind, but a line that says why")
    func notPermitted() {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        scene.picture.gone = [Scene.billing]
        scene.picture.schedules = .notPermitted(needs: "S at X")
        scene.picture.names = .notPermitted(needs: "G")
        #expect(scene.findings(.humanStanding) == [])
        #expect(scene.gaps(.humanStanding) == ["role schedules, which say what has an end: not permitted: needs S at X"])
        #expect(scene.findings(.outsideWorkflow) == [])
        #expect(scene.gaps(.outsideWorkflow) == ["role schedules, which say what was activated: not permitted: needs S at X"])
        #expect(scene.findings(.orphanPrincipal) == [])
        #expect(scene.gaps(.orphanPrincipal) == ["names: not permitted: needs G"])
        scene.picture.assignments = .notPermitted(needs: "A")
        let blind = scene.report
        #expect(blind.findings == [])
        #expect(
            Set(blind.gaps.filter(\.isBlind).map(\.kind)).isSuperset(of: [
                .missing, .extra, .overbroadScope, .overbroadRole, .orphanPrincipal, .humanStanding, .expiredGrant, .duplicate,
                .outsideWorkflow,
            ]))
        #expect(blind.blindness?.hasPrefix("not checked: ") == true)
    }

    @Test("members of a group that may not be known are not looked through")
    func unknownMembers() {
        var scene = Scene()
        scene.assign(10, Scene.sender, Scene.team, .group, at: Scene.orders)
        #expect(scene.findings(.humanStanding) == [])
        #expect(scene.gaps(.humanStanding) == ["the members of 1 groups with access are not known, sg-support among them"])
        #expect(scene.findings(.extra) == [])
        #expect(scene.gaps(.extra) == ["the members of 1 groups are not known, sg-support among them"])
    }
}
