import AzureResources
import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Making keys anew")
struct KeyRotationTests {
    @Test("a round has four steps, and the grace period is not cut short")
    func wholeRound() async throws {
        let world = KeyWorld()
        guard case .waiting(let end) = try await world.rotation().advance(world.rule, world.options) else {
            Issue.record("the old key was ended at once")
            return
        }
        #expect(end.milliseconds == 1_764_000_000_000 + 3_600_000)
        world.state.withLock {
            #expect($0.primary == "primary-0", "the key that consumers have was touched")
            #expect($0.sink?.hasSuffix("=secondary-1") == true)
        }
        world.pass(.seconds(3599))
        #expect(try await world.rotation().advance(world.rule, world.options) == .waiting(until: end))
        world.pass(.seconds(1))
        #expect(try await world.rotation().advance(world.rule, world.options) == .done)
        let standing = try #require(try world.store.standing(of: world.rule))
        #expect(standing.active == .secondary && standing.phase == .resting(since: standing.rotatedAt))
        world.state.withLock {
            #expect($0.primary == "primary-2" && $0.secondary == "secondary-1" && $0.faults.isEmpty)
            #expect($0.tags.map(\.active) == [.secondary, .secondary] && $0.tags.map(\.isUnderWay) == [true, false])
        }
    }

