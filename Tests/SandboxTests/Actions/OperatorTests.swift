import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore
@testable import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("The door to every change", .timeLimit(.minutes(5)))
struct OperatorTests {
    @Test("a redrive is planned, agreed to, done, and in the ledger before and after")
    func redrives() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(250) { $0.subject = $1 % 2 == 0 ? "even" : "odd" }
            let filter = try SQLFilter("sys.Label = 'odd'", dialect: .operatorExpression)
            let request = ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .condition(filter))
            let proposal = try await fixture.door.propose(request)
            #expect(proposal.plan.count == 125)
            #expect(proposal.plan.action.target == fixture.q)
            #expect(proposal.verdict.description == "allow:built-in:emulator")
            #expect(proposal.demand == .typed("q/$deadletterqueue"))
            #expect(try fixture.ledger().isEmpty)
            let progress = try await fixture.carryOut(request)
            #expect(progress.state == .finished)
            #expect(progress.done == 125)
            #expect(try await fixture.sandbox.bodies(fixture.q) == stride(from: 1, to: 250, by: 2).map(String.init))
            #expect(try await fixture.sandbox.bodies(fixture.q.deadLetter) == stride(from: 0, to: 250, by: 2).map(String.init))
            #expect(try fixture.ledger() == ["message.redrive.intended", "message.redrive.done"])
            #expect(try fixture.door.store.job(progress.id).state == .finished)
        }
    }

    @Test("of a list of which one message is too large the others are sent, and error and ledger say so")
    func partlySent() async throws {
        try await OperatorFixture.run { fixture in
            let (workspace, q) = (fixture.workspace, fixture.q)
            func send(_ sizes: [Int]) async -> OperatorError? {
                let messages = sizes.map { OutgoingMessage(body: .data([UInt8](repeating: 120, count: $0))) }
                return await #expect(throws: OperatorError.self) {
                    try await fixture.door.change(.sendMessage, on: q, messages: messages.count) { permission throws(OperatorError) in
                        try await workspace.send(messages, to: q, with: permission)
                    }
                }
            }
            let error = await send([1, 300_000, 1])
            #expect(error?.exitCode == 5)
            #expect(error?.shortfall == SendShortfall(count: 3, notSent: [1]))
            #expect(try await fixture.sandbox.bodies() == ["x", "x"])
            #expect(await send([300_000])?.exitCode == 1)
            let stages = ["message.send.intended", "message.send.partly", "message.send.intended", "message.send.failed"]
            #expect(try fixture.ledger() == stages)
            let written = try #require(FileManager.default.contents(atPath: fixture.folder + "/audit.jsonl"))
            let records = String(decoding: written, as: UTF8.self).split(separator: "\n")
            #expect(records[1].contains(#""counts":{"planned":3,"done":2,"failed":1,"unknown":0}"#), "\(records[1])")
            #expect(records[3].contains(#""counts":{"planned":1,"done":0,"failed":1,"unknown":0}"#), "\(records[3])")
        }
    }

    @Test("what the policy does not allow is not done; the rule's name is told and in the ledger")
    func refuses() async throws {
        let policy = try policy(
            """
            version: 1
            environments: { test: {} }
            allow:
              - { id: look, who: ["user:tester"], action: [message.peek], scope: "**" }
            deny:
              - { id: no-redrive, action: [message.redrive] }
            """)
        try await OperatorFixture.run(policy: policy, context: OperatorContext(name: "test", environment: "test")) { fixture in
            try await fixture.sendDead(3)
            let error = await #expect(throws: OperatorError.self) {
                try await fixture.carryOut(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all))
            }
            #expect(error?.exitCode == 3)
            #expect(error?.message.contains("no-redrive") == true, "\(error?.description ?? "")")
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).count == 3)
            #expect(try fixture.ledger() == ["message.redrive.refused"])
            #expect(fixture.door.store.ids.isEmpty)
        }
    }

    @Test("a rule about queues is about their dead letters too, and about where messages go as well as where they are")
    func scopes() async throws {
        let policy = try policy(
            """
            version: 1
            allow:
              - { id: own, who: ["user:tester"], action: [message.redrive, message.move], scope: "namespaces/*/queues/q" }
            """)
        try await OperatorFixture.run(policy: policy) { fixture in
            try await fixture.sendDead(3)
            let dead = fixture.q.deadLetter
            #expect(try await fixture.carryOut(ActionRequest(.redrive(to: nil), in: dead, .all)).done == 3)
            try await fixture.sendDead(2)
            for wish in [ActionRequest.Wish.redrive(to: fixture.r), .move(to: fixture.r)] {
                let request = ActionRequest(wish, in: dead, .all)
                let refused = try await fixture.door.propose(request)
                #expect(refused.verdict.description == "deny:default")
                let error = await #expect(throws: OperatorError.self) { try await fixture.carryOut(request) }
                #expect(error?.message.contains("/queues/r is denied") == true, "\(error?.description ?? "")")
            }
            #expect(try await fixture.sandbox.peek(fixture.r).isEmpty)
            #expect(try fixture.ledger().suffix(2) == ["message.redrive.refused", "message.move.refused"])
        }
    }

    @Test("a plan is held to what rules say of both ends, and of a body that is edited on the way")
    func bothEnds() async throws {
        let policy = try policy(
            """
            version: 1
            allow:
              - { id: from, who: ["user:tester"], action: message.redrive, scope: "namespaces/*/queues/q", max_messages: 9 }
              - { id: into, who: ["user:tester"], action: message.redrive, scope: "namespaces/*/queues/r", reason: required }
            """)
        try await OperatorFixture.run(policy: policy) { fixture in
            try await fixture.sendDead(1)
            var request = ActionRequest(.redrive(to: fixture.r), in: fixture.q.deadLetter, .all)
            guard case .allowed("from", let limits) = try await fixture.door.propose(request).verdict else {
                Issue.record("it is not allowed")
                return
            }
            #expect(limits.needsReason)
            #expect(limits.maxMessages == 9)
            let error = await #expect(throws: OperatorError.self) { try await fixture.carryOut(request) }
            #expect(error?.denial == .reasonMissing)
            request.body = .data([0x7b, 0x7d])
            let edited = try await fixture.door.propose(request)
            #expect(edited.verdict.description == "deny:default")
            #expect(edited.verdict.denial?.message.hasPrefix("message.edit on ") == true)
            request.body = nil
            #expect(try await fixture.carryOut(request, reason: "the parser is fixed").done == 1)
        }
    }

    @Test("a limit of the policy lowers the usual rate, and refuses one that was asked for: no rate is above all")
    func rates() async throws {
        let policy = try policy(
            """
            version: 1
            allow:
              - { id: slow, who: ["user:tester"], action: message.redrive, scope: "**", max_rate: 500/s }
            """)
        try await OperatorFixture.run(policy: policy) { fixture in
            try await fixture.sendDead(2)
            var request = ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all)
            let usual = try await fixture.door.propose(request)
            #expect(usual.plan.rate == 500)
            #expect(usual.verdict.isAllowed)
            request.rate = 0
            #expect(try await fixture.door.propose(request).verdict.description == "deny:rate>500/s")
            request.rate = 501
            #expect(try await fixture.door.propose(request).verdict.description == "deny:rate>500/s")
            request.rate = 499
            #expect(try await fixture.carryOut(request).done == 2)
        }
    }

    @Test("a rule that wants a reason gets it from whoever goes on with a job too")
    func reasonToGoOn() async throws {
        let policy = try policy(
            """
            version: 1
            allow:
              - { id: why, who: ["user:tester"], action: message.redrive, scope: "**", reason: required, ticket: "INC-[0-9]+" }
            """)
        try await OperatorFixture.run(policy: policy) { fixture in
            try await fixture.sendDead(2)
            let proposal = try await fixture.door.propose(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all))
            let confirmation = try proposal.plan.confirm(.typed("q/$deadletterqueue"))
            await #expect(throws: OperatorError.self) { try await fixture.door.begin(confirmation) }
            let job = try await fixture.door.begin(confirmation, reason: "fixed", ticket: "INC-1")
            job.control.cancel()
            #expect(await fixture.door.run(job).state == .cancelled)
            let error = await #expect(throws: OperatorError.self) { try await fixture.door.goOn(with: job.id, reason: "fixed") }
            #expect(error?.message.contains("ticket") == true)
            let again = try await fixture.door.goOn(with: job.id, reason: "fixed", ticket: "INC-2")
            #expect(await fixture.door.run(again).done == 2)
        }
    }

    @Test("an export is asked of the policy with what it takes: what goes beyond is refused, and the ledger has both")
    func exports() async throws {
        let policy = try policy(
            """
            version: 1
            allow:
              - { id: few, who: ["user:tester"], action: message.export, scope: "namespaces/*/queues/q", max_messages: 3 }
            """)
        try await OperatorFixture.run(policy: policy) { fixture in
            let (door, file) = (fixture.door, fixture.folder + "/out.cbx")
            try await fixture.sandbox.send(3)
            #expect(try await door.export(fixture.q, ExportOptions(), to: file).count == 3)
            try await fixture.sandbox.send(1)
            let more = fixture.folder + "/more.cbx"
            let elsewhere = await #expect(throws: OperatorError.self) { try await door.export(fixture.r, ExportOptions(), to: more) }
            #expect(elsewhere?.message.contains("message.export") == true)
            #expect(elsewhere?.message.contains("default") == true)
            let error = await #expect(throws: OperatorError.self) { try await door.export(fixture.q, ExportOptions(), to: more) }
            #expect(error?.message.contains("messages>3") == true, "\(error?.description ?? "")")
            #expect(!FileManager.default.fileExists(atPath: more))
            #expect(
                try fixture.ledger() == [
                    "message.export.intended", "message.export.done", "message.export.refused", "message.export.intended",
                    "message.export.refused",
                ])
            var done: [Int64?] = []
            try AuditLedger.verify(fixture.folder + "/audit.jsonl") { record in
                if record.type == "message.export.done" { done.append(record.value["counts"]?["done"]?.integer) }
            }
            #expect(done == [3])
        }
    }

    @Test("without a ledger or a journal nothing is done", arguments: [0, 1, 2])
    func needsItsRecords(writes: Int) async throws {
        // The intent is the first that is written, the journal's plan the second, its first batch the third and later.
        let disk = FillingDisk(writes)
        try await OperatorFixture.run(system: disk.system) { fixture in
            try await fixture.sendDead(30)
            do {
                let progress = try await fixture.carryOut(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all))
                #expect(progress.state == .stopped)
            } catch let error as OperatorError {
                #expect(error.code == .refused)
                #expect(error.message.contains("the disk is full"), "\(error)")
            }
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).count == 30)
            #expect(try await fixture.sandbox.peek(fixture.q).isEmpty)
            #expect(try await fixture.sandbox.locked(fixture.q.deadLetter).isEmpty)
        }
    }

    @Test("a plan is for the messages that were there: others are not touched, and when its own are gone it is not begun")
    func snapshot() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(5)
            let proposal = try await fixture.door.propose(ActionRequest(.delete, in: fixture.q.deadLetter, .all))
            let confirmation = try proposal.plan.confirm(.typed("q/$deadletterqueue"))
            try await fixture.sendDead(2)
            let job = try await fixture.door.begin(confirmation)
            #expect(await fixture.door.run(job).done == 5)
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).count == 2)
            let error = await #expect(throws: OperatorError.self) { try await fixture.door.begin(confirmation) }
            #expect(error?.code == .conflict)
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).count == 2)
        }
    }

    @Test("what is deleted or purged is exported first, and an import puts it back", arguments: [true, false])
    func undo(isPurge: Bool) async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(130) {
                $0.applicationProperties = [.init(name: "n", value: .init(typeName: "int", content: .integer(Int64($1))))]
            }
            var request = ActionRequest(isPurge ? .purge(before: nil) : .delete, in: fixture.q.deadLetter, .all)
            request.export = ""
            let progress = try await fixture.carryOut(request)
            #expect(progress.state == .finished)
            #expect(progress.done == 130)
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).isEmpty)
            let file = try #require(progress.export)
            let back = try await fixture.carryOut(ActionRequest(.importing(file: file), in: fixture.q, .all))
            #expect(back.done == 130)
            #expect(try await fixture.sandbox.bodies(fixture.q) == (0..<130).map(String.init))
            let properties = try await fixture.sandbox.peek(fixture.q).map { $0.applicationProperties.map(\.value) }
            #expect(properties == (0..<130).map { [PropertyValue(typeName: "int", content: .integer(Int64($0)))] })
        }
    }

    @Test("what was alive comes back with all it had, also what a redrive would leave out")
    func undoAlive() async throws {
        try await OperatorFixture.run { fixture in
            let names = ["DeadLetterReason", "MT-Fault-Message", "k"]
            try await fixture.sandbox.send(3) { message, _ in
                message.applicationProperties = names.map { .init(name: $0, value: .init(typeName: "string", content: .text("v"))) }
            }
            var request = ActionRequest(.delete, in: fixture.q, .all)
            request.export = ""
            let file = try #require(try await fixture.carryOut(request).export)
            #expect(try await fixture.sandbox.peek().isEmpty)
            #expect(try await fixture.carryOut(ActionRequest(.importing(file: file), in: fixture.q, .all)).done == 3)
            #expect(try await fixture.sandbox.peek().allSatisfy { $0.applicationProperties.map(\.name) == names })
        }
    }

    @Test("an export that cannot be written keeps everything where it is")
    func exportFails() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(4)
            var request = ActionRequest(.delete, in: fixture.q.deadLetter, .all)
            request.export = "/dev/null/no/such/folder.cbx"
            let progress = try await fixture.carryOut(request)
            #expect(progress.state == .stopped)
            #expect(progress.done == 0)
            #expect(try await fixture.sandbox.peek(fixture.q.deadLetter).count == 4)
            #expect(try fixture.ledger() == ["message.delete.intended", "message.delete.failed"])
        }
    }

    @Test("a job pauses, goes on, and stops between messages; a stopped one is gone on with")
    func pauses() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(400)
            var request = ActionRequest(.redrive(to: fixture.r), in: fixture.q.deadLetter, .all)
            // Slow enough not to be over before anybody looks, on a machine that does other things too.
            request.rate = 20
            let proposal = try await fixture.door.propose(request)
            let job = try await fixture.door.begin(try proposal.plan.confirm(.typed("q/$deadletterqueue")))
            let (door, sandbox) = (fixture.door, fixture.sandbox)
            let run = Task { await door.run(job) }
            #expect(try await eventually { try await !sandbox.peek(sandbox.r).isEmpty })
            job.control.pause()
            #expect(await eventually { await job.progress.state == .paused })
            // Nothing is locked while it waits.
            #expect(try await sandbox.locked(fixture.q.deadLetter).isEmpty)
            let seen = try await sandbox.peek(sandbox.r).count
            #expect(seen < 400)
            job.control.goOn()
            #expect(try await eventually { try await sandbox.peek(sandbox.r).count > seen })
            job.control.cancel()
            let stopped = await run.value
            #expect(stopped.state == .cancelled)
            #expect(try await sandbox.locked(fixture.q.deadLetter).isEmpty)
            #expect(try fixture.door.store.job(job.id).isResumable)
            let again = try await fixture.door.goOn(with: job.id)
            again.control.goOn()
            let finished = await fixture.door.run(again)
            #expect(finished.state == .finished)
            #expect(finished.done == 400)
            let arrived = try await sandbox.bodies(sandbox.r)
            #expect(arrived.sorted() == (0..<400).map(String.init).sorted())
            let over = await #expect(throws: OperatorError.self) { try await door.goOn(with: job.id) }
            #expect(over?.code == .conflict)
        }
    }

    /// An export of messages with the bodies `0`, `1` and so on, which are in no queue any more.
    private func export(_ count: Int, _ fixture: OperatorFixture) async throws -> String {
        try await fixture.sandbox.send(count)
        var request = ActionRequest(.delete, in: fixture.q, .all)
        request.export = ""
        return try #require(try await fixture.carryOut(request).export)
    }

    private func slowImport(_ file: String, _ fixture: OperatorFixture) async throws -> Job {
        var request = ActionRequest(.importing(file: file), in: fixture.q, .all)
        request.rate = 60
        let proposal = try await fixture.door.propose(request)
        return try await fixture.door.begin(try proposal.plan.confirm(proposal.demand.phrase.map { .typed($0) } ?? .yes))
    }

    @Test("an import that pauses before its last messages sends them when it goes on")
    func pausesImport() async throws {
        try await OperatorFixture.run { fixture in
            let file = try await export(130, fixture)
            let job = try await slowImport(file, fixture)
            let (door, sandbox) = (fixture.door, fixture.sandbox)
            let run = Task { await door.run(job) }
            #expect(try await eventually { try await sandbox.peek().count >= 60 })
            job.control.pause()
            #expect(await eventually { await job.progress.state == .paused })
            #expect(try await sandbox.peek().count < 130)
            job.control.goOn()
            #expect(await run.value.state == .finished)
            #expect(try await sandbox.bodies() == (0..<130).map(String.init))
        }
    }

    @Test("an import that is refused on the way goes on where it stood: nothing is left out or sent twice")
    func refusedImport() async throws {
        try await OperatorFixture.run { fixture in
            let file = try await export(200, fixture)
            let job = try await slowImport(file, fixture)
            let (door, sandbox) = (fixture.door, fixture.sandbox)
            let run = Task { await door.run(job) }
            #expect(try await eventually { try await !sandbox.peek().isEmpty })
            try await set("send-disabled", fixture)
            let stopped = await run.value
            #expect(stopped.state == .stopped)
            let arrived = try await sandbox.peek().count
            #expect(stopped.done == arrived)
            try await set("active", fixture)
            let again = try await door.goOn(with: job.id)
            #expect(await door.run(again).state == .finished)
            #expect(try await sandbox.bodies() == (0..<200).map(String.init))
        }
    }

    private func set(_ status: String, _ fixture: OperatorFixture) async throws {
        let settings = try await fixture.workspace.settings(of: .queue(fixture.q))
        try await fixture.door.carryOut(try EntityChange.updating(settings, [SettingInput("status", status)]))
    }

    @Test("a change that is done and cannot be written down afterwards is not told as not done")
    func doneAndUnwritten() async throws {
        let disk = FillingDisk(1)
        try await OperatorFixture.run(system: disk.system) { fixture in
            let error = await #expect(throws: OperatorError.self) { try await self.set("send-disabled", fixture) }
            #expect(error?.code == .partlyDone)
            #expect(error?.message.contains("It is done") == true)
            let status = try await fixture.workspace.entity(fixture.q).status
            #expect(status == .sendDisabled)
        }
    }

    @Test("where messages are masked, none is written to a file as it is: what is destroyed needs a word for that")
    func masked() async throws {
        var context = OperatorContext(name: "test")
        context.masking.isEnabled = true
        try await OperatorFixture.run(context: context) { fixture in
            try await fixture.sandbox.send(2)
            var request = ActionRequest(.delete, in: fixture.q, .all)
            request.export = ""
            let plan = try await fixture.door.propose(request).plan
            #expect(plan.blockers.map(\.kind) == [.notExported])
            #expect(throws: OperatorError.self) { try plan.confirm(.typed("q")) }
            request.export = nil
            #expect(try await fixture.carryOut(request).done == 2)
        }
    }

    @Test("several jobs run at once")
    func several() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sendDead(200)
            try await fixture.sandbox.send(200, to: fixture.r)
            async let first = fixture.carryOut(ActionRequest(.redrive(to: nil), in: fixture.q.deadLetter, .all))
            async let second = fixture.carryOut(ActionRequest(.deadLetter(reason: "x", description: nil), in: fixture.r, .all))
            let (one, two) = try await (first, second)
            #expect(one.state == .finished && two.state == .finished)
            #expect(one.id != two.id)
            #expect(try await fixture.sandbox.peek(fixture.r.deadLetter).count == 200)
            #expect(try await fixture.sandbox.peek(fixture.q).count == 200)
        }
    }

    private func policy(_ text: String) throws -> Policy {
        let (policy, problems) = PolicyFile.parse(Array(text.utf8), file: "policy.yaml")
        #expect(problems.isEmpty, "\(problems)")
        return try #require(policy)
    }
}

/// A disk that takes so many writes.
final class FillingDisk: Sendable {
    private let left: Mutex<Int>

    init(_ writes: Int) { left = Mutex(writes) }

    var system: LedgerSystem {
        var system = LedgerSystem.real
        let real = system.write
        system.write = { [self] descriptor, bytes in
            let isFull = left.withLock { left in
                defer { left -= 1 }
                return left <= 0
            }
            return isFull ? (-1, ENOSPC) : real(descriptor, bytes)
        }
        return system
    }
}
