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

    @Test("a round that was begun and has made no key yet: what is adopted elsewhere meanwhile counts, and the key is not made anew")
    func adoptedAfterBeginning() async throws {
        for isKnown in [false, true] {
            let world = KeyWorld()
            var options = world.options
            if isKnown {
                options.waits = true
                #expect(try await world.rotation().advance(world.rule, options) == .done)
                (options.active, options.waits) = (nil, false)
                world.pass(.seconds(60))
            }
            let asked = options
            // Azure refuses to make the key anew: the journal says that it is going to be.
            world.state.withLock { $0.mayMake = false }
            #expect(await refusal { _ = try await world.rotation().advance(world.rule, asked) }?.code == .notPermitted)
            let begun = try #require(try world.store.standing(of: world.rule))
            #expect(begun.phase == .begun)
            let (other, made) = (begun.active.other, world.state.withLock(\.made))
            // Consumers are moved to the other key by hand, and that is said on another machine.
            world.pass(.seconds(60))
            world.state.withLock {
                $0.slow = other == .primary ? $0.primary : $0.secondary
                $0.sink = "Endpoint=sb://n/;SharedAccessKey=\($0.slow)"
                $0.mayMake = true
            }
            var said = world.options
            said.active = other.word
            try await world.rotation(folder: "/other").adopt(world.rule, said)
            world.pass(.seconds(60))
            let refused = await refusal { _ = try await world.rotation().advance(world.rule, KeyRotation.Options()) }
            #expect(refused?.code == .conflict && refused?.message.contains("have the \(other.word) key, by the namespace's tag") == true)
            world.state.withLock { #expect($0.made == made && $0.faults.isEmpty, "\($0.faults)") }
            // Told the same here, it goes on from there.
            try await world.rotation().adopt(world.rule, said)
            var next = world.options
            (next.active, next.waits) = (nil, true)
            #expect(try await world.rotation().advance(world.rule, next) == .done)
            world.state.withLock { #expect($0.faults.isEmpty, "\($0.faults)") }
        }
    }

    @Test("the same where the old key was going to be ended: it is not, and where it was, nobody's word is overwritten")
    func adoptedBeforeTheEnd() async throws {
        for isEnded in [false, true] {
            let world = KeyWorld()
            _ = try await world.rotation().advance(world.rule, world.options)
            world.pass(.seconds(3600))
            world.state.withLock { ($0.mayMake, $0.losesAnswer) = (isEnded, isEnded) }
            #expect(await refusal { _ = try await world.rotation().advance(world.rule, world.options) } != nil)
            #expect(try world.store.standing(of: world.rule)?.phase == .retiring)
            let primary = world.state.withLock(\.primary)
            #expect((primary != "primary-0") == isEnded)
            world.state.withLock {
                ($0.slow, $0.sink, $0.mayMake) = (primary, "Endpoint=sb://n/;SharedAccessKey=\(primary)", true)
                $0.now += 60_000
            }
            try await world.rotation(folder: "/other").adopt(world.rule, world.options)
            // What consumers read from stays as the round left it, so that nothing but the tag is in the way.
            world.state.withLock { $0.sink = "Endpoint=sb://n/;SharedAccessKey=secondary-1" }
            let refused = await refusal { _ = try await world.rotation().advance(world.rule, world.options) }
            #expect(refused?.code == .conflict && refused?.message.contains("somebody said on another machine") == true)
            #expect(refused?.message.contains("was not ended") == !isEnded)
            #expect(try world.store.standing(of: world.rule)?.phase == .retiring)
            world.state.withLock { #expect($0.primary == primary && $0.tags.last?.active == .primary && $0.faults.isEmpty) }
        }
    }

    @Test("a tag of before the hand-over is no word against the end of the old key, in a run that goes on with it")
    func olderTagBeforeTheEnd() async throws {
        let world = KeyWorld()
        let before = Timestamp(milliseconds: world.state.withLock(\.now) - 1)
        _ = try await world.rotation().advance(world.rule, world.options)
        world.pass(.seconds(3600))
        world.state.withLock { $0.mayMake = false }
        #expect(await refusal { _ = try await world.rotation().advance(world.rule, world.options) }?.code == .notPermitted)
        // The namespace could not be tagged when the key was handed over.
        world.state.withLock { ($0.mayMake, $0.tags) = (true, [RotationTag(active: .primary, time: before)]) }
        #expect(try await world.rotation().advance(world.rule, world.options) == .done)
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
