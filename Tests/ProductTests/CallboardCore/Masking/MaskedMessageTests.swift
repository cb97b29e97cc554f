import AMQP
import NIOCore
import ServiceBus
import Testing

@testable import CallboardCore

/// Plants a value of its own in every place of a message that can hold one, and looks for all of them in everything that comes out.
@Suite("Masking: messages")
struct MaskedMessageTests {
    /// Words that no rule knows, each put into something that one does: a name, an address, a path, a pattern.
    private final class Canaries {
        private(set) var planted: [String] = []
        /// An address with a word of its own.
        func address(_ place: String) -> String { "\(word(place))@canary.example" }
        func word(_ place: String) -> String {
            let word = "canary\(planted.count)\(place)"
            planted.append(word)
            return word
        }
    }

    private static let settings = MaskingSettings(isEnabled: true, properties: ["hidden-*", "To", "ReplyToSessionId"])
    private let queue: EntityPath
    private let canaries = Canaries()

    init() throws { queue = try EntityPath.queue("orders") }

    private func workspace(_ messages: [PeekedMessage], states: [String: [UInt8]] = [:], masking: MaskingSettings = Self.settings)
        -> Workspace
    {
        var context = OperatorContext(name: "prod")
        context.masking = masking
        let gateway = MemoryGateway()
        gateway.with { [queue] in
            $0.messages[queue] = messages
            $0.sessionStates = states
        }
        return Workspace(context: context, gateway: gateway)
    }

    /// A message with something to hide in every place, and something to show in most.
    private func planted(_ number: Int64, body: Body) throws -> PeekedMessage {
        try Messages.make(number) { content in
            content.messageAnnotations["x-opt-partition-key"] = .string(canaries.address("partition"))
            content.messageAnnotations["x-opt-deadletter-source"] = .string(canaries.address("source"))
            content.messageAnnotations["x-opt-other"] = .string(canaries.address("annotation"))
            content.deliveryAnnotations["x-note"] = .string(canaries.address("delivery"))
            content.footer["x-note"] = .string(canaries.address("footer"))
            var properties = Properties()
            properties.messageID = .string(canaries.address("id"))
            properties.userID = ByteBuffer(string: canaries.word("user"))
            properties.to = canaries.word("to")
            properties.subject = "control-subject \(canaries.address("subject"))"
            properties.replyTo = canaries.address("replyto")
            properties.correlationID = .binary(ByteBuffer(string: canaries.word("correlation")))
            properties.contentType = Symbol("text/x; a=\(canaries.address("type"))")
            properties.contentEncoding = Symbol(canaries.address("encoding"))
            properties.groupID = canaries.address("session")
            properties.replyToGroupID = canaries.word("replysession")
            content.properties = properties
            content.applicationProperties = AMQPMap([
                .init(key: .string("DeadLetterReason"), value: .string("control-reason \(canaries.address("reason"))")),
                .init(
                    key: .string("DeadLetterErrorDescription"),
                    value: .string("control-text of \(canaries.address("text")): password=\(canaries.word("pair"))")),
                .init(key: .string("control"), value: .string("control-value")),
                .init(key: .string("hidden-string"), value: .string(canaries.word("string"))),
                .init(key: .string("hidden-symbol"), value: .symbol(Symbol(canaries.word("symbol")))),
                .init(key: .string("hidden-long"), value: .long(7_700_000_000_001)),
                .init(key: .string("hidden-double"), value: .double(7_700_000_000_002.5)),
                .init(key: .string("hidden-uuid"), value: .uuid(UUIDBytes(high: 0x7700_0000_0003_7703, low: 0x7703_7703_7703_7703))),
                .init(key: .string("hidden-time"), value: .timestamp(7_700_000_000_004)),
                .init(key: .string("hidden-flag"), value: .boolean(true)),
                .init(key: .string("bytes"), value: .binary(ByteBuffer(string: canaries.word("bytes")))),
                .init(key: .string("card"), value: .long(4_111_111_111_111_111)),
                .init(
                    key: .string("uri"),
                    value: .described(descriptor: .symbol("com.microsoft:uri"), value: .string("https://h/?token=\(canaries.word("uri"))"))),
                .init(key: .string("map"), value: .map(["password": .string(canaries.word("map")), "shown": "control-map"])),
                .init(key: .string("list"), value: .list([.string(canaries.address("list"))])),
                .init(key: .string(canaries.address("key")), value: .string("x")),
            ])
            content.body = body
        }
    }

