import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Search by a condition")
struct MessageSearchTests {
    private func message(_ number: Int64, _ property: String? = nil, _ value: AMQPValue = .int(0)) throws -> PeekedMessage {
        try Messages.make(number) { content in
            if let property { content.applicationProperties = AMQPMap([.init(key: .string(property), value: value)]) }
        }
    }

    @Test("picks what is true; unknown is counted and not picked")
    func threeValues() throws {
        let page = [try message(1, "attempt", .int(3)), try message(2, "attempt", .int(1)), try message(3)]
        var search = MessageSearch()
        let picked = search.pick(page, by: try SQLFilter("attempt > 2", dialect: .operatorExpression))
        #expect(picked.map(\.sequenceNumber.rawValue) == [1])
        #expect([search.looked, search.matched, search.unknown, search.failed] == [3, 1, 1, 0])
    }

    @Test("a message for which it has no answer ends nothing, and the first says why")
    func failures() throws {
        let page = [try message(1, "attempt", .int(0)), try message(2, "attempt", .int(0)), try message(3, "attempt", .int(1))]
        var search = MessageSearch()
        let picked = search.pick(page, by: try SQLFilter("10 / attempt = 10", dialect: .operatorExpression))
        #expect(picked.map(\.sequenceNumber.rawValue) == [3])
        #expect(search.failed == 2)
        #expect(search.failure?.hasPrefix("#1: ") == true)
    }

    @Test("counts of pages add up, and the first reason stays")
    func sums() throws {
        let filter = try SQLFilter("10 / attempt = 10", dialect: .operatorExpression)
        var (first, second) = (MessageSearch(), MessageSearch())
        _ = first.pick([try message(1, "attempt", .int(0))], by: filter)
        _ = second.pick([try message(2, "attempt", .int(0)), try message(3)], by: filter)
        let sum = first + second
        #expect([sum.looked, sum.matched, sum.unknown, sum.failed] == [3, 0, 1, 2])
        #expect(sum.failure == first.failure)
    }
}
