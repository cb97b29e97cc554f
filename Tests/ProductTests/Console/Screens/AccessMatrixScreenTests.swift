import AzureResources
import Identity
import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// Services by entities, and how all screens of access are reached, loaded, stopped and left.
@Suite struct AccessMatrixScreenTests {
    private typealias Scene = AccessScene

    @Test("b on the board lists every entity of every service with how many can, who some of them are, and the worst finding")
    func board() {
        let console = AccessFixture.console(AccessFixture.scene, "b", 24, 200)
        #expect(console.line(0).contains("sb-retail › bindings"))
        let row = (3..<14).map { console.line($0) }.first { $0.contains("billing") && $0.contains("orders") }
        // checkout and Olga by roles on the queue, the stranger, who is counted, from above.
        #expect(row?.contains("3  Olga Brandt, app-checkout ") == true, "\(row ?? "")")
        #expect(row?.hasSuffix("2 EXTRA") == true, "\(row ?? "")")
        #expect(console.text.contains("app-checkout, c0000000-0000-0000-0000-000000000009↓"))
    }

    @Test("a service's name lists its entities only; enter goes to an entity's bindings; q comes back to the same line")
    func service() {
        var console = AccessFixture.console(AccessFixture.scene, ":bindings checkout<Enter>", 24, 140)
        #expect(console.line(0).hasPrefix(" TEST  sb-retail › checkout › bindings "))
        let rows = (3..<14).map { console.line($0) }.prefix { !$0.isEmpty }
        #expect(rows.count > 1 && rows.allSatisfy { $0.contains(" checkout ") })
        console.type("j<Enter>")
        #expect(console.app.context == .bindings)
        console.type("q")
        #expect(console.app.context == .access && console.line(4).hasPrefix("▌ checkout"))
    }

    @Test("s puts the worst first, and back")
    func sort() {
        var scene = Scene()
        scene.addEntity("zz-nobodys")
        var console = AccessFixture.console(scene, "b", 24, 140)
        #expect(!console.line(3).contains("zz-nobodys"))
        console.type("s")
        #expect(console.line(3).contains("zz-nobodys") && console.line(3).contains("NO_OWNER"))
        console.type("s")
        #expect(!console.line(3).contains("zz-nobodys"))
    }

    @Test("what may not be known is ✕ in every figure, and never zero")
    func blind() {
        let console = AccessFixture.console(AccessFixture.blind, "b", 24, 140)
        let row = (3..<14).map { console.line($0) }.first { $0.contains("orders") }
        #expect(row?.contains("✕") == true && row?.contains(" 0") == false)
        #expect(console.text.contains("needs Microsoft.ServiceBus/namespaces/read"))
    }

    @Test("ten thousand entities are windowed: only what is on screen is laid out")
    func many() throws {
        var scene = Scene()
        let entities = try (0..<10_000).map {
            AccessEntity(path: try EntityPath.queue("queue-\($0)"), id: Scene.namespace.appending("queues", "queue-\($0)"))
        }
        scene.picture.entities = .known(entities, at: Fixture.now)
        var console = AccessFixture.console(scene, "b")
        #expect(console.line(1).contains("10,000 entities"))
        console.type("G<C-b>gg/queue-9999<Enter>")
        #expect(console.line(3).contains("queue-9999") && console.line(4).isEmpty)
    }

    // MARK: Loading

    @Test("while it is read, the screen says which part is being read; what has come is kept for the other screens")
    func loading() {
        var console = AccessFixture.console(nil, "b")
        #expect(console.line(1).contains("loading"))
        #expect(console.text.contains("Reading the catalogue…"))
        let isAccess = { (request: Request) in request == .access }
        console.answer(.success([.accessPart(.catalogue), .accessPart(.namespace), .accessPart(.entities)]), isLast: false, to: isAccess)
        #expect(console.text.contains("Reading shared access rules…") && console.text.contains("✓ the namespace"))
        console.answer(.success([.access(AccessFixture.snapshot(AccessFixture.scene))]), to: isAccess)
        #expect(console.line(1).contains("entities") && console.line(1).contains("as of 03:12:44Z"))
        console.type("fq")
        console.type(":bindings orders<Enter>")
        #expect(console.asked.count(where: isAccess) == 1)
    }

    @Test("^R reads it again, and what is there stays until then")
    func refresh() {
        var console = AccessFixture.console(AccessFixture.scene, "b")
        console.respond = { $0 == .access ? nil : ConsoleHarness.usual($0) }
        console.type("<C-r>")
        #expect(console.asked.count { $0 == .access } == 2)
        #expect(console.text.contains("orders") && console.line(1).contains("loading"))
        var newer = AccessFixture.scene
        newer.addEntity("brand-new")
        console.answer(.success([.access(AccessFixture.snapshot(newer))])) { $0 == .access }
        #expect(console.text.contains("brand-new"))
    }

    @Test("with fewer entities than before, the last one selected, the screen shows those that are left")
    func shrinking() {
        var scene = AccessFixture.scene
        scene.addEntity("zz-gone")
        var console = AccessFixture.console(scene, "bG")
        #expect(console.text.contains("▌") && console.text.contains("zz-gone"))
        console.respond = { $0 == .access ? nil : ConsoleHarness.usual($0) }
        console.type("<C-r>")
        console.answer(.success([.access(AccessFixture.snapshot(AccessFixture.scene))])) { $0 == .access }
        #expect(console.text.contains("orders") && !console.text.contains("zz-gone"))
    }