    private func json(_ place: String) -> String {
        #"{"password":"\#(canaries.word(place))","a":[{"b":{"email":"\#(canaries.word(place))"}}],"shown":"control-body"}"#
    }

    private func everyBody() -> [Body] {
        [
            .data([ByteBuffer(string: json("json"))]),
            .data([ByteBuffer(string: #"{"password":""#), ByteBuffer(string: canaries.word("split") + #"","shown":"control-body"}"#)]),
            .data([ByteBuffer(string: "<o><password>\(canaries.word("xml"))</password><shown>control-body</shown></o>")]),
            .data([ByteBuffer(string: "control-body, mail \(canaries.address("plain")) or password=\(canaries.word("plain"))")]),
            .data([ByteBuffer(string: #"{"password":"\#(canaries.word("cut"))"#)]),
            .data([ByteBuffer(bytes: [0x1f, 0x8b, 0] + Array(canaries.word("gzip").utf8))]),
            .data([ByteBuffer(bytes: Array(json("utf16").utf8).flatMap { byte -> [UInt8] in [byte, 0] })]),
            .data([ByteBuffer(string: Base64Text.of([0xff, 0] + Array(canaries.word("base64").utf8)))]),
            .value(.string(json("value"))), .value(.binary(ByteBuffer(bytes: [0xff] + Array(canaries.word("binary").utf8)))),
            .value(
                .map([
                    "password": .string(canaries.word("typed")), "shown": "control-body",
                    "in": .map(["pin": .string(canaries.word("deep"))]),
                ])),
            .sequence([[.string(canaries.address("sequence")), "control-body", .binary(ByteBuffer(string: canaries.word("bytes")))]]),
        ]
    }

    /// What must not be found: the words, the forms bytes are shown in, and the numbers planted.
    private func leaks(in output: String) -> [String] {
        var planted = canaries.planted + ["4111111111111111", "7700000000001", "7700000000002", "77000000-0003", "2214-01-0"]
        for word in canaries.planted {
            planted.append(Base64Text.of(Array(word.utf8)).prefix(12).description)
            planted.append(word.utf8.prefix(8).map { String($0, radix: 16) }.joined())
            planted.append(word.utf8.prefix(8).map { String($0, radix: 16) }.joined(separator: " "))
        }
        let text = output.lowercased()
        return planted.filter { text.contains($0.lowercased()) }
    }

    private func messages() throws -> [PeekedMessage] {
        try everyBody().enumerated().map { index, body in try planted(Int64(index + 1), body: body) }
    }

    /// Everything that is made of messages on the way out.
    private func outputs(of messages: [PeekedMessage]) async -> String {
        var output = ""
        for format in OutputFormat.allCases {
            output += String(decoding: ListOutput.all(messages.map { MessageRecord($0) }, format, columns: nil), as: UTF8.self)
        }
        for keys in [
            "fingerprint", "reason,source", "subject,to,session", "sys.MessageId,correlation-id", "hidden-string,body.password,body",
        ] {
            guard let keys = try? GroupKey.parse(keys) else { continue }
            var groups = MessageGroups(by: keys)
            groups.append(contentsOf: messages)
            for format in OutputFormat.allCases {
                let records = groups.groups().map { GroupRecord($0, of: groups.count, listsMembers: true, explanation: nil) }
                output += String(decoding: ListOutput.all(records, format, columns: nil), as: UTF8.self)
            }
        }
        for message in messages {
            output += "\(MessageTable.Row(message))"
            output += "\(OutgoingMessage(headersOf: message))"
        }
        return output
    }

    @Test("nothing that is hidden comes out in any form, and what is not hidden does")
    func canariesStay() async throws {
        let messages = try messages()
        let seen = try await workspace(messages).peek(queue)
        #expect(seen.count == messages.count)
        let output = await outputs(of: seen)
        #expect(leaks(in: output).isEmpty)
        for control in [
            "control-subject", "control-reason", "control-text", "control-value", "control-map", "control-body", Redaction.placeholder,
        ] {
            #expect(output.contains(control), "\(control) is shown")
        }
        #expect(output.contains(#""withheld":"masking is on and this body could not be read""#))
    }

    @Test("without masking all of it comes out, and the messages are those that were received")
    func canariesSing() async throws {
        let messages = try messages()
        let seen = try await workspace(messages, masking: MaskingSettings(isEnabled: false)).peek(queue)
        #expect(zip(seen, messages).allSatisfy { $0.message.buffer == $1.message.buffer })
        let output = await outputs(of: seen)
        // Those that nothing shows aside, and those that base64 shows in pieces.
        let aside = ["annotation", "delivery", "footer", "user", "utf16", "gzip", "base64", "binary"]
        let shown = canaries.planted.filter { word in !aside.contains { word.hasSuffix($0) } }
        #expect(
            shown.filter { word in
                let bytes = Array(word.utf8)
                let forms = [word, bytes.map { String($0, radix: 16) }.joined(), Base64Text.of(bytes)]
                return !forms.contains { output.contains($0) }
            } == [])
    }

    @Test("nothing that is hidden is left in a message's bytes")
    func bytes() async throws {
        for message in try await workspace(messages()).peek(queue) {
            #expect(leaks(in: String(decoding: message.message.buffer.readableBytesView, as: UTF8.self)).isEmpty)
            #expect(message.message.malformedSections.isEmpty)
        }
    }

    @Test("a scan is masked as a peek is")
    func scan() async throws {
        let messages = try messages()
        var seen: [PeekedMessage] = []
        for try await page in workspace(messages).scan(queue, options: PeekOptions()) { seen += page }
        #expect(seen.map(\.sequenceNumber) == messages.map(\.sequenceNumber))
        let output = await outputs(of: seen)
        #expect(leaks(in: output).isEmpty)
    }

    @Test("what a message is found by stays: numbers, times, state, and how often it was delivered")
    func keeps() async throws {
        let message = try Messages.make(7, id: "id-7", subject: "x") { content in
            content.header = Header(ttl: 5000, deliveryCount: 3)
            content.messageAnnotations["x-opt-message-state"] = .int(1)
            content.messageAnnotations["x-opt-partition-key"] = .string("a@b.de")
        }
        let seen = try #require(try await workspace([message]).peek(queue).first)
        #expect(seen.sequenceNumber == SequenceNumber(7))
        #expect(seen.enqueuedTime == message.enqueuedTime)
        #expect(seen.timeToLive == .milliseconds(5000))
        #expect(seen.deliveryCount == 3)
        #expect(seen.state == .deferred)
        #expect(seen.messageID == "id-7")
        #expect(seen.partitionKey == Redaction.placeholder)
        #expect(seen.redaction == Redaction(fields: 1))
    }

    @Test("a message with nothing to hide is the one received")
    func untouched() async throws {
        let message = try Messages.make(
            1, id: "8f0e21bc-a21c", subject: "OrderPlaced", reason: "TTLExpiredException", body: #"{"orderId":88213}"#)
        let seen = try #require(try await workspace([message]).peek(queue).first)
        #expect(seen.message.buffer == message.message.buffer)
        #expect(seen.redaction == nil)
    }

    @Test("sections that are not what they should be are left out")
    func malformed() async throws {
        var buffer = MessageContent(messageAnnotations: [.symbol("x-opt-sequence-number"): .long(3)]).encoded
        let secret = canaries.address("malformed")
        // Application properties that are a list.
        buffer.writeAMQP { $0.value(.described(descriptor: .ulong(0x74), value: .list([.string(secret)]))) }
        let message = try #require(PeekedMessage(Message(buffer)))
        let seen = try #require(try await workspace([message]).peek(queue).first)
        #expect(leaks(in: String(decoding: seen.message.buffer.readableBytesView, as: UTF8.self)).isEmpty)
        #expect(seen.sequenceNumber == SequenceNumber(3))
    }

    @Test("how long a masked value is does not show")
    func constant() async throws {
        let short = try Messages.make(1, body: #"{"password":"x"}"#)
        let long = try Messages.make(1, body: #"{"password":"\#(String(repeating: "x", count: 900))"}"#)
        let a = try #require(try await workspace([short]).peek(queue).first)
        let b = try #require(try await workspace([long]).peek(queue).first)
        #expect(a.message.buffer == b.message.buffer)
        #expect(a.body.sizeBytes == b.body.sizeBytes)
    }

    @Test("patterns are held against numbers and UUIDs too")
    func patternsOnValues() async throws {
        let message = try Messages.make(1) {
            $0.applicationProperties = [
                "customer": .long(314_159), "id": .uuid(UUIDBytes(high: 0x3141_5900_0000_0000, low: 1)), "n": .long(2),
            ]
            $0.properties = Properties(messageID: .ulong(314_159))
        }
        let masking = MaskingSettings(isEnabled: true, patterns: [try MaskingPattern(name: "customer", "314159")])
        let seen = try #require(try await workspace([message], masking: masking).peek(queue).first)
        #expect(seen.applicationProperties.map(\.value.text) == [Redaction.placeholder, Redaction.placeholder, "2"])
        #expect(seen.messageID == Redaction.placeholder)
        #expect(seen.redaction?.fields == 3)
    }

    @Test("a hidden name hides its value whatever its type, in annotations and properties")
    func typedNames() async throws {
        let message = try Messages.make(5) { content in
            content.messageAnnotations["x-password"] = .long(314_159)
            content.messageAnnotations["x-opt-lock-token"] = .string("control-lock")
            content.messageAnnotations["x-card"] = .long(4_111_111_111_111_111)
            content.messageAnnotations["x-opt-note"] = .map(["pin": .long(271_828)])
            content.messageAnnotations["x-opt-partition-key"] = .long(4_111_111_111_111_111)
            content.messageAnnotations["x-opt-enqueued-time"] = .timestamp(1000)
            content.messageAnnotations["x-plain"] = .long(55)
            content.deliveryAnnotations["x-password"] = .long(314_159)
            content.applicationProperties = ["pin": .uint(271_828), "card": .ulong(4_111_111_111_111_111), "amount": .decimal64(7)]
        }
        let masking = MaskingSettings(isEnabled: true, properties: ["SessionId", "MessageId"])
        let seen = try #require(try await workspace([message], masking: masking).peek(queue).first)
        let annotations = try #require(try seen.message.decodeMessageAnnotations())
        for name in ["x-password", "x-opt-lock-token", "x-card", "x-opt-partition-key"] {
            #expect(annotations[name] == .string(Redaction.placeholder), "\(name)")
        }
        #expect(annotations["x-opt-note"] == .map(["pin": .string(Redaction.placeholder)]))
        #expect(annotations["x-plain"] == .long(55))
        #expect(seen.sequenceNumber == SequenceNumber(5))
        #expect(seen.enqueuedTime == Timestamp(milliseconds: 1000))
        #expect(!seen.message.has(.deliveryAnnotations))
        #expect(seen.applicationProperties.allSatisfy { $0.value.text == Redaction.placeholder })
    }

    @Test("a property of the service that is hidden, or a card's number, is hidden as a number too")
    func typedProperties() async throws {
        func fields(_ elements: [AMQPValue]) async throws -> [AMQPValue] {
            var buffer = MessageContent(messageAnnotations: [.symbol("x-opt-sequence-number"): .long(3)]).encoded
            buffer.writeAMQP { $0.value(.described(descriptor: .ulong(0x73), value: .list(elements))) }
            let message = try #require(PeekedMessage(Message(buffer)))
            let masking = MaskingSettings(isEnabled: true, properties: ["MessageId", "Subject"])
            let seen = try #require(try await workspace([message], masking: masking).peek(queue).first)
            let bytes = try #require(seen.message.bytes(of: .properties))
            guard case .described(_, .list(let masked)) = try AMQPValue(decoding: bytes) else { return [] }
            return masked
        }
        let hidden = AMQPValue.string(Redaction.placeholder)
        let card = AMQPValue.long(4_111_111_111_111_111)
        #expect(
            try await fields([.uint(5), .null, card, .timestamp(5), card, .uint(7)]) == [hidden, .null, hidden, hidden, hidden, .uint(7)])
    }

    @Test("ids of sessions are hidden where their name is, in lists and in errors")
    func hiddenSessionIDs() async throws {
        let masking = MaskingSettings(isEnabled: true, properties: ["sessionId"])
        let workspace = workspace(
            [try Messages.make(1) { $0.properties = Properties(groupID: "hunter2") }], states: ["hunter2": Array("control".utf8)],
            masking: masking)
        for counting in [false, true] {
            #expect(try await workspace.sessions(of: queue, isCounting: counting).map(\.id) == [Redaction.placeholder])
        }
        let detail = try await workspace.session("hunter2", of: queue)
        #expect(detail.summary.id == Redaction.placeholder)
        let empty = self.workspace([], masking: masking)
        let error = await #expect(throws: OperatorError.self) { _ = try await empty.session("hunter3", of: queue) }
        #expect(error?.message.contains("hunter3") == false)
    }

    // MARK: Conditions

    private func admits(_ condition: String, _ message: PeekedMessage) throws -> Bool {
        try SQLFilter(condition, dialect: .operatorExpression).matches(message)
    }

    @Test("a masked field never matches, whatever is asked of it; the rest of the message does")
    func conditions() async throws {
        let message = try Messages.make(1, subject: "a@b.de", body: #"{"password":"x","n":5,"mail":"a@b.de"}"#) {
            $0.applicationProperties = ["email": "a@b.de", "tier": "gold", "pin": .long(5)]
        }
        let seen = try #require(try await workspace([message]).peek(queue).first)
        for condition in [
            "email = 'a@b.de'", "email <> 'a@b.de'", "email LIKE '%'", "email NOT LIKE 'x'", "email = '‹masked›'",
            "email IN ('a', '‹masked›')",
            "email NOT IN ('a')", "email IS NULL", "NOT (email = 'x')", "pin > 1", "pin = 5", "sys.Label = 'a@b.de'", "sys.Label LIKE '%'",
            "body.password = 'x'", "body.password <> 'x'", "body.mail LIKE '%'", "body LIKE '%a@b.de%'",
        ] { #expect(try !admits(condition, seen), "\(condition)") }
        for condition in ["tier = 'gold'", "body.n = 5", "tier = 'gold' OR email = 'x'", "body LIKE '%\"n\":5%'", "EXISTS(email)"] {
            #expect(try admits(condition, seen), "\(condition)")
        }
    }

    @Test("a body that is withheld matches nothing")
    func withheldConditions() async throws {
        let seen = try #require(try await workspace([try Messages.make(1, body: #"{"cut": "hunt"#)]).peek(queue).first)
        for condition in [
            "body LIKE '%'", "body LIKE '%hunt%'", "body NOT LIKE '%x%'", "body LIKE '%withheld%'", "body.cut = 'hunt'", "body IS NULL",
        ] {
            #expect(try !admits(condition, seen), "\(condition)")
        }
    }

    @Test("a list is searched in what is shown")
    func search() async throws {
        let message = try Messages.make(1, id: canaries.address("id"), subject: "order of \(canaries.address("subject"))")
        var table = MessageTable()
        table.append(contentsOf: try await workspace([message]).peek(queue))
        for word in canaries.planted { #expect(table.indices(matching: word).isEmpty) }
        #expect(table.indices(matching: "order of") == [0])
    }

    @Test("what was printed masked is not taken for a message to be sent")
    func input() async throws {
        for body in [#"{"password":"x"}"#, #"{"cut": "hunt"#] {
            let seen = try #require(try await workspace([try Messages.make(1, body: body)]).peek(queue).first)
            let line = ListOutput.all([MessageRecord(seen)], .jsonl)
            let error = #expect(throws: OperatorError.self) { try MessageInput.lines(line, file: "f") }
            #expect(error?.message == "f:1: this message was masked when it was printed.")
        }
        let open = try #require(try await workspace([try Messages.make(1, body: "{}")]).peek(queue).first)
        #expect(try MessageInput.lines(ListOutput.all([MessageRecord(open)], .jsonl), file: "f").count == 1)
    }

    // MARK: Sessions, errors

    @Test("the state of a session is masked, and withheld when it cannot be read; an id is masked")
    func sessions() async throws {
        let id = canaries.address("id")
        let states = [
            "json": Array(json("state").utf8), "cut": Array(#"{"password":"\#(canaries.word("cut"))"#.utf8),
            "binary": [0xff] + Array(canaries.word("state").utf8), id: Array("control-state".utf8),
        ]
        let workspace = workspace([], states: states)
        var output = ""
        for name in states.keys {
            let detail = SessionDetailRecord(try await workspace.session(name, of: queue))
            for format in OutputFormat.allCases {
                output += String(decoding: ListOutput.all([detail], format, columns: nil), as: UTF8.self)
            }
        }
        for summary in try await workspace.sessions(of: queue) {
            output += String(decoding: ListOutput.all([SessionRecord(summary)], .json, columns: nil), as: UTF8.self)
        }
        #expect(leaks(in: output).isEmpty)
        #expect(output.contains("control-body") && output.contains("control-state"))
        #expect(output.contains(Redaction.withheldBody))
    }

    @Test("an error that quotes a message is masked")
    func errors() async throws {
        let secret = canaries.address("error")
        let gateway = MemoryGateway()
        gateway.with {
            $0.failingPeek = (0, OperatorError(.service, "control-error for \(secret)", hint: "token=\(canaries.word("hint"))"))
        }
        var context = OperatorContext(name: "prod", isProduction: true)
        context.masking = MaskingSettings()
        let workspace = Workspace(context: context, gateway: gateway)
        let error = await #expect(throws: OperatorError.self) { _ = try await workspace.peek(queue) }
        let said = error?.description ?? secret
        #expect(leaks(in: said).isEmpty)
        #expect(error?.message.contains("control-error") == true)
    }

    // MARK: When

    @Test("it is on in production unless the configuration says otherwise, off elsewhere")
    func whenOn() {
        func isMasking(_ isProduction: Bool, _ isEnabled: Bool?) -> Bool {
            var context = OperatorContext(name: "c", isProduction: isProduction)
            context.masking.isEnabled = isEnabled
            return Workspace(context: context, gateway: MemoryGateway()).title.isMasking
        }
        #expect(isMasking(true, nil) && isMasking(true, true) && isMasking(false, true))
        #expect(!isMasking(false, nil) && !isMasking(true, false) && !isMasking(false, false))
    }

    @Test("a rule tester says that a value is masked instead of deciding by it")
    func ruleTester() async throws {
        let message = try Messages.make(1) { $0.applicationProperties = ["email": "a@b.de"] }
        let seen = try #require(try await workspace([message]).peek(queue).first)
        let trial = RuleTrial(RuleDescription(name: "r", filter: .sql(expression: "email = 'a@b.de'", parameters: [])))
        guard case .error(let reason) = trial.outcome(for: seen).explanation.outcome else {
            Issue.record("the rule was decided: \(trial.outcome(for: seen))")
            return
        }
        #expect(reason.contains("masked"))
    }
}
