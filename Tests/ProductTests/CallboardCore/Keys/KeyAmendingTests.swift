import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

@Suite("Asking for something else while a round is under way")
struct KeyAmendingTests {
    @Test("a place that was wrong is corrected as long as nothing is there, and what cannot take the key is found out before")
    func wrongPlace() async throws {
        let world = KeyWorld()
        var options = world.options
        options.sink = .vault("kv-typo/orders")
        world.state.withLock { $0.isSinkClosed = true }
        let typo = options
        _ = await refusal { _ = try await world.rotation().advance(world.rule, typo) }
        #expect(try world.store.standing(of: world.rule)?.phase == .made)
        world.state.withLock { $0.isSinkClosed = false }
        let sink = world.state.withLock(\.sink)
        world.state.withLock { $0.sink = "something of somebody else's" }
        options.sink = .vault("kv-other/orders")
        let taken = options
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, taken) }?.code == .refused)
        #expect(try world.store.standing(of: world.rule)?.sink == .vault("kv-typo/orders"))
        world.state.withLock { $0.sink = sink }
        options.sink = .file("here")
        let relative = options
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, relative) }?.code == .usage)
        options.sink = .vault("kv-right/orders")
        guard case .waiting = try await world.rotation().advance(world.rule, options) else {
            Issue.record("not handed over")
            return
        }
        let standing = try #require(try world.store.standing(of: world.rule))
        #expect(standing.sink == .vault("kv-right/orders") && standing.fingerprints.secondary == SecretFingerprint(Secret("secondary-1")))
        #expect(world.state.withLock { $0.places.last == "vault:kv-right/orders" && $0.made == 1 })
        // From there on it is in its place.
        options.sink = .vault("kv-other/orders")
        let late = options
        let refused = await refusal { _ = try await world.rotation().advance(world.rule, late) }
        #expect(refused?.code == .usage && refused?.message.contains("kv-right") == true)
    }

    @Test("consumers that are late have a longer grace period, from the hand-over on; a shorter one is not taken from them")
    func longerGrace() async throws {
        let world = KeyWorld()
        let start = world.state.withLock(\.now)
        _ = try await world.rotation().advance(world.rule, world.options)
        world.state.withLock { $0.now += 1_800_000 }
        var options = world.options
        options.grace = .seconds(86_400)
        let end = Timestamp(milliseconds: start + 86_400_000)
        #expect(try await world.rotation().advance(world.rule, options) == .waiting(until: end))
        options.grace = .seconds(60)
        let less = options
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, less) }?.code == .usage)
        world.state.withLock { $0.now += 7_200_000 }
        options.grace = nil
        #expect(try await world.rotation().advance(world.rule, options) == .waiting(until: end))
        world.state.withLock { #expect($0.primary == "primary-0") }
        world.pass(.seconds(86_400))
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        world.state.withLock { #expect($0.faults.isEmpty) }
    }

    @Test("a grace period is corrected before the hand-over, and not below what the policy wants")
    func graceBefore() async throws {
        let world = KeyWorld()
        world.state.withLock { $0.isSinkClosed = true }
        _ = await refusal { _ = try await world.rotation().advance(world.rule, world.options) }
        world.state.withLock { $0.isSinkClosed = false }
        let text = """
            version: 1
            allow: [{id: rotate, who: ["user:olga"], action: [secret.rotate], scope: "namespaces/n/**", grace: 2h}]
            """
        let policy = try #require(PolicyFile.parse(Array(text.utf8), file: "p.yaml").policy)
        var options = world.options
        options.grace = .seconds(1800)
        let short = options
        #expect(await refusal { _ = try await world.rotation(policy: policy).advance(world.rule, short) }?.code == .refused)
        options.grace = .seconds(10_800)
        let end = Timestamp(milliseconds: world.state.withLock(\.now) + 10_800_000)
        #expect(try await world.rotation(policy: policy).advance(world.rule, options) == .waiting(until: end))
    }

    @Test("another key of consumers than the round began with, and anything while the old key is being ended, is an error and no silence")
    func refused() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        var options = world.options
        options.active = "secondary"
        let other = options
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, other) }?.code == .usage)
        world.pass(.seconds(3600))
        world.restart(killedBefore: 5)
        _ = try? await world.rotation().advance(world.rule, world.options)
        #expect(try world.store.standing(of: world.rule)?.phase == .retiring)
        world.restart()
        options = world.options
        options.grace = .seconds(86_400)
        let late = options
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, late) }?.code == .usage)
        #expect(try await world.rotation().advance(world.rule, world.options) == .done)
        world.state.withLock { #expect($0.faults.isEmpty) }
    }
}
