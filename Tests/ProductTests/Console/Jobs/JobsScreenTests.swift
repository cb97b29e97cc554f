import ServiceBus
import Testing

@testable import CallboardCore
@testable import Console

/// The list of jobs, one of them, and leaving while some run.
@Suite struct JobsScreenTests {
    private let isResume = { (request: Request) in if case .resume = request { true } else { false } }

    /// A job of this console that was gone on with and is under way.
    private func running() -> ConsoleHarness {
        var console = ConsoleHarness { request in if case .resume = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("gjR")
        console.answer(.success([.jobProgress(Fixture.job(12, .running, done: 31_300, of: 48_110))]), isLast: false, to: isResume)
        return console
    }

    @Test("a job that was interrupted is gone on with; it then tells by itself")
    func resume() {
        var console = running()
        #expect(console.asked.contains(.resume(12, Justification())))
        #expect(console.text.contains("31,300 / 48,110") && console.line(0).contains("▶ #12 65 %"))
        console.answer(.success([.jobProgress(Fixture.job(12, .running, done: 40_000, of: 48_110))]), isLast: false, to: isResume)
        #expect(console.text.contains("40,000 / 48,110"))
        console.answer(.success([.jobProgress(Fixture.job(12, .finished, done: 48_110, of: 48_110))]), to: isResume)
        #expect(console.text.contains("48,110 / 48,110") && !console.line(0).contains("▶"))
    }

    @Test("p lets it wait and go on, c stops it")
    func orders() {
        var console = running()
        console.type("p")
        #expect(console.asked.last == .order(.pause, 12))
        console.answer(.success([.jobProgress(Fixture.job(12, .paused, done: 31_400, of: 48_110))]), isLast: false, to: isResume)
        #expect(console.line(0).contains("▶ #12 paused"))
        console.type("p")
        #expect(console.asked.last == .order(.goOn, 12))
        console.type("c")
        #expect(console.asked.last == .order(.cancel, 12))
    }

    @Test("what is over cannot be gone on with, and what another process runs is left to it")
    func unavailable() {
        var console = ConsoleHarness { request in
            if case .jobs = request {
                return .success([.jobs([JobEntry(id: 3, progress: .success(Fixture.job(3, .running, done: 1, of: 2)))])])
            }
            return ConsoleHarness.usual(request)
        }
        console.type("gjp")
        #expect(console.line(22).contains("pause: another process runs it"))
        console.type("R")
        #expect(console.line(22).contains("resume: another process runs it"))
        var others = ConsoleHarness()
        others.type("gjjR")
        #expect(others.line(22).contains("resume: it is over: there is nothing to go on with"))
        others.type("c")
        #expect(others.line(22).contains("cancel: it does not run"))
    }

    @Test("while another process runs a job the list is read again now and then, else never")
    func refreshing() {
        var console = ConsoleHarness { request in
            if case .jobs = request {
                return .success([.jobs([JobEntry(id: 3, progress: .success(Fixture.job(3, .running, done: 1, of: 2)))])])
            }
            return ConsoleHarness.usual(request)
        }
        console.type("gj")
        #expect(console.app.top.refreshDue(console.app.model) == Fixture.now.advanced(by: .seconds(2)))
        console.now = Fixture.now.advanced(by: .seconds(2))
        console.wake()
        #expect(console.asked.count { if case .jobs = $0 { true } else { false } } == 2)
        var idle = ConsoleHarness()
        idle.type("gj")
        #expect(idle.app.top.refreshDue(idle.app.model) == nil)
    }

    @Test("quitting while a job runs asks, and says that it can be gone on with")
    func quitting() {
        var console = running()
        console.type("Q")
        #expect(console.line(22).hasPrefix("a job runs; quit?:"))
        #expect(console.text.contains("#12 stops between messages and can be gone on with"))
        console.type("<Enter>")
        #expect(!console.effects.contains { if case .quit = $0 { true } else { false } })
        console.type("Qyes<Enter>")
        #expect(console.effects.contains { if case .quit(0) = $0 { true } else { false } })
    }

    @Test("one that failed to go on is told, and nothing runs")
    func refusedResume() {
        var console = ConsoleHarness { request in
            if case .resume = request { return .failure(OperatorError(.conflict, "Another process runs this job at the moment.")) }
            return ConsoleHarness.usual(request)
        }
        console.type("gjR")
        #expect(console.line(22).contains("Another process runs this job at the moment."))
        #expect(!console.app.isLoading)
    }

    @Test("what the policy wants to know before a job is gone on with is asked for, one after the other")
    func justified() {
        var console = ConsoleHarness { request in
            guard case .resume(_, let why) = request else { return ConsoleHarness.usual(request) }
            if why.reason == nil { return .failure(Self.wantsReason) }
            if why.ticket == nil {
                let denial = Denial(.ticketMissing("INC", given: nil), "Denied without a ticket.", remedy: "Give a ticket.")
                return .failure(denial.operatorError)
            }
            return ConsoleHarness.usual(request)
        }
        console.type("gjR")
        #expect(console.line(22).hasPrefix("reason:") && console.text.contains("Give a reason. Denied without a reason. [reason]"))
        console.type("<Enter>")
        #expect(console.text.contains("! the policy wants a reason; esc: nothing happens"))
        console.type("cleared up<Enter>")
        #expect(console.line(22).hasPrefix("ticket:"))
        console.type("INC-1<Enter>")
        #expect(console.asked.last == .resume(12, Justification(reason: "cleared up", ticket: "INC-1")))
        #expect(console.text.contains("31,300 / 48,110"))
    }

    private static let wantsReason = Denial(.reasonMissing, "Denied without a reason.", remedy: "Give a reason.").operatorError

    @Test("what is refused for something else is told, and nothing is asked: not even where the rule is called like what may be missing")
    func refusedOtherwise() {
        for name in ["no-redrive", "reason"] {
            var console = ConsoleHarness { request in if case .resume = request { nil } else { ConsoleHarness.usual(request) } }
            console.type("gjR")
            console.answer(.failure(Denial(.rule(name), "It is denied.", remedy: "").operatorError), to: isResume)
            #expect(console.app.model.log.last?.text.contains("It is denied. [\(name)]") == true)
            #expect(!console.line(22).hasPrefix("reason:"))
            #expect(!console.app.isLoading)
        }
    }

    @Test("while something is typed nothing is asked between: it is told")
    func refusedWhileTyping() {
        var console = ConsoleHarness { request in if case .resume = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("gjR/wor")
        console.answer(.failure(Self.wantsReason), to: isResume)
        #expect(console.app.model.log.last?.text.contains("Denied without a reason.") == true)
        console.type("d")
        #expect(console.text.contains("word") && !console.text.contains("reason: "))
        #expect(!console.app.isLoading)
    }

    @Test("while a job is being gone on with it is not gone on with again, and leaving is asked first")
    func resuming() {
        var console = ConsoleHarness { request in if case .resume = request { nil } else { ConsoleHarness.usual(request) } }
        console.type("gjRR")
        #expect(console.line(22).contains("resume: it is being gone on with; wait for the answer"))
        #expect(console.asked.count(where: isResume) == 1)
        console.type("Q")
        #expect(console.line(22).hasPrefix("a job runs; quit?:") && console.text.contains("#12 stops between messages"))
    }

    @Test("what is told of a job after its end does not make it run again")
    func late() throws {
        var console = running()
        let load = try #require(console.waiting.first { isResume($0.request) }).id
        console.answer(.success([.jobProgress(Fixture.job(12, .finished, done: 48_110, of: 48_110))]), to: isResume)
        console.send(.answer(load, .jobProgress(Fixture.job(12, .running, done: 48_000, of: 48_110))))
        #expect(!console.app.model.jobs.isRunning(12) && !console.line(0).contains("▶"))
        #expect(console.text.contains("48,110 / 48,110"))
    }

    @Test("a journal that cannot be read is told of on the job's screen")
    func unreadable() {
        var console = ConsoleHarness { request in
            if case .job = request { return .failure(OperatorError(.usage, "10.job is damaged in line 3.")) }
            return ConsoleHarness.usual(request)
        }
        console.type("gjjj<Enter>")
        #expect(console.text.contains("journal     ! 10.job is damaged in line 3. ^R reads it again."))
        console.type("<C-r>")
        #expect(console.asked.count { if case .job = $0 { true } else { false } } == 2)
    }

    @Test("figures of a damaged journal are cut, and nothing traps")
    func damaged() {
        var fast = Fixture.job(1, .running, done: .max, of: .max)
        fast.elapsed = Duration(secondsComponent: 0, attosecondsComponent: 1)
        var slow = Fixture.job(2, .running, done: 1, of: .max)
        slow.elapsed = .seconds(Int64.max)
        var backwards = Fixture.job(3, .running, done: .min, of: .min)
        backwards.elapsed = .seconds(Int64.min)
        let jobs = [fast, slow, backwards]
        #expect(jobs.map(JobFigures.rateText) == ["1,000,000,000/s", "0/s", nil])
        #expect(jobs.map(JobFigures.left) == [.zero, nil, nil])
        var console = ConsoleHarness { request in
            if case .jobs = request { return .success([.jobs(jobs.map { JobEntry(id: $0.id, progress: .success($0)) })]) }
            if case .job = request { return nil }
            return ConsoleHarness.usual(request)
        }
        console.type("gjG<Enter>")
        #expect(console.text.contains("1,000,000,000/s"))
    }

    @Test("percents, bars, rates and what is left")
    func figures() {
        #expect(JobFigures.percent(0, of: 0) == 0 && JobFigures.percent(999, of: 1000) == 99 && JobFigures.percent(1000, of: 1000) == 100)
        #expect(JobFigures.bar(0, of: 10, width: 4) == "░░░░" && JobFigures.bar(1, of: 1000, width: 4) == "█░░░")
        #expect(JobFigures.bar(10, of: 10, width: 4) == "████" && JobFigures.bar(11, of: 10, width: 4) == "████")
        #expect(JobFigures.bar(1, of: 0, width: 4) == "")
        var job = Fixture.job(1, .running, done: 800, of: 1600)
        #expect(JobFigures.rate(job) == 10 && JobFigures.left(job) == .seconds(80))
        job.elapsed = .zero
        #expect(JobFigures.rate(job) == nil && JobFigures.left(job) == nil)
    }
}
