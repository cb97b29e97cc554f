import CallboardCore
import ServiceBus
import Testing

@testable import callboard

@Suite("What is changed, as an operator types it")
struct SettingWordsTests {
    private func words(_ text: String) throws(OperatorError) -> SettingWords {
        try SettingWords(text.split(separator: " ").map { String($0) }, command: "update")
    }

    @Test("is a kind and a name, and options before, between and behind them, in any of their spellings")
    func spellings() throws {
        for text in [
            "queue orders --lock-duration 30s --requires-session", "--lock-duration=30s queue --requires-session orders",
            "QUEUE orders --requires-session=true --lock-duration 30s", "queue orders --requires-session yes --lock-duration=30s",
        ] {
            let words = try words(text)
            #expect(words.target.kind == .queue && words.target.path.name == "orders", "\(text)")
            let inputs = Dictionary(words.inputs.map { ($0.name, $0.text) }) { $1 }
            #expect(inputs["lock-duration"] == "30s" && ["true", "yes"].contains(inputs["requires-session"]), "\(text): \(inputs)")
        }
        #expect(try words("queue orders --no-requires-session").inputs.map(\.text) == ["false"])
        // A flag takes a yes or a no and nothing else behind it: the name is the name.
        #expect(try words("--requires-session queue orders").target.path.name == "orders")
    }

    @Test(
        "names what is wrong with it, and the way out",
        arguments: [
            ("", "needs a kind"), ("orders", "'orders' is none of"), ("queue", "There is no name"),
            ("queue a b", "'b' is one name too many"),
            ("queue orders -x", "'-x' is no option"), ("queue orders --lock-duration", "--lock-duration needs a value"),
            ("queue orders --lock-duration --requires-session", "--lock-duration needs a value"), ("queue orders --no-such 1", "no-such"),
        ])
    func refusals(_ text: String, _ reason: String) {
        let error = #expect(throws: OperatorError.self) { try words(text) }
        #expect(
            error?.code == .usage && error?.message.contains(reason) == true && error?.hint.isEmpty == false, "\(String(describing: error))"
        )
    }
}
