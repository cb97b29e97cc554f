import ServiceBus
import Testing

@testable import CallboardCore
@testable import Sandbox

/// Removing everything before a moment: what is planned, whatever clocks say and whoever else is at work, and nothing else.
@Suite("A purge")
struct PurgeTests {
    private func purge(_ fixture: OperatorFixture, before: Timestamp? = nil) -> ActionRequest {
        ActionRequest(.purge(before: before), in: fixture.q, .all)
    }

    private func begin(_ plan: ActionPlan, _ fixture: OperatorFixture) async throws -> Job {
        try await fixture.door.begin(try plan.confirm(.typed("q")))
    }

    /// As many milliseconds after the newest that was planned; the service's clock is two minutes behind ours.
    @Test("what comes after the plan stays, also in the same millisecond and where our clock is ahead", arguments: [Int64(0), 1, 60_000])
    func ahead(late: Int64) async throws {
        let clock = SharedClock(step: 0, behind: 120_000)
        try await OperatorFixture.run(clock: clock) { fixture in
            try await fixture.sandbox.send(2)
            clock.goOn(1)
            try await fixture.sandbox.send(3)
            let plan = try await fixture.door.propose(purge(fixture)).plan
            #expect(plan.count == 5)
            #expect(plan.closedBefore == Timestamp(milliseconds: clock.milliseconds))
            clock.goOn(late)
            try await fixture.sandbox.send(1) { message, _ in message.messageID = "late" }
            let progress = await fixture.door.run(try await begin(plan, fixture))
            #expect(progress.state == .finished)
            #expect((progress.done, progress.gone, progress.remaining) == (5, 0, 0))
            #expect(try await fixture.sandbox.peek().map(\.messageID) == ["late"])
        }
    }

    @Test("a moment that is given is held to, by the service's clock", arguments: [Int64(-1), 0, 1, 2, 1_000_000])
    func before(offset: Int64) async throws {
        let clock = SharedClock(step: 0, behind: 120_000)
        try await OperatorFixture.run(clock: clock) { fixture in
            try await fixture.sandbox.send(1)
            let first = clock.milliseconds
            clock.goOn(1)
            try await fixture.sandbox.send(1)
            let request = purge(fixture, before: Timestamp(milliseconds: first + offset))
            let older = offset <= 0 ? 0 : offset == 1 ? 1 : 2
            guard older > 0 else {
                let error = await #expect(throws: OperatorError.self) { try await fixture.door.propose(request) }
                #expect(error?.code == .notFound)
                return
            }
            #expect(try await fixture.carryOut(request).done == older)
            #expect(try await fixture.sandbox.peek().count == 2 - older)
        }
    }

    @Test("of an empty queue there is nothing to plan")
    func empty() async throws {
        try await OperatorFixture.run { fixture in
            let error = await #expect(throws: OperatorError.self) { try await fixture.door.propose(purge(fixture)) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("is not over while somebody holds some of it, says so, and is gone on with when they are let go")
    func locked() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(10)
            let stopped = try await fixture.sandbox.namespace.withReceiver(for: fixture.q) { receiver in
                #expect(try await receiver.receive(max: 4, wait: .seconds(5)).count == 4)
                return try await fixture.carryOut(purge(fixture))
            }
            #expect(stopped.state == .stopped && stopped.isResumable)
            #expect((stopped.done, stopped.gone, stopped.remaining) == (6, 0, 4))
            #expect(stopped.message?.hasPrefix("4 messages were in somebody else's hands") == true)
            #expect(try await fixture.sandbox.peek().count == 4)
            #expect(try fixture.ledger().suffix(1) == ["message.purge.partly"])
            let finished = await fixture.door.run(try await fixture.door.goOn(with: stopped.id))
            #expect(finished.state == .finished)
            #expect((finished.done, finished.gone) == (10, 0))
            #expect(try fixture.door.store.job(stopped.id).done == 10)
            #expect(try await fixture.sandbox.peek().isEmpty)
        }
    }

    @Test("what others took meanwhile is told as gone, and ends it")
    func gone() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(10)
            let job = try await begin(try await fixture.door.propose(purge(fixture)).plan, fixture)
            for number in [3, 7] {
                _ = try await fixture.sandbox.namespace.perform(.delete, onExactly: SequenceNumber(Int64(number)), in: fixture.q)
            }
            let progress = await fixture.door.run(job)
            #expect(progress.state == .finished)
            #expect((progress.done, progress.gone, progress.remaining) == (8, 2, 0))
            let read = try fixture.door.store.job(job.id)
            #expect((read.done, read.gone, read.remaining) == (8, 2, 0))
        }
    }

    @Test("a journal of a version that went by its own clock is gone on with by numbers")
    func older() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(5)
            var plan = try await fixture.door.propose(purge(fixture)).plan
            plan.action = .purge(before: .now.advanced(by: .seconds(120)))
            plan.closedBefore = nil
            let (id, journal, _) = try fixture.door.store.create(plan, rule: nil)
            for number in [1, 2] {
                _ = try await fixture.sandbox.namespace.perform(.delete, onExactly: SequenceNumber(Int64(number)), in: fixture.q)
            }
            try await journal.write(JobLine(kind: .run, at: journal.time))
            try await journal.write(JobLine(kind: .deleted, at: journal.time, count: 2))
            await journal.release()
            try await fixture.sandbox.send(1) { message, _ in message.messageID = "late" }
            let progress = await fixture.door.run(try await fixture.door.goOn(with: id))
            #expect(progress.state == .finished)
            #expect((progress.done, progress.gone) == (5, 0))
            #expect(try await fixture.sandbox.peek().map(\.messageID) == ["late"])
            let read = try fixture.door.store.job(id)
            #expect((read.state, read.done) == (.finished, 5))
        }
    }

    @Test("an import warns of an export whose job left some of it where it was, until that is gone on with")
    func leftPart() async throws {
        try await OperatorFixture.run { fixture in
            try await fixture.sandbox.send(20)
            var request = ActionRequest(.delete, in: fixture.q, .all)
            request.export = ""
            let job = try await begin(try await fixture.door.propose(request).plan, fixture)
            job.control.cancel()
            let stopped = await fixture.door.run(job)
            #expect((stopped.state, stopped.done) == (.cancelled, 0))
            let file = try #require(stopped.export)
            let importing = ActionRequest(.importing(file: file), in: fixture.q, .all)
            func warning() async throws -> PlanRemark? {
                try await fixture.door.propose(importing).plan.remarks.first { $0.kind == .unfinishedJob }
            }
            let found = try #require(try await warning())
            #expect((found.weight, found.count) == (.warning, 20))
            #expect(found.remedy.hasSuffix("callboard jobs resume \(job.id)"))
            _ = await fixture.door.run(try await fixture.door.goOn(with: job.id))
            #expect(try await warning() == nil)
            #expect(try await fixture.carryOut(importing).done == 20)
            #expect(try await fixture.sandbox.peek().count == 20)
        }
    }
}
