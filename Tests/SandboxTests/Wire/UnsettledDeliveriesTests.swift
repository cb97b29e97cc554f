import AMQP
import NIOCore
import Testing

@testable import Sandbox

/// The table of unsettled deliveries against a dictionary.
@Suite struct UnsettledDeliveriesTests {
    private let fixture: WireFixture
    private let links: [OutgoingLink]

    init() throws {
        let fixture = try WireFixture()
        let client = try fixture.connect()
        let connection = WireConnection(hub: fixture.hub)
        links = try (0..<2).map { _ in
            OutgoingLink(try client.receiver(), try BrokerFixture.address("q"), try fixture.queue(), .peekLock, connection, fixture.hub)
        }
        self.fixture = fixture
    }

    private func entry(_ number: UInt32, on link: Int = 0) -> UnsettledDeliveries.Entry {
        .init(token: UUIDBytes(high: 0, low: UInt64(number)), link: links[link])
    }

    @Test func aWideRangeNamesOnlyWhatIsHeld() {
        var table = UnsettledDeliveries()
        for number: UInt32 in [10, 11, 15] { table.insert(entry(number), at: number) }
        #expect(table.numbers(from: 0, through: UInt32(Int32.max)) == [10, 11, 15])
        #expect(table.numbers(from: 11, through: 14) == [11])
        #expect(table.numbers(from: 16, through: 400_000) == [])
        // Backwards.
        #expect(table.numbers(from: 15, through: 10) == [])
    }

    @Test func numbersWrapAround() {
        var table = UnsettledDeliveries()
        for number: UInt32 in [.max - 1, .max, 0, 1] { table.insert(entry(number), at: number) }
        #expect(table.numbers(from: .max, through: 0) == [.max, 0])
        #expect(table.remove(0)?.token.low == 0)
        #expect(table.numbers(from: .max - 1, through: 1) == [.max - 1, .max, 1])
    }

    @Test func aStragglerDoesNotKeepThePlacesOfTheOthers() {
        var table = UnsettledDeliveries()
        table.insert(entry(0), at: 0)
        for number: UInt32 in 1..<100_000 {
            table.insert(entry(number), at: number)
            _ = table.remove(number)
        }
        #expect(table.count == 1)
        #expect(table.numbers(from: 0, through: 100_000) == [0])
        #expect(table.remove(0)?.token.low == 0)
        #expect(table.count == 0)
    }

    @Test func whatLeftOnALinkIsForgottenWithIt() {
        var table = UnsettledDeliveries()
        for number: UInt32 in 0..<10 { table.insert(entry(number, on: Int(number % 2)), at: number) }
        table.forget(links[0])
        #expect(table.numbers(from: 0, through: 10) == [1, 3, 5, 7, 9])
        #expect(table.count == 5)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func behavesLikeADictionary(seed: UInt64) {
        var random = TestRandom(state: seed)
        var table = UnsettledDeliveries()
        var model: [UInt32: UInt64] = [:]
        var next: UInt32 = .max - 5000
        for _ in 0..<30_000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50:
                table.insert(entry(next), at: next)
                model[next] = UInt64(next)
                next &+= 1
            case 50..<52: next &+= UInt32.random(in: 0..<10_000, using: &random)
            case 52..<96:
                let number = model.keys.randomElement(using: &random) ?? next
                #expect(table.remove(number)?.token.low == model.removeValue(forKey: number))
            default:
                let start = next &- UInt32.random(in: 0..<20_000, using: &random)
                let length = UInt32.random(in: 0..<20_000, using: &random)
                let expected = model.keys.filter { $0 &- start <= length }.sorted { $0 &- start < $1 &- start }
                #expect(table.numbers(from: start, through: start &+ length) == expected)
            }
            guard table.count == model.count else {
                Issue.record("\(table.count) held, expected \(model.count)")
                return
            }
        }
    }
}
