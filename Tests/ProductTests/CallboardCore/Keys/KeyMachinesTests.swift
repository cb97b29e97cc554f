import AzureResources
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

/// Two machines with journals of their own make the keys of one rule anew, and know of each other by the namespace's tag.
@Suite("Making keys anew on several machines")
struct KeyMachinesTests {
    @Test("a machine that is gone before it handed over: what the other one says of it names no key, and following it costs nobody theirs")
    func followedHint() async throws {
        let world = KeyWorld()
        // The vault refuses: the tag is there, and consumers have what they had.
        world.state.withLock { $0.isSinkClosed = true }
        _ = await refusal { _ = try await world.rotation().advance(world.rule, world.options) }
        let tagged = world.state.withLock { ($0.tags.last?.isUnderWay, $0.sink?.hasSuffix("=primary-0")) }
        #expect(tagged == (true, true))
        world.state.withLock { $0.isSinkClosed = false }
        let elsewhere = world.rotation(folder: "/other")
        let refused = await refusal { _ = try await elsewhere.advance(world.rule, world.options) }
        #expect(refused?.code == .conflict)
        let hint = try #require(refused?.hint)
        #expect(hint.contains("find out which") && hint.contains("keys adopt --active"))
        #expect(!hint.contains("primary") && !hint.contains("secondary"), "the key to adopt is for whoever looked to say")
        // Whoever looks finds the primary key in the sink.
        try await elsewhere.adopt(world.rule, world.options)
        var options = world.options
        (options.active, options.waits) = (nil, true)
        #expect(try await elsewhere.advance(world.rule, options) == .done)
        let faults = world.state.withLock(\.faults)
        #expect(faults.isEmpty, "\(faults)")
    }

    @Test("what is adopted on one machine counts on another that has a journal: it ends no key that consumers have by it")
    func adoptedElsewhere() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        // Consumers are given the primary key by hand, and that is said on another machine.
        world.pass(.seconds(60))
        let primary = world.state.withLock(\.primary)
        world.state.withLock { ($0.slow, $0.sink) = (primary, "Endpoint=sb://n/;SharedAccessKey=\(primary)") }
        try await world.rotation(folder: "/other").adopt(world.rule, world.options)
        #expect(world.state.withLock { $0.tags.last?.time == nil && $0.tags.last?.saidAt?.milliseconds == $0.now })
        world.pass(.seconds(13 * 3600))
        var cron = KeyRotation.Options()
        cron.maxAge = .seconds(12 * 3600)
        let made = world.state.withLock(\.made)
        let refused = await refusal { _ = try await world.rotation().advance(world.rule, cron) }
        #expect(refused?.code == .conflict && refused?.message.contains("have the primary key, by the namespace's tag") == true)
        world.state.withLock { #expect($0.made == made && $0.primary == primary && $0.faults.isEmpty) }
        // Told the same here, it goes on from there.
        try await world.rotation().adopt(world.rule, world.options)
        cron.waits = true
        #expect(try await world.rotation().advance(world.rule, cron) == .done)
        world.state.withLock { #expect($0.faults.isEmpty && $0.primary != primary) }
    }

    @Test("a tag that is older than the journal is not believed: it could not be written, or the process was killed before")
    func olderTag() async throws {
        let world = KeyWorld()
        var options = world.options
        options.waits = true
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        world.state.withLock { $0.tags = [RotationTag(active: .primary, time: Timestamp(milliseconds: $0.now - 1))] }
        options.active = nil
        #expect(try await world.rotation().advance(world.rule, options) == .done)
        world.state.withLock { #expect($0.faults.isEmpty) }
    }

    @Test("while both keys work somebody says elsewhere that consumers have the old one: it is not ended")
    func adoptedMeanwhile() async throws {
        let world = KeyWorld()
        _ = try await world.rotation().advance(world.rule, world.options)
        world.state.withLock { $0.now += 60_000 }
        try await world.rotation(folder: "/other").adopt(world.rule, world.options)
        world.state.withLock { $0.now += 3_600_000 }
        let refused = await refusal { _ = try await world.rotation().advance(world.rule, world.options) }
        #expect(refused?.code == .conflict && refused?.message.contains("was not ended") == true)
        world.state.withLock { #expect($0.primary == "primary-0" && $0.faults.isEmpty) }
    }
}
