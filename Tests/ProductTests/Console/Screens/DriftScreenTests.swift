import ServiceBus
import Terminal
import Testing

@testable import CallboardCore
@testable import Console

/// Findings, what could not be checked, and the plan that would mend one.
@Suite struct DriftScreenTests {
    private typealias Scene = AccessScene

    @Test("gf lists the findings, the worst first, with how many there are of each severity")
    func list() {
        let console = AccessFixture.console(AccessFixture.scene, "gf", 24, 140)
        let report = AccessFixture.snapshot(AccessFixture.scene).report
        #expect(!report.findings.isEmpty)
        #expect(console.line(0).contains("sb-retail › drift"))
        #expect(console.line(1).contains("\(report.findings.count) findings"))
        for (offset, finding) in report.findings.prefix(4).enumerated() {
            #expect(console.line(3 + offset).contains(finding.severity.word) && console.line(3 + offset).contains(finding.kind.rawValue))
        }
    }

    @Test("s shows those that are at least medium, then the high ones, then all; esc shows all")
    func severity() {
        var console = AccessFixture.console(AccessFixture.scene, "gf", 40, 140)
        let findings = AccessFixture.snapshot(AccessFixture.scene).report.findings
        let counts = DriftFinding.Severity.allCases.map { least in findings.count { $0.severity >= least } }
        let shown = { (console: ConsoleHarness) in (3..<32).prefix { !console.line($0).isEmpty }.count }
        #expect(counts[2] > 0 && counts[2] < counts[0])
        #expect(shown(console) == counts[0])
        console.type("s")
        #expect(shown(console) == counts[1] && console.text.contains("where it is at least medium  esc shows all"))
        console.type("s")
        #expect(shown(console) == counts[2] && console.text.contains("where it is high"))
        console.type("<Esc>")
        #expect(shown(console) == counts[0] && console.line(0).contains("drift"))
    }

    @Test("findings about an entity are its own and those of the whole namespace")
    func topic() {
        var scene = AccessFixture.scene
        scene.addEntity("nobodys")
        let all = AccessFixture.console(scene, "gf", 40, 140)
        let one = AccessFixture.console(scene, ":drift orders<Enter>", 40, 140)
        #expect(one.line(0).contains("orders › drift"))
        let report = DriftReport(scene.index).concerning(.entity(Fixture.path("orders")))
        #expect(one.line(1).contains("\(report.findings.count) finding") && one.line(1) != all.line(1))
    }

    @Test("what was not checked stands below with its reason, what is not permitted first")
    func notChecked() throws {
        let console = AccessFixture.console(AccessFixture.partly, "gf", 60, 200)
        let lines = (3..<50).map { console.line($0) }
        let blind = try #require(lines.lastIndex { $0.contains("✕ not checked: ") })
        let unsaid = try #require(lines.firstIndex { $0.contains("– not checked: ") })
        #expect(blind < unsaid && lines[...blind].contains { $0.contains("role schedules") && $0.contains("not permitted: needs") })
        #expect(console.line(1).contains("not checked"))
    }

    @Test("who may see nothing is not told that all is well")
    func blind() {
        let console = AccessFixture.console(AccessFixture.blind, "gf")
        #expect(console.text.contains("not checked"))
        #expect(!console.text.contains("Access is as the catalogue says"))
    }

    @Test("enter shows what a finding rests on and its plan, with the exact requests, and that nothing of it is done")
    func finding() throws {
        let findings = AccessFixture.snapshot(AccessFixture.scene).report.findings
        let place = try #require(findings.firstIndex { $0.fix.steps.contains { $0.request?.method == "PUT" } })
        var console = AccessFixture.console(AccessFixture.scene, "gf" + String(repeating: "j", count: place) + "<Enter>", 60, 200)
        let finding = findings[place]
        #expect(console.line(0).contains("drift › \(finding.kind.rawValue)"))
        #expect(console.line(1).contains(finding.id))
        #expect(console.text.contains("nothing of this is done here"))
        for evidence in finding.evidence { #expect(console.text.contains(evidence.name)) }
        let request = try #require(finding.fix.steps.compactMap(\.request).first { $0.method == "PUT" })
        let text = console.text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
        #expect(text.contains("PUT ") && text.contains(request.path))
        console.type("yv")
        let copied = console.effects.compactMap { effect -> String? in
            if case .copy(let text, "the requests") = effect { text } else { nil }
        }
        #expect(copied.count == 1)
        #expect(copied.first?.contains("\nPUT \(request.path)\n\(try #require(request.body))\n") == true)
        #expect(console.asked.allSatisfy { [.connect, .overview, .emergencies, .access, .inbox].contains($0) })
        console.type(":save-value /tmp/plan<Enter>")
        #expect(console.asked.last == .save(path: "/tmp/plan", content: Array((copied.first ?? "").utf8)))
    }

    @Test("a name with a line end in it brings no request of its own into what is copied")
    func copiedNames() throws {
        var scene = AccessFixture.scene
        scene.picture.names = scene.picture.names.map { names in
            names.mapValues { AccessPrincipal(name: "x\nDELETE /subscriptions/all\u{202e}", kind: $0.kind, account: $0.account) }
        }
        let findings = AccessFixture.snapshot(scene).report.findings
        var requests = 0
        for (place, finding) in findings.enumerated() where finding.fix.steps.contains(where: { $0.request != nil }) {
            let console = AccessFixture.console(scene, "gf" + String(repeating: "j", count: place) + "<Enter>yv")
            for case .copy(let text, _) in console.effects {
                let lines = text.split(separator: "\n")
                #expect(!lines.contains { $0.hasPrefix("DELETE /subscriptions/all") })
                #expect(!text.unicodeScalars.contains("\u{202e}"))
                requests += lines.count {
                    $0.hasPrefix("DELETE ") || $0.hasPrefix("PUT ") || $0.hasPrefix("PATCH ") || $0.hasPrefix("POST ")
                }
            }
        }
        #expect(requests == findings.flatMap(\.fix.steps).count { $0.request != nil })
    }

    @Test("a plan without a request has nothing to copy, and says so")
    func noRequest() throws {
        var scene = Scene()
        scene.addEntity("nobodys")
        let findings = AccessFixture.snapshot(scene).report.findings
        let place = try #require(findings.firstIndex { $0.kind == .noOwner && $0.fix.steps.allSatisfy { $0.request == nil } })
        let console = AccessFixture.console(scene, "gf" + String(repeating: "j", count: place) + "<Enter>yv")
        #expect(console.text.contains("no request mends this"))
        #expect(!console.effects.contains { if case .copy = $0 { true } else { false } })
    }

    @Test("b on a finding goes to the bindings of its entity")
    func toBindings() throws {
        let findings = AccessFixture.snapshot(AccessFixture.scene).report.findings
        let place = try #require(findings.firstIndex { $0.entities == [Fixture.path("orders")] })
        let console = AccessFixture.console(AccessFixture.scene, "gf" + String(repeating: "j", count: place) + "<Enter>b")
        #expect(console.line(0).contains("orders › bindings"))
    }
}
