import AzureResources
import Identity
import ServiceBus
import Testing

@testable import CallboardCore

/// What drift says where something is not known: no more than is, and no plan takes anything away for it.
@Suite("Drift: what is not known")
struct DriftBlindnessTests {
    private typealias Scene = AccessScene

    /// Requests that would take an assignment away.
    private static func removals(_ finding: DriftFinding?) -> [String] {
        (finding?.fix.steps ?? []).compactMap(\.request).filter { $0.method == "DELETE" }.map(\.path)
    }

    private static func notKnown(_ finding: DriftFinding?) -> [String] {
        (finding?.evidence ?? []).filter { $0.name == "not known" }.map(\.value)
    }

    @Test("without schedules, standing and activated cannot be told apart: HUMAN_STANDING and DUPLICATE are not checked, notes are")
    func schedules() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        scene.assign(11, Scene.receiver, Scene.billing, .servicePrincipal, at: Scene.group)
        scene.assign(12, Scene.sender, Scene.olga, .user, at: Scene.orders, note: "jit req=R1 exp=2026-08-09T22:00:00Z by=admin")
        scene.picture.schedules = .notPermitted(needs: "S")
        #expect(scene.findings(.humanStanding) == [])
        #expect(scene.gaps(.humanStanding).count == 1)
        #expect(scene.findings(.duplicate) == [])
        #expect(scene.gaps(.duplicate) == ["role schedules, which say which lasts longer: not permitted: needs S"])
        #expect(scene.gaps(.expiredGrant) == ["role schedules, which say what was to end: not permitted: needs S; notes were looked at"])
        let expired = try #require(scene.findings(.expiredGrant).first)
        #expect(Self.removals(expired).count == 1, "that the note wanted it gone is known")
        #expect(scene.report.blindness != nil)
    }

    @Test("without schedules a wide or superfluous assignment is found all the same, and its removal is withheld")
    func endsWithheld() throws {
        for kind in [DriftFinding.Kind.overbroadScope, .overbroadRole, .extra] {
            var scene = Scene()
            scene.assign(10, Scene.dataOwner, Scene.checkout, .servicePrincipal, at: Scene.namespace)
            #expect(Self.removals(scene.findings(kind).first).count == 1)
            scene.picture.schedules = .notPermitted(needs: "S")
            let finding = try #require(scene.findings(kind).first)
            #expect(Self.removals(finding) == [], "it may be an activation that ends in an hour")
            #expect(Self.notKnown(finding) == ["when it ends (role schedules: not permitted: needs S)"])
            #expect(finding.fix.steps.contains { $0.text.contains("find out what is not known here before the assignment") })
        }
    }

    @Test("without deny assignments nothing rests on what roles give: MISSING is not complete, DUPLICATE not checked, removals withheld")
    func denials() throws {
        for kind in [DriftFinding.Kind.overbroadScope, .overbroadRole, .extra, .humanStanding] {
            var scene = Scene()
            scene.assign(10, Scene.dataOwner, Scene.olga, .user, at: Scene.namespace)
            #expect(Self.removals(scene.findings(kind).first).count == 1)
            scene.picture.denials = .notPermitted(needs: "D")
            let finding = try #require(scene.findings(kind).first)
            #expect(Self.removals(finding) == [])
            #expect(Self.notKnown(finding) == ["what is denied (deny assignments: not permitted: needs D)"])
        }
        var scene = Scene()
        scene.assign(10, Scene.sender, Scene.checkout, .servicePrincipal, at: Scene.group)
        scene.remove(2)
        #expect(scene.findings(.duplicate) == [], "what the catalogue wants here does not rest on a wide assignment")
        scene.picture.denials = .notPermitted(needs: "D")
        #expect(scene.gaps(.duplicate) == ["deny assignments, which may leave one alone: not permitted: needs D"])
        #expect(scene.gaps(.missing) == ["deny assignments, which may take away what roles give: not permitted: needs D"])
    }

    @Test("without deny assignments what nobody gives is missing all the same")
    func missingWithoutDenials() {
        var scene = Scene()
        scene.remove(1)
        scene.picture.denials = .notPermitted(needs: "D")
        #expect(scene.findings(.missing).map(\.place) == ["orders"])
    }

    @Test("where assignments on entities could not be read, nothing is missing and everything may have been missed")
    func partAssignments() {
        var scene = Scene()
        scene.picture.assignments = scene.picture.assignments.map { _ in [] }
        #expect(scene.findings(.missing).count == 4)
        scene.picture.unreadBelow.assignments = "not permitted: needs A"
        #expect(scene.findings(.missing) == [])
        let blind = Set(scene.report.gaps.filter(\.isBlind).map(\.kind))
        #expect(
            blind.isSuperset(of: [
                .missing, .extra, .overbroadRole, .humanStanding, .expiredGrant, .orphanPrincipal, .duplicate, .outsideWorkflow,
            ]))
        #expect(!blind.contains(.overbroadScope), "those at the namespace and above are all known")
        #expect(scene.index.holders(of: Scene.path("orders")).map(\.isUnknown) == [true])
        #expect(scene.index.matrix(with: scene.report).compactMap(\.senders.value).allSatisfy { $0.known == 0 && $0.isAtLeast })
        #expect(scene.index.holdings(of: Scene.checkout.canonical).areAll == false)
        #expect(scene.picture.gaps.map(\.subject) == ["role assignments on entities"])
    }

    @Test("where schedules of entities could not be read, what is at the namespace is told and what is on entities is not")
    func partSchedules() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        scene.assign(11, Scene.receiver, Scene.admin, .user, at: Scene.namespace)
        scene.picture.unreadBelow.schedules = "not permitted: needs S"
        #expect(scene.findings(.humanStanding).map(\.place) == ["namespace sb-retail"])
        #expect(scene.findings(.outsideWorkflow).map(\.place) == ["namespace sb-retail"])
        let wide = try #require(scene.findings(.extra).first { $0.place == "namespace sb-retail" })
        #expect(Self.notKnown(wide) == [])
        let narrow = try #require(scene.findings(.extra).first { $0.place == "queue orders" })
        #expect(Self.removals(narrow) == [])
        #expect(
            scene.index.holders(of: Scene.path("orders")).first { $0.principalID == Scene.olga.canonical }?.term == .standingAsFarAsKnown)
    }

    @Test("a group whose members are not known: what they need is not said to be nothing, and it is not taken away")
    func openGroup() throws {
        var scene = Scene()
        scene.assign(10, Scene.sender, Scene.team, .group, at: Scene.namespace)
        let finding = try #require(scene.findings(.overbroadScope).first)
        #expect(finding.evidence.contains(.init("needs", "not known: who is in the group")))
        #expect(Self.notKnown(finding) == ["who is in the group"])
        #expect(Self.removals(finding) == [])
        #expect(finding.fix.steps.first?.text.contains("is not known, since they are not") == true)
    }

    @Test("an identity of which nobody says what it is may be a group")
    func unknownKind() {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.stranger, .unknown, at: Scene.orders)
        #expect(scene.findings(.extra) == [])
        #expect(scene.gaps(.extra).count == 1)
        #expect(scene.findings(.humanStanding) == [])
        #expect(scene.gaps(.humanStanding).first?.hasPrefix("of 1 identities nobody says what kind they are") == true)
    }

    @Test("EXTRA: what the catalogue does not name on a scope above the namespace is not taken away there")
    func extraAbove() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.subscription)
        let finding = try #require(scene.findings(.extra).first)
        #expect(Self.removals(finding) == [])
        #expect(finding.fix.steps.last?.text.contains("reaches beyond the messages of this namespace") == true)
    }

    @Test("EXTRA: a group in a group is nobody by itself")
    func nestedGroup() {
        var scene = Scene()
        let inner = GUID("e0000000-0000-0000-0000-000000000002")
        scene.picture.membership.setMembers(
            [.init(id: Scene.billing, kind: .servicePrincipal), .init(id: inner, kind: .group)], of: Scene.team)
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.orders)
        #expect(scene.findings(.extra) == [])
        #expect(!scene.index.holders(of: Scene.path("orders")).contains { $0.principalID == inner.canonical })
    }

    @Test("a deny assignment on an entity counts there: neither EXTRA nor a duplicate, and 'all entities' is not said")
    func deniedBelow() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        scene.deny(["Microsoft.ServiceBus/*"], to: Scene.stranger, at: Scene.orders)
        let extra = try #require(scene.findings(.extra).first)
        #expect(extra.entities.map(\.displayName) == ["events", "events/billing"])
        let wide = try #require(scene.findings(.overbroadScope).first)
        #expect(wide.summary.contains("can receive on 2 of 3 entities"))
        #expect(wide.evidence.contains(.init("denied on", "orders")))
        let rows = scene.index.matrix(with: scene.report).filter { $0.service == nil || $0.service == "checkout" }
        #expect(rows.first { $0.entity == Scene.path("orders") }?.receivers.value?.known == 1)
        #expect(rows.first { $0.entity == Scene.path("events") }?.receivers.value?.known == 1)
        scene.remove(10)
        scene.assign(11, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.orders)
        scene.assign(12, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        #expect(scene.findings(.duplicate) == [], "the wide one gives nothing on the queue")
    }

    @Test("whether a deny assignment on an entity is meant for somebody can be as unknown as who is in its group")
    func deniedPerhaps() throws {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.stranger, .servicePrincipal, at: Scene.namespace)
        scene.deny(["Microsoft.ServiceBus/*"], to: Scene.team, .group, at: Scene.orders)
        #expect(scene.findings(.extra).first?.entities.map(\.displayName) == ["events", "events/billing"])
        #expect(scene.gaps(.extra) == ["of 3 assignments it cannot be told whether a deny assignment takes them away"])
        scene.picture.membership.setMembers([], of: Scene.team)
        #expect(scene.findings(.extra).first?.entities.map(\.displayName) == ["events", "events/billing", "orders"])
        #expect(scene.gaps(.extra) == [])
    }

    @Test("roles that could not be read: what they allow is not known to anything that asks for it")
    func unreadRole() {
        var scene = Scene()
        scene.assign(10, GUID("99999999-0000-0000-0000-000000000001"), Scene.olga, .user, at: Scene.orders)
        for kind in [DriftFinding.Kind.overbroadRole, .overbroadScope, .extra, .humanStanding, .outsideWorkflow] {
            #expect(scene.gaps(kind).first?.hasPrefix("1 roles could not be read") == true)
        }
    }

    @Test("OVERBROAD_ROLE: whoever can give roles, a condition included")
    func grants() throws {
        for role in [
            RoleDefinition.BuiltIn.owner, RoleDefinition.BuiltIn.userAccessAdministrator, RoleDefinition.BuiltIn.accessControlAdministrator,
        ] {
            var scene = Scene()
            scene.assign(10, role, Scene.stranger, .servicePrincipal, at: Scene.namespace)
            let finding = try #require(scene.findings(.overbroadRole).first)
            #expect(finding.severity == .high)
            #expect(finding.summary.hasSuffix("it can give itself every other role"))
        }
        var scene = Scene()
        let assignment = RoleAssignment(
            id: Scene.namespace.appending("providers", "Microsoft.Authorization", "roleAssignments", Scene.name(10)),
            roleDefinitionID: Scene.definition(RoleDefinition.BuiltIn.accessControlAdministrator), principal: Scene.stranger,
            principalKind: .servicePrincipal, scope: Scene.namespace, condition: "(x)")
        scene.picture.assignments = scene.picture.assignments.map { $0 + [assignment] }
        let finding = try #require(scene.findings(.overbroadRole).first)
        #expect(finding.summary.hasSuffix("it can give roles as far as its condition allows, which is not evaluated here"))
        #expect(finding.evidence.contains(.init("condition", "(x)")))
        #expect(finding.fix.steps.compactMap(\.request) == [], "what it gives, nobody knows here")
    }

    @Test("a principal-id that is no object id is a finding of its own, asked for nowhere, and nobody is missing for it")
    func misnamed() throws {
        var scene = Scene()
        scene.catalogue = scene.catalogue.replacing("c0000000-0000-0000-0000-000000000002", with: "billing-app")
        let findings = scene.findings(.unmappedComponent)
        #expect(findings.map(\.summary) == ["component:default/billing: principal-id 'billing-app' is not an object id"])
        #expect(scene.findings(.missing) == [])
        #expect(scene.findings(.extra) == [], "whoever receives could be it")
        scene.catalogue = scene.catalogue.replacing(
            "callboard.dev/principal-id: billing-app", with: "callboard.dev/principal-id: 'billing-app, \(Scene.stranger)'")
        #expect(scene.findings(.missing) == [])
        #expect(scene.gaps(.missing).first?.hasPrefix("of 2 expected rights it cannot be told") == true)
    }
}
