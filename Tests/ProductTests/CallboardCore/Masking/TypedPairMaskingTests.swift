import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Masking: pairs in typed values")
struct TypedPairMaskingTests {
    private let queue: EntityPath

    init() throws { queue = try EntityPath.queue("orders") }

    private func workspace(_ messages: [PeekedMessage]) -> Workspace {
        var context = OperatorContext(name: "prod")
        context.masking = MaskingSettings(isEnabled: true)
        let gateway = MemoryGateway()
        gateway.with { [queue] in $0.messages[queue] = messages }
        return Workspace(context: context, gateway: gateway)
    }

    @Test("a name and its value that stand side by side in typed values are a pair, as they are in JSON")
    func typedPairs() async throws {
        let hidden = AMQPValue.string(Redaction.placeholder)
        func seen(_ map: AMQPMap) async throws -> AMQPValue? {
            let message = try Messages.make(1) { $0.body = .value(.list([.map(map)])) }
            let seen = try #require(try await workspace([message]).peek(queue).first)
            guard case .value(.list(let elements)) = try seen.message.decodeBody() else { return nil }
            return elements.first
        }
        for name in [
            AMQPValue.string("password"), .symbol(Symbol("\n pass-word ")),
            .described(descriptor: .symbol("x"), value: .string("token")),
        ] {
            for value in [AMQPValue.string("hunter2"), .long(5), .map(["a": "hunter2"])] {
                let map = AMQPMap([
                    .init(key: "value", value: value), .init(key: .symbol("Name"), value: name), .init(key: "n", value: .long(5)),
                ])
                guard case .map(let masked)? = try await seen(map) else {
                    Issue.record("the body is no map")
                    return
                }
                #expect(masked["value"] == hidden && masked["n"] == .long(5), "\(masked)")
            }
        }
        let other: AMQPMap = ["name": "tier", "value": "gold"]
        #expect(try await seen(other) == .map(other))
        // Of a message's own properties too, also where nothing else in them is hidden.
        let message = try Messages.make(1) { $0.applicationProperties = ["key": "password", "value": "hunter2", "n": .long(5)] }
        let masked = try #require(try await workspace([message]).peek(queue).first)
        #expect(masked.applicationProperties.map(\.value.text).sorted() == ["5", "password", Redaction.placeholder])
    }
}