    @Test("whoever leaves stops the reading; the next screen begins anew")
    func left() {
        var console = AccessFixture.console(nil, "bq")
        #expect(console.stopped == [.access])
        console.answer(.failure(OperatorError(.cancelled, "Reading who has access was interrupted."))) { $0 == .access }
        #expect(!console.text.contains("interrupted"))
        console.type("b")
        #expect(console.asked.count { $0 == .access } == 2)
        #expect(console.text.contains("Reading the catalogue…"))
    }

    @Test("a screen on top of the one that asked may go without stopping it")
    func covered() {
        var console = AccessFixture.console(nil, "bfq")
        #expect(console.stopped.isEmpty)
        console.type("q")
        #expect(console.stopped == [.access])
    }

    @Test("esc stops it, and says how to go on")
    func stopped() {
        var console = AccessFixture.console(nil, "b<Esc>")
        #expect(console.stopped == [.access] && console.text.contains("Stopped. ^R reads who has access."))
        console.type("<C-r>")
        #expect(console.asked.count { $0 == .access } == 2)
    }

    @Test("a failure is one sentence with the way out, in place of the list")
    func failure() {
        var console = AccessFixture.console(nil, "b")
        console.answer(
            .failure(OperatorError(.notPermitted, "Nobody is signed in to the context retail.", hint: "Run 'callboard login'."))
        ) { $0 == .access }
        #expect(console.text.contains("! Nobody is signed in to the context retail."))
        #expect(console.text.contains("Run 'callboard login'.") && console.text.contains("^R tries again"))
    }

    // MARK: Where it can be had

    @Test(
        "a context with a connection string says what it takes, and asks nobody",
        arguments: ["b", "gf", ":bindings orders<Enter>", ":drift<Enter>"])
    func unavailable(_ keys: String) {
        var console = ConsoleHarness()
        console.type(keys)
        #expect(console.text.contains("needs a context that signs in to Azure: docs/identity.md"))
        #expect(!console.asked.contains(.access) && console.app.screens.count == 1)
    }

    @Test(
        "b is about what is at hand",
        arguments: [
            ("ge/orders<Enter>b", "orders › bindings"), ("<Enter>b", "orders › bindings"), ("d<Enter>qb", "orders › bindings"),
            (":entity orders<Enter>b", "orders › bindings"), ("b", "sb-retail › bindings"),
        ])
    func atHand(_ keys: String, _ crumbs: String) {
        #expect(AccessFixture.console(AccessFixture.scene, keys, 24, 140).line(0).contains(crumbs))
    }

    @Test("b from an entity's bindings goes to all; there it says that these are all")
    func all() {
        var console = AccessFixture.console(AccessFixture.scene, ":bindings orders<Enter>b", 24, 140)
        #expect(console.line(1).contains("entities of"))
        console.type("b")
        #expect(console.text.contains("these are the bindings"))
    }

    @Test("a name that is nothing is refused where it was typed")
    func unknownName() {
        let console = AccessFixture.console(AccessFixture.scene, ":bindings nowhere<Enter>")
        #expect(console.text.contains("There is no entity and no service 'nowhere'.") && console.app.screens.count == 1)
    }

    @Test("where entities could not be listed, a name may be one's all the same")
    func unlisted() {
        let snapshot = AccessFixture.snapshot(AccessFixture.blind)
        var console = ConsoleHarness(title: AccessFixture.title()) { request in
            switch request {
            case .connect: .success([.connected(AccessFixture.title()), .changes(refusal: nil)])
            case .overview: .failure(OperatorError(.notPermitted, "Listing entities is not permitted."))
            case .access: .success([.access(snapshot)])
            default: ConsoleHarness.usual(request)
            }
        }
        console.type("b:bindings secret<Enter>")
        #expect(console.line(0).contains("secret › bindings"))
        #expect(console.line(1).contains("✕ who has access is not known"))
    }

    @Test("the command line completes services and entities")
    func completion() {
        let console = AccessFixture.console(AccessFixture.scene, ":bindings ord")
        #expect(console.text.contains("orders") && console.text.contains("order-events/billing"))
    }

    @Test("hostile names of identities, rules and reasons are shown, not obeyed")
    func hostile() {
        let evil = "\u{1B}]0;x\u{7}\u{202E}\u{200B}\r\nno"
        var scene = AccessFixture.partly
        scene.picture.names = scene.picture.names.map { names in
            names.mapValues { AccessPrincipal(name: evil, kind: $0.kind) }
        }
        scene.picture.denials = .unavailable(evil)
        scene.addRule(evil, [.send], at: Scene.orders)
        for keys in ["b", ":bindings orders<Enter>", ":bindings orders<Enter>jj<Enter>", "gf", "gf<Enter>"] {
            let console = AccessFixture.console(scene, keys)
            #expect(console.app.screens.count > 1)
            #expect(!console.text.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || (0x7F..<0xA0).contains($0.value)) })
            #expect(!console.text.unicodeScalars.contains { $0.value == 0x202E || $0.value == 0x200B })
        }
    }

    @Test(
        "no size makes the screens trap, and every line fits",
        arguments: ["b", ":bindings orders<Enter>", ":bindings orders<Enter><Enter>", "gf", "gf<Enter>"])
    func sizes(_ keys: String) {
        for scene in [AccessFixture.partly, AccessFixture.blind] {
            var console = AccessFixture.console(scene, keys)
            for (rows, columns) in [(1, 1), (2, 200), (5, 20), (11, 30), (13, 80), (60, 9)] {
                console.resize(rows, columns)
                console.type("Gkj<C-d>gg")
                #expect(console.text.split(separator: "\n").allSatisfy { Width.of(String($0)) <= columns })
            }
        }
    }
}
