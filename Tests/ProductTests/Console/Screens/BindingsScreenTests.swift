import AzureResources
import Identity
import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// Who can do what on one entity, and what one identity can do.
@Suite struct BindingsScreenTests {
    private typealias Scene = AccessScene
    private let orders = Fixture.path("orders")

    /// The names in the rows of the table, in their order.
    private func names(_ console: ConsoleHarness) -> [String] {
        let lines = (3..<console.app.rows - 7).map { console.line($0) }
        return lines.prefix { !$0.isEmpty }.map { line in
            let words = line.drop { $0 == "▌" || $0 == " " }
            return String(words.prefix { $0 != " " })
        }
    }

    @Test("b on an entity's page asks once, and lists every way in, the widest first")
    func wide() {
        let console = AccessFixture.console(AccessFixture.scene, "ge/orders<Enter><Enter>b", 24, 200)
        #expect(console.asked.count { $0 == .access } == 1)
        #expect(console.line(0).contains("orders › bindings"))
        #expect(
            names(console) == [
                Scene.stranger.canonical, "RootManageSharedAccessKey", "Olga", Scene.billing.canonical, "Olga", "app", "app-checkout",
            ])
        #expect(console.line(3).contains("↓ resource group rg-retail") && console.line(3).contains("until 05:12Z"))
        #expect(console.line(5).contains("sg-support") && console.line(5).contains("↓ namespace") && console.line(5).contains("standing"))
    }

    @Test("the selected way in stands below in full: id, role, where it was assigned, until when, for whom it acts")
    func foot() {
        let console = AccessFixture.console(AccessFixture.scene, "ge/orders<Enter>bG<C-b>gg")
        let foot = (18...21).map { console.line($0) }.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(foot.contains("c0000000-0000-0000-0000-000000000009") && foot.contains("Azure Service Bus Data Owner"))
        #expect(foot.contains("resource group rg-retail") && foot.contains("Azure ends it at 11-23 05:12:44Z"))
    }

    @Test("w shows who can send, then receive, then manage, then all; esc shows all at once")
    func whoCan() {
        var console = AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>w", 24, 200)
        #expect(console.text.contains("where they can send  esc shows all"))
        #expect(!names(console).contains(Scene.billing.canonical) && names(console).contains("app"))
        console.type("w")
        #expect(names(console).contains(Scene.billing.canonical) && !names(console).contains("app"))
        console.type("w")
        #expect(names(console) == [Scene.stranger.canonical, "RootManageSharedAccessKey"])
        console.type("w")
        #expect(names(console).count == 7)
        console.type("w<Esc>")
        #expect(names(console).count == 7 && console.line(0).contains("orders › bindings"))
    }

    @Test("what a deny assignment takes away is not among those who can")
    func denied() {
        let holder = AccessHolder(
            principal: "x", kind: "person", abilities: [.send: .denied, .receive: .unknown], source: .role(name: "r", assignment: "a"),
            scope: "queue orders", scopeID: "", isInherited: false)
        #expect(!AccessText.can(holder, .send) && AccessText.can(holder, .receive) && AccessText.can(holder, nil))
    }

    @Test("an end of today is told by its time, of another day with the day; what should have ended is an error")
    func ends() {
        let term = { (term: AccessHolder.Term) in
            var holder = AccessHolder(
                principal: "x", kind: "person", abilities: [:], source: .role(name: "r", assignment: "a"), scope: "queue orders",
                scopeID: "",
                isInherited: false)
            holder.term = term
            return AccessText.term(holder, now: Fixture.now)
        }
        let end = { (seconds: Int) in Fixture.now.advanced(by: .seconds(seconds)) }
        #expect(term(.until(end(7200))) == Span("until 05:12Z", .statusOK))
        #expect(term(.until(end(86_400))) == Span("until 11-24 03:12", .statusOK))
        #expect(term(.noted(end(-60))) == Span("note 03:11Z", .statusError))
        #expect(term(.standing).role == .statusWarning && term(.standingAsFarAsKnown).text == "standing?")
    }

    @Test("a filter looks at names, roles, groups and ids")
    func filter() {
        for word in ["sg-support", "Data Sender", "c0000000-0000-0000-0000-000000000001", "key"] {
            var console = AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>/", 24, 140)
            console.send(.input(.paste(word)))
            console.type("<Enter>")
            #expect((1...3).contains(names(console).count), "\(word)")
        }
    }

    @Test("enter on an identity shows all that it can do here, and enter there goes to the entity")
    func holdings() {
        var console = AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>/olga<Enter>", 24, 140)
        console.type("<Enter>")
        #expect(console.line(0).contains("Olga Brandt"))
        #expect(console.line(1).contains("Olga Brandt · person · 2 roles here"))
        #expect(console.line(3).contains("all entities") && console.line(4).contains("orders"))
        console.type("j<Enter>")
        #expect(console.line(0).contains("orders › bindings"))
    }

    @Test("who has the key of a rule cannot be told, and enter says so")
    func key() {
        var console = AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>/rootmanage<Enter>")
        console.type("<Enter>")
        #expect(console.text.contains("who has the key of a rule is nobody's to say"))
    }

    @Test("what may not be read is said with the right it takes, and its consequence; ends are not called known")
    func gap() {
        let console = AccessFixture.console(AccessFixture.partly, ":bindings orders<Enter>", 40, 100)
        #expect(console.line(1).contains("✕ 1 not known"))
        #expect(console.text.contains("standing?"))
        let text = console.text.split(separator: "\n").joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(
            text.contains(
                "✕ not known: role schedules: not permitted: needs Microsoft.Authorization/roleAssignmentScheduleInstances/read at /subscriptions/5ab0; assignments count as standing"
            ))
    }

    @Test("who may see nothing is told what it takes, and never that nobody has access")
    func blind() {
        let console = AccessFixture.console(AccessFixture.blind, ":bindings orders<Enter>")
        #expect(console.line(1).contains("orders · ✕ who has access is not known"))
        #expect(console.text.contains("It is not known who can do anything here:"))
        let text = console.text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(text.contains("not permitted: needs Microsoft.ServiceBus/namespaces/read at the namespace of sb-retail"))
        #expect(!console.text.lowercased().contains("nobody"))
    }

    @Test("nobody is said where everything is known")
    func nobody() {
        var scene = Scene()
        scene.addEntity("empty")
        let console = AccessFixture.console(scene, ":bindings empty<Enter>")
        // The console's own list does not have it yet: Azure's does, once it was read.
        #expect(console.text.contains("There is no entity and no service 'empty'."))
        var known = AccessFixture.console(scene, "b:bindings empty<Enter>")
        #expect(known.text.contains("Nobody can do anything here by a role, and no key opens it."))
        known.type("w")
        #expect(known.text.contains("Nobody can send here by a role, and no key opens it."))
    }

    @Test("an entity that Azure does not have is missing, which is not that nobody can do anything")
    func missing() {
        // The console lists invoices, the picture does not have it.
        let console = AccessFixture.console(AccessFixture.scene, ":bindings invoices<Enter>")
        #expect(console.text.contains("There is no entity 'invoices' in the namespace."))
    }

    @Test("an identity with groups that could not be looked into may have more")
    func mayHaveMore() {
        var scene = Scene()
        scene.assign(10, Scene.receiver, Scene.team, .group, at: Scene.orders)
        scene.assign(11, Scene.receiver, Scene.olga, .user, at: Scene.orders)
        let console = AccessFixture.console(scene, ":bindings orders<Enter>/olga<Enter><Enter>")
        #expect(console.text.contains("✕ there may be more, through groups whose members are not known"))
    }
}
