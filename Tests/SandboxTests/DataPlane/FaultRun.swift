import ServiceBus
import Testing

@testable import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One run of an operation under a fault: a sandbox, a client with little patience, and chance that can be repeated.
final class FaultRun: CustomStringConvertible {
    /// The faults, each with counts drawn by chance.
    static let faults = [
        "dropConnectionAfterFrames", "detachAfterDeliveries", "serverBusy", "throttle", "loseDispositions", "loseResponses",
        "delayResponsesMilliseconds",
    ]

    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["CALLBOARD_FAULTS"] == "long"

    let fixture: DataPlaneFixture
    /// The client under test; the fixture's own looks at what it did.
    let namespace: Namespace
    let fault: String
    let seed: UInt64
    let count: Int
    /// What was reported.
    let ledger = Ledger()
    /// How many messages were reported deleted, where reports name no messages.
    var certain = 0
    private let name: String
    private var random: SplitMix

    /// The ids of the messages that the fixture sends.
    var ids: [String] { (0..<count).map { "m\($0)" } }

    var description: String { "\(name), \(fault), CALLBOARD_FAULT_SEED=\(seed)" }

    private init(_ name: String, _ fault: String, _ seed: UInt64, _ fixture: DataPlaneFixture) throws {
        self.name = name
        self.fault = fault
        self.seed = seed
        self.fixture = fixture
        count = Self.isLong ? 1000 : 60
        random = SplitMix(state: seed)
        namespace = try DataPlaneFixture.namespace(of: fixture.server) { settings in
            settings.requestTimeout = .milliseconds(300)
            // Pauses between attempts take no time; the renewal of tokens is not due here.
            settings.pacing = Pacing(
                sleep: { if $0 > .seconds(60) { try await Task.sleep(for: $0) } }, random: { 0.5 })
        }
    }

    /// Runs a body with each seed.
    static func each(_ name: String, _ fault: String, _ body: (FaultRun) async throws -> Void) async throws {
        let seeds: [UInt64] =
            if let given = environment["CALLBOARD_FAULT_SEED"].flatMap({ UInt64($0) }) { [given] } else {
                (0..<(isLong ? 3 : 1)).map { _ in UInt64.random(in: 0...999_999_999) }
            }
        for seed in seeds {
            try await DataPlaneFixture.run { fixture in
                let run = try FaultRun(name, fault, seed, fixture)
                do {
                    try await body(run)
                    await run.namespace.close()
                } catch {
                    Issue.record(error, "\(run)")
                    await run.namespace.close()
                }
            }
        }
    }

    /// Puts the fault in force.
    func arm() async throws {
        var faults = SandboxFaults()
        switch fault {
        case "dropConnectionAfterFrames": faults.dropConnectionAfterFrames = Int.random(in: 5...120, using: &random)
        case "detachAfterDeliveries": faults.detachAfterDeliveries = Int.random(in: 1...40, using: &random)
        case "serverBusy": faults.serverBusy = Int.random(in: 1...12, using: &random)
        case "throttle": faults.throttle = Int.random(in: 1...12, using: &random)
        case "loseDispositions": faults.loseDispositions = Int.random(in: 1...60, using: &random)
        case "loseResponses": faults.loseResponses = Int.random(in: 1...4, using: &random)
        default: faults.delayResponsesMilliseconds = [20, 290, 330][Int.random(in: 0...2, using: &random)]
        }
        try await fixture.server.setFaults(faults)
    }

    /// Takes the fault back, and waits until what was under way has been carried out.
    func disarm() async throws {
        await namespace.close()
        try await fixture.server.setFaults(SandboxFaults())
    }

    /// Repeats a round until it says that there is no more to do; the fault is taken back after a while, so that every run ends.
    func rounds(_ round: () async throws -> Bool) async throws {
        for number in 0..<(count * 3) {
            if number == 12 { try await fixture.server.setFaults(SandboxFaults()) }
            do {
                guard try await round() else { return }
            } catch is ServiceBusError {
                // What failed before it changed anything is tried again.
                continue
            }
        }
    }

    /// Some messages, in no order.
    func targets<Element>(_ elements: [Element]) -> [Element] { Array(elements.shuffled(using: &random).prefix(8)) }

    /// Little patience for messages that somebody else holds.
    var limits: ExactLimits {
        var limits = ExactLimits()
        limits.wait = .milliseconds(100)
        return limits
    }
}

/// A generator that gives the same numbers for the same seed (Vigna's SplitMix64).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
