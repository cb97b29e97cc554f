import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Editing a body")
struct BodyEditingTests {
    private func message(_ body: Body, contentType: String? = nil) throws -> PeekedMessage {
        var content = MessageContent(
            messageAnnotations: AMQPMap([.init(key: .symbol("x-opt-sequence-number"), value: .long(7))]), body: body)
        if let contentType { content.properties = Properties(contentType: Symbol(contentType)) }
        return try #require(PeekedMessage(try Message(content.encoded)))
    }

    @Test("text goes out and comes back byte for byte", arguments: ["", "plain", "{\"a\": 1}", "žluťoučký\r\n\tkůň", "\u{feff}bom"])
    func roundTrip(text: String) throws {
        let data = try message(.data([ByteBuffer(string: text)]))
        #expect(try BodyEditing.text(of: data) == text)
        #expect(try BodyEditing.body(text, like: data) == .data(Array(text.utf8)))
        let value = try message(.value(.string(text)))
        #expect(try BodyEditing.text(of: value) == text)
        #expect(try BodyEditing.body(text, like: value) == .value(PropertyValue(typeName: "string", content: .text(text))))
    }

    @Test("what would not come back as it was is not edited")
    func refuses() throws {
        let bodies: [Body] = [
            .none, .data([ByteBuffer(bytes: [0x1f, 0x8b, 8, 0])]), .data([ByteBuffer(bytes: [0xff, 0xfe, 0x41, 0])]),
            .data([ByteBuffer(bytes: [0x41, 0, 0x42])]), .value(.long(3)), .sequence([[.string("a")]]),
        ]
        for body in bodies {
            let error = #expect(throws: OperatorError.self) { try BodyEditing.text(of: try message(body)) }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("#7") == true)
        }
    }

    @Test("what was JSON stays JSON, or is edited again")
    func validates() throws {
        let json = try message(.data([ByteBuffer(string: "{\"a\": 1}")]))
        #expect(try BodyEditing.body("{\"a\": 2}", like: json) == .data(Array("{\"a\": 2}".utf8)))
        let error = #expect(throws: OperatorError.self) { try BodyEditing.body("{\"a\": 2", like: json) }
        #expect(error?.exitCode == 2)
        #expect(error?.message.contains("line 1") == true)
        let declared = try message(.data([ByteBuffer(string: "now broken")]), contentType: "application/json")
        #expect(throws: OperatorError.self) { try BodyEditing.body("still broken", like: declared) }
    }
}