    @Test("the next round makes the other key anew first, and asks for nothing")
    func nextRound() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        world.pass(.seconds(3600))
        _ = try await world.rotation().advance(world.rule, world.options)
        var options = KeyRotation.Options()
        options.waits = true
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        world.state.withLock {
            #expect($0.sink?.hasSuffix("=primary-3") == true && $0.secondary == "secondary-4" && $0.faults.isEmpty)
        }
    }

    @Test("killed before any one of its steps, it goes on where it was, and consumers have a working key at every step")
    func killedAnywhere() async throws {
        var step = 1
        while true {
            let world = KeyWorld()
            world.restart(killedBefore: step)
            let first = try? await world.rotation().advance(world.rule, world.options)
            let wasKilled = world.state.withLock(\.isDead)
            try await finish(world, after: first)
            let faults = world.state.withLock(\.faults)
            #expect(faults.isEmpty, "killed before step \(step): \(faults)")
            guard wasKilled else { break }
            step += 1
        }
        #expect(step > 15, "only \(step) steps were killed")
        // The same on the way from the grace period to the end.
        step = 1
        while true {
            let world = KeyWorld()
            _ = try await world.rotation().advance(world.rule, world.options)
            world.pass(.seconds(3600))
            world.restart(killedBefore: step)
            let second = try? await world.rotation().advance(world.rule, world.options)
            let wasKilled = world.state.withLock(\.isDead)
            if second != .done { try await finish(world, after: nil) }
            let faults = world.state.withLock(\.faults)
            #expect(faults.isEmpty, "killed before step \(step) of the end: \(faults)")
            guard wasKilled else { break }
            step += 1
        }
        #expect(step > 8, "only \(step) steps of the end were killed")
    }

    @Test("killed twice", arguments: 1...24)
    func killedTwice(first: Int) async throws {
        for second in 1...14 {
            let world = KeyWorld()
            world.restart(killedBefore: first)
            _ = try? await world.rotation().advance(world.rule, world.options)
            world.restart(killedBefore: second)
            _ = try? await world.rotation().advance(world.rule, world.options)
            try await finish(world, after: nil)
            let faults = world.state.withLock(\.faults)
            #expect(faults.isEmpty, "killed before \(first) and then before \(second): \(faults)")
        }
    }

    /// Runs processes that nobody kills until the round is over.
    private func finish(_ world: KeyWorld, after first: KeyRotation.Outcome?) async throws {
        var outcome = first
        for _ in 0..<4 where outcome != .done {
            world.restart()
            if case .waiting = outcome { world.pass(.seconds(3600)) }
            // A round that is over already is not begun anew: nothing is as old as that.
            var options = world.options
            options.active = nil
            if try world.store.standing(of: world.rule) == nil { options.active = "primary" }
            options.maxAge = .seconds(86_400)
            outcome = try await world.rotation().advance(world.rule, options)
            if case .young = outcome { break }
        }
        let standing = try #require(try world.store.standing(of: world.rule))
        guard case .resting(since: .some) = standing.phase else {
            Issue.record("the round is not over: \(standing.phase)")
            return
        }
        world.state.withLock {
            #expect($0.primary != "primary-0" && $0.secondary != "secondary-0", "a key is still the old one")
            #expect($0.sink?.hasSuffix("=" + (standing.active == .primary ? $0.primary : $0.secondary)) == true)
        }
        #expect(try AuditLedger.verify(world.ledgerPath).isIntactOrTorn)
    }

    @Test("a key that somebody else made anew ends the round, whichever it is, and no key is touched after that")
    func foreignChange() async throws {
        for isPrimary in [true, false] {
            let world = KeyWorld()
            _ = try await world.rotation().advance(world.rule, world.options)
            world.state.withLock { if isPrimary { $0.primary = "theirs" } else { $0.secondary = "theirs" } }
            let before = world.state.withLock { ($0.primary, $0.secondary, $0.made) }
            world.state.withLock { $0.now += 3_600_000 }
            let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
            #expect(error?.code == .conflict && error?.message.contains("Somebody else changed") == true)
            #expect(world.state.withLock { ($0.primary, $0.secondary, $0.made) } == before)
            #expect(error?.description.contains("theirs") == false, "a key is in the error")
        }
    }

    @Test("after a foreign change the keys are taken as they are when somebody says which one consumers have")
    func adopting() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        world.state.withLock { ($0.secondary, $0.slow, $0.sink) = ("theirs", "theirs", "Endpoint=sb://n/;SharedAccessKey=theirs") }
        var options = world.options
        options.active = nil
        let error = await failure { () throws(OperatorError) in try await world.rotation().adopt(world.rule, options) }
        #expect(error?.code == .usage)
        options.active = "secondary"
        try await world.rotation().adopt(world.rule, options)
        options.waits = true
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        world.state.withLock { #expect($0.faults.isEmpty && $0.sink?.hasSuffix("=" + $0.primary) == true) }
    }

    @Test("what is missing is found out while nothing has changed")
    func refusals() async throws {
        let world = KeyWorld()
        for (change, code) in [
            ({ $0.active = nil }, OperatorError.Code.usage), ({ $0.sink = nil }, .usage), ({ $0.active = "third" }, .usage),
        ] as [((inout KeyRotation.Options) -> Void, OperatorError.Code)] {
            var options = world.options
            change(&options)
            let asked = options
            let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, asked) }
            #expect(error?.code == code)
        }
        world.state.withLock { $0.sink = "something of somebody else's" }
        let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(error?.code == .refused)
        world.state.withLock { #expect($0.made == 0) }
    }

    @Test("the old key is not ended while the sink does not hold the new one")
    func sinkChanged() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        world.state.withLock {
            $0.sink = nil
            $0.now += 3_600_000
        }
        let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(error?.code == .conflict)
        world.state.withLock { #expect($0.primary == "primary-0") }
    }

    @Test("the policy decides whether, and how long both keys work at least")
    func policy() async throws {
        let world = KeyWorld()
        let text = """
            version: 1
            allow:
              - {id: rotate, who: ["user:olga"], action: [secret.rotate], scope: "namespaces/n/**", grace: 2h, max_key_age: 12h}
            """
        let policy = try #require(PolicyFile.parse(Array(text.utf8), file: "p.yaml").policy)
        let short = await failure { () throws(OperatorError) in
            _ = try await world.rotation(policy: policy).advance(world.rule, world.options)
        }
        #expect(short?.code == .refused && short?.message.contains("2h") == true)
        var options = world.options
        options.grace = nil
        guard case .waiting(let end) = try await world.rotation(policy: policy).advance(world.rule, options) else {
            Issue.record("not waited for")
            return
        }
        #expect(end.milliseconds == 1_764_000_000_000 + 7_200_000)
        let other = KeyWorld()
        let none = try #require(PolicyFile.parse(Array("version: 1".utf8), file: "p.yaml").policy)
        let denied = await failure { () throws(OperatorError) in
            _ = try await other.rotation(policy: none).advance(other.rule, other.options)
        }
        #expect(denied?.code == .refused)
        other.state.withLock { #expect($0.made == 0) }
        #expect(try AuditFixture.lines(other.ledgerPath).contains { $0.contains("secret.rotate.refused") })
    }

    @Test("ledger and journal have fingerprints and correlation ids, and no key")
    func nothingSecret() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        _ = try await world.rotation().advance(world.rule, options)
        let ledger = try AuditFixture.lines(world.ledgerPath)
        let journal = try AuditFixture.lines(world.store.path(of: world.rule))
        for line in ledger + journal {
            for key in ["primary-0", "secondary-0", "secondary-1", "primary-2", "SharedAccessKey="] { #expect(!line.contains(key)) }
        }
        let print = SecretFingerprint(Secret("secondary-1")).description
        #expect(ledger.contains { $0.contains("secret.rotate.done") && $0.contains(print) && $0.contains("correlationRequestIds") })
        #expect(ledger.filter { $0.contains("secret.rotate.intended") }.count == 3)
        #expect(journal.count == 5)
    }

    @Test("keys that are young enough are left alone, and a round that is under way goes on whatever their age")
    func maxAge() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        _ = try await world.rotation().advance(world.rule, options)
        var cron = KeyRotation.Options()
        cron.maxAge = .seconds(12 * 3600)
        guard case .young = try await world.rotation().advance(world.rule, cron) else {
            Issue.record("a round was begun")
            return
        }
        world.pass(.seconds(13 * 3600))
        guard case .waiting = try await world.rotation().advance(world.rule, cron) else {
            Issue.record("no round was begun")
            return
        }
        world.pass(.seconds(3600))
        #expect(try await world.rotation().advance(world.rule, cron) == .done)
    }

    @Test("a folder of journals that cannot be looked into is an error, and one that is not there is none")
    func unreadableFolder() throws {
        let folder = try TemporaryFolder()
        #expect(KeyJournalStore(folder: folder.path + "/none").standings(host: "n").isEmpty)
        try Data().write(to: URL(filePath: folder.path + "/file"))
        let standings = KeyJournalStore(folder: folder.path + "/file").standings(host: "n")
        guard case .failure(let error)? = standings.first, standings.count == 1 else {
            Issue.record("\(standings)")
            return
        }
        #expect(error.code == .refused && error.message.contains("cannot be looked at"))
    }

    @Test("where no rule is named, what is due is done and nothing else: without a limit, or a place, no round is begun")
    func due() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        let underWay = try #require(try world.store.standing(of: world.rule))
        var options = KeyRotation.Options()
        options.grace = .seconds(60)
        let going = try #require(try KeyRotation.due(underWay, options, limit: nil, age: nil))
        #expect(going.grace == nil, "what is said of all rules is not about a round that is under way")
        // Somebody else changed a key in the first round: adopted, of an age that nobody knows.
        world.state.withLock { $0.secondary = "theirs" }
        try await world.rotation().adopt(world.rule, world.options)
        let resting = try #require(try world.store.standing(of: world.rule))
        #expect(resting.rotatedAt == nil && resting.sink != nil)
        #expect(try KeyRotation.due(resting, options, limit: nil, age: nil) == nil)
        #expect(try KeyRotation.due(resting, options, limit: .seconds(1), age: nil)?.maxAge == .seconds(1))
        options.maxAge = .seconds(2)
        #expect(try KeyRotation.due(resting, options, limit: nil, age: nil)?.maxAge == .seconds(2))
        // A rule that was only ever adopted has no place. Where nobody says how old its keys may be, nobody hears about that.
        let other = KeyWorld()
        try await other.rotation().adopt(other.rule, other.options)
        let adopted = try #require(try other.store.standing(of: other.rule))
        for (asked, limit, age) in [
            (Duration.seconds(2), nil, nil), (nil, .seconds(1), nil), (.seconds(2), .seconds(9), .seconds(3)),
        ] as [(Duration?, Duration?, Duration?)] {
            options.maxAge = asked
            let cron = options
            let error = await failure { () throws(OperatorError) in _ = try KeyRotation.due(adopted, cron, limit: limit, age: age) }
            #expect(error?.code == .conflict && error?.message.contains("no place for a new key") == true)
        }
        options.maxAge = nil
        #expect(try KeyRotation.due(adopted, options, limit: nil, age: nil) == nil)
        // By the tag another machine made them anew.
        #expect(try KeyRotation.due(adopted, options, limit: .seconds(9), age: .seconds(3)) == nil)
    }

    @Test("another machine that knows nothing of the round, or of the last one, ends no key")
    func otherMachine() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        let elsewhere = world.rotation(folder: "/other")
        let during = await failure { () throws(OperatorError) in _ = try await elsewhere.advance(world.rule, world.options) }
        #expect(during?.code == .conflict && during?.message.contains("another machine") == true)
        world.pass(.seconds(3600))
        #expect(try await world.rotation().advance(world.rule, world.options) == .done)
        let made = world.state.withLock(\.made)
        let after = await failure { () throws(OperatorError) in _ = try await elsewhere.advance(world.rule, world.options) }
        #expect(after?.code == .conflict && after?.hint.contains("keys adopt") == true)
        world.state.withLock { #expect($0.made == made && $0.faults.isEmpty) }
        var right = world.options
        (right.active, right.waits) = ("secondary", true)
        #expect(try await elsewhere.advance(world.rule, right) == .done)
        world.state.withLock { #expect($0.faults.isEmpty && $0.tags.last?.active == .primary) }
    }

    @Test("what is adopted is what the namespace says from then on")
    func adoptedTag() async throws {
        let world = KeyWorld()
        world.state.withLock { $0.tags = [RotationTag(active: .secondary, time: nil)] }
        let refused = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(refused?.code == .conflict)
        try await world.rotation().adopt(world.rule, world.options)
        #expect(world.state.withLock(\.tags.last?.active) == .primary)
        guard case .waiting = try await world.rotation().advance(world.rule, world.options) else {
            Issue.record("no round was begun")
            return
        }
    }

    @Test("a path that depends on the folder is not journalled, and not believed where it is")
    func relativePlace() async throws {
        let world = KeyWorld()
        var options = world.options
        options.sink = .file("orders.connection")
        let asked = options
        let refused = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, asked) }
        #expect(refused?.code == .usage)
        world.state.withLock { #expect($0.made == 0) }
        #expect(try world.store.standing(of: world.rule) == nil)
        options.sink = .file("orders.connection", from: "/srv/a")
        #expect(options.sink == .file("/srv/a/orders.connection"))
        #expect(SecretDestination.file("/b/x", from: "/srv/a") == .file("/b/x") && SecretDestination.file("x", from: "/") == .file("/x"))
        _ = try await world.rotation().advance(world.rule, options)
        let path = world.store.path(of: world.rule)
        let text = try AuditFixture.lines(path).map { $0.replacing("file:/srv/a/orders.connection", with: "file:orders.connection") }
        try Data((text.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
        let broken = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(broken?.code == .conflict && broken?.message.contains("not as it was written") == true)
    }

    @Test("a key that somebody else made anew behind the hand-over is taken out of the sink, and the one that works put back")
    func lateForeignChange() async throws {
        let world = KeyWorld()
        world.state.withLock { $0.others = ("after handing over", { $0.secondary = "theirs" }) }
        let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(error?.code == .conflict && error?.message.contains("in the sink again") == true)
        world.state.withLock { #expect($0.sink?.hasSuffix("=primary-0") == true && $0.primary == "primary-0") }
        // The same while both keys work.
        let other = KeyWorld()
        _ = try await other.rotation().advance(other.rule, other.options)
        other.state.withLock {
            $0.now += 3_600_000
            $0.others = ("listing", { $0.secondary = "theirs" })
        }
        let later = await failure { () throws(OperatorError) in _ = try await other.rotation().advance(other.rule, other.options) }
        #expect(later?.code == .conflict && later?.message.contains("in the sink again") == true)
        other.state.withLock { #expect($0.sink?.hasSuffix("=primary-0") == true && $0.primary == "primary-0") }
        #expect(try AuditFixture.lines(other.ledgerPath).contains { $0.contains("put-back") })
    }

    @Test("a run that goes on with the end of the old key looks at the sink again")
    func endLooksAgain() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        world.pass(.seconds(3600))
        // The tag, looking, the journal's line, looking, the tag: killed there, the journal says that the old key is to be ended.
        world.restart(killedBefore: 5)
        _ = try? await world.rotation().advance(world.rule, world.options)
        #expect(try world.store.standing(of: world.rule)?.phase == .retiring)
        world.restart()
        world.state.withLock { $0.sink = "Endpoint=sb://n/;SharedAccessKey=primary-0" }
        let error = await failure { () throws(OperatorError) in _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(error?.code == .conflict)
        world.state.withLock { #expect($0.primary == "primary-0") }
    }

    @Test("after a grace period that was waited for, what the policy says then counts")
    func policyAfterWaiting() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        let asked = options
        let none = try #require(PolicyFile.parse(Array("version: 1".utf8), file: "p.yaml").policy)
        let error = await failure { () throws(OperatorError) in
            _ = try await world.rotation(later: none).advance(world.rule, asked)
        }
        #expect(error?.code == .refused)
        world.state.withLock { #expect($0.primary == "primary-0") }
        #expect(try await world.rotation().advance(world.rule, asked) == .done)
    }

    @Test("one rule whose keys may not be read costs the others nothing")
    func fingerprintsOfSome() async throws {
        let world = KeyWorld()
        var ages = [KeyAge(rule: world.rule), KeyAge(rule: world.rule)]
        world.restart(killedBefore: 5)
        let gaps = try await KeyAge.addFingerprints(to: &ages, from: world, world.rotation().guarded)
        #expect(gaps.count == 1 && ages.map { $0.fingerprints?.count } == [2, nil])
    }

    @Test("interrupted while both keys work, nothing is lost")
    func interrupted() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        let asked = options
        let impatient = Pause { _ in throw CancellationError() }
        let error = await failure { () throws(OperatorError) in
            _ = try await world.rotation(pause: impatient).advance(world.rule, asked)
        }
        #expect(error?.code == .cancelled)
        #expect(try await world.rotation().advance(world.rule, asked) == .done)
        world.state.withLock { #expect($0.faults.isEmpty) }
    }

    private func failure(_ body: () async throws(OperatorError) -> Void) async -> OperatorError? {
        do throws(OperatorError) {
            try await body()
            return nil
        } catch { return error }
    }
}

extension AuditVerification {
    fileprivate var isIntactOrTorn: Bool {
        switch self {
        case .valid, .torn: true
        default: false
        }
    }
}
