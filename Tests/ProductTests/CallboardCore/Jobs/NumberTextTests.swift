import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Sequence numbers as text")
struct NumberTextTests {
    @Test(
        "neighbours are written as ranges",
        arguments: [
            ([], ""), ([5], "5"), ([1, 2, 3], "1-3"), ([1, 3, 4, 9], "1,3-4,9"),
            ([Int64.max - 1, Int64.max], "\(Int64.max - 1)-\(Int64.max)"),
        ] as [([Int64], String)])
    func writes(numbers: [Int64], text: String) { #expect(NumberText.text(numbers.map { SequenceNumber($0) }) == text) }

    @Test(
        "what operators type is read",
        arguments: [
            ("5", [5]), ("1-3,7", [1, 2, 3, 7]), ("7, 1-2", [1, 2, 7]), ("#4812,#4820-#4821", [4812, 4820, 4821]), ("3,3,2-3", [2, 3]),
        ] as [(String, [Int64])])
    func reads(text: String, numbers: [Int64]) throws { #expect(try NumberText.parse(text).map(\.rawValue) == numbers) }

    @Test("what is none is refused", arguments: ["", "a", "1,,2", "5-3", "-4", "1-", "1-99999999999999", "9223372036854775808", "1-2-3"])
    func refuses(text: String) { #expect(throws: NumberText.Problem.self) { try NumberText.parse(text) } }

    @Test("whatever is written is read back")
    func roundTrip() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let numbers = Set((0..<Int.random(in: 1...60, using: &random)).map { _ in Int64.random(in: 0...100, using: &random) }).sorted()
            #expect(try NumberText.parse(NumberText.text(numbers.map { SequenceNumber($0) })).map(\.rawValue) == numbers)
        }
    }
}
