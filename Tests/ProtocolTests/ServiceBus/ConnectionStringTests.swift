import Identity
import Testing

@testable import ServiceBus

@Suite("A connection string")
struct ConnectionStringTests {
    private let portal = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders"

    private func key(_ string: ConnectionString) -> (name: String, key: String)? {
        guard case .sharedAccessKey(let name, let key) = string.authentication else { return nil }
        return (name, key.withRevealedText { $0 })
    }

    @Test("as the portal gives it")
    func portalForm() throws {
        let string = try ConnectionString(parsing: portal)
        #expect(string.host == "contoso.servicebus.windows.net")
        #expect(string.port == nil)
        #expect(!string.usesDevelopmentEmulator)
        #expect(string.entityPath == (try EntityPath.queue("orders")))
        #expect(key(string)?.name == "ops")
        #expect(key(string)?.key == "abc+/d==", "a value keeps its equals signs")
        #expect(string.messagingEndpoint == MessagingEndpoint(host: "contoso.servicebus.windows.net", port: 5671, isSecure: true))
        #expect(string.administrationEndpoint.baseURL == "https://contoso.servicebus.windows.net")
        #expect(string.ignoredKeys.isEmpty)
    }

    @Test(
        "in any case and order, with white space, empty parts and quotation marks around it",
        arguments: [
            "endpoint=sb://contoso.servicebus.windows.net;sharedaccesskey=abc+/d==;SHAREDACCESSKEYNAME=ops;entitypath=orders",
            "  Endpoint = sb://contoso.servicebus.windows.net/ ;\n SharedAccessKeyName = ops ;\r\n SharedAccessKey = abc+/d== ; EntityPath = orders ; \n",
            ";;Endpoint=sb://contoso.servicebus.windows.net/;;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders;;",
            "\"Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders\"",
            "' Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders '\n",
            "HostName=contoso.servicebus.windows.net;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders",
            "Endpoint=amqps://contoso.servicebus.windows.net//;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=/orders",
            "Endpoint=https://contoso.servicebus.windows.net/;SharedAccessKeyName=ops;SharedAccessKey=abc+/d==;EntityPath=orders;UseDevelopmentEmulator=FALSE",
        ])
    func tolerance(text: String) throws {
        let string = try ConnectionString(parsing: text)
        #expect(string.host == "contoso.servicebus.windows.net")
        #expect(string.entityPath?.name == "orders")
        #expect(key(string)?.name == "ops")
        #expect(key(string)?.key == "abc+/d==")
        #expect(string.messagingEndpoint.isSecure)
    }

    @Test(
        "of an emulator leads to plain TCP and HTTP",
        arguments: [
            ("sb://localhost", "true", "localhost:5672", "http://localhost:5300"),
            ("sb://127.0.0.1:5999", "True", "127.0.0.1:5999", "http://127.0.0.1:5300"),
            ("sb://[::1]:6000/", "TRUE", "[::1]:6000", "http://[::1]:5300"),
            ("my-emulator", "true", "my-emulator:5672", "http://my-emulator:5300"),
        ])
    func emulator(endpoint: String, flag: String, messaging: String, administration: String) throws {
        let string = try ConnectionString(parsing: "Endpoint=\(endpoint);UseDevelopmentEmulator=\(flag);")
        #expect(string.usesDevelopmentEmulator)
        #expect(string.messagingEndpoint.description == messaging)
        #expect(!string.messagingEndpoint.isSecure)
        #expect(string.administrationEndpoint.baseURL == administration)
        #expect(key(string)?.name == "RootManageSharedAccessKey", "the emulator's published key is filled in")
        #expect(key(string)?.key == "SAS_KEY_VALUE")
    }

    @Test("may name the administration port")
    func managementPort() throws {
        let emulator = try ConnectionString(parsing: "Endpoint=sb://localhost:5000;ManagementPort=5001;UseDevelopmentEmulator=true")
        #expect(emulator.administrationEndpoint.baseURL == "http://localhost:5001")
        #expect(emulator.messagingEndpoint.port == 5000)
        let server = try ConnectionString(parsing: "Endpoint=sb://bus.example;ManagementPort=9355")
        #expect(server.administrationEndpoint.baseURL == "https://bus.example:9355")
    }

    @Test("keeps its own key on an emulator")
    func emulatorWithKey() throws {
        let string = try ConnectionString(
            parsing: "Endpoint=sb://h;SharedAccessKeyName=me;SharedAccessKey=mine;UseDevelopmentEmulator=true")
        #expect(key(string)?.name == "me")
    }

    @Test("may hold a signature instead of a key")
    func signature() async throws {
        let made = SharedAccessSignature.generate(
            resource: "sb://h/orders", keyName: "k", key: Secret("x"), expiresAt: WallTime(secondsSince1970: 2_000_000_000))
        let text = made.withRevealedText { "Endpoint=sb://h;SharedAccessSignature=\($0)" }
        let string = try ConnectionString(parsing: text)
        guard case .sharedAccessSignature(let secret) = string.authentication else {
            Issue.record("no signature")
            return
        }
        #expect(secret.isEqual(to: made))
        let provider = try #require(try string.tokenProvider(clock: WallClock { WallTime(secondsSince1970: 1_999_999_999) }))
        #expect(try await provider.token(for: "sb://h/orders").secret.isEqual(to: made))
        let error = #expect(throws: ConnectionStringError.self) {
            _ = try ConnectionString(parsing: "Endpoint=sb://h;SharedAccessSignature=SharedAccessSignature sr=x").tokenProvider()
        }
        #expect(error?.key == "SharedAccessSignature")
    }

    @Test("without credentials leaves signing in to the caller")
    func noCredentials() throws {
        let string = try ConnectionString(parsing: "Endpoint=sb://contoso.servicebus.windows.net/")
        guard case .none = string.authentication else {
            Issue.record("credentials out of nothing")
            return
        }
        #expect(try string.tokenProvider() == nil)
    }

    @Test("signs tokens with its key")
    func provider() async throws {
        let clock = WallClock { WallTime(secondsSince1970: 1000) }
        let provider = try #require(try ConnectionString(parsing: portal).tokenProvider(clock: clock))
        let token = try await provider.token(for: "sb://contoso.servicebus.windows.net/orders")
        #expect(token.expiresAt == WallTime(secondsSince1970: 4600))
        #expect(try SharedAccessSignature(parsing: token.secret.withRevealedText { $0 }).isSigned(with: Secret("abc+/d==")))
    }

    @Test(
        "may have an entity of any form",
        arguments: [
            ("orders", "orders"), ("events/Subscriptions/audit", "events/audit"), ("deep/er/queue", "deep/er/queue"),
            ("/orders/", "orders"),
        ])
    func entityForms(text: String, name: String) throws {
        #expect(try ConnectionString(parsing: "Endpoint=sb://h;EntityPath=\(text)").entityPath?.displayName == name)
    }

    @Test("notes keys that mean nothing here, but nothing that could be a secret")
    func ignoredKeys() throws {
        let string = try ConnectionString(
            parsing: "Endpoint=sb://h;RuntimePort=1;OperationTimeout=60;Zm9vYmFyc2VjcmV0MTIz=;UseDevelopmentEmulator=true")
        #expect(string.ignoredKeys == ["RuntimePort", "OperationTimeout"])
    }

    @Test(
        "may ask for WebSockets, by the names of any SDK",
        arguments: [
            ("Endpoint=sb://h;TransportType=AmqpWebSockets", 443, true, MessagingEndpoint.Transport.webSocket),
            ("Endpoint=sb://h:8443;transporttype=AMQPOVERWEBSOCKET", 8443, true, .webSocket),
            ("Endpoint=sb://h;TransportType=AmqpWebSockets;UseDevelopmentEmulator=true", 5300, false, .webSocket),
            ("Endpoint=sb://h:9;TransportType=AmqpWebSockets;UseDevelopmentEmulator=true", 9, false, .webSocket),
            ("Endpoint=sb://h;TransportType=AmqpTcp", 5671, true, .tcp), ("Endpoint=sb://h;TransportType=Amqp", 5671, true, .tcp),
        ])
    func transport(text: String, port: Int, isSecure: Bool, transport: MessagingEndpoint.Transport) throws {
        let endpoint = try ConnectionString(parsing: text).messagingEndpoint
        #expect(endpoint == MessagingEndpoint(host: "h", port: port, isSecure: isSecure, transport: transport))
    }

    @Test("names a transport that nobody knows")
    func unknownTransport() {
        let error = #expect(throws: ConnectionStringError.self) {
            _ = try ConnectionString(parsing: "Endpoint=sb://h;TransportType=NetMessaging")
        }
        #expect(error?.remedy.contains("AmqpWebSockets") == true)
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let text: String
        let code: ConnectionStringError.Code
        let key: String?
        let words: [String]
        var testDescription: String { text.prefix(60).description }

        init(_ text: String, _ code: ConnectionStringError.Code, _ key: String?, _ words: String...) {
            self.text = text
            self.code = code
            self.key = key
            self.words = words
        }
    }

    static let mistakes = [
        Mistake("", .empty, nil, "empty"), Mistake(" \n ", .empty, nil, "empty"), Mistake("\"\"", .empty, nil, "empty"),
        Mistake("nonsense", .malformed, nil, "Part 1", "Key=Value", "Endpoint"),
        Mistake("Endpoint=sb://h;nonsense", .malformed, nil, "Part 2"),
        Mistake("=x;Endpoint=sb://h", .malformed, nil, "Part 1"),
        Mistake("Endpoint=sb://h\u{1B}[31m", .malformed, nil, "control character"),
        Mistake("Endpoint=", .missingKey, "Endpoint", "no value"),
        Mistake("SharedAccessKeyName=a;SharedAccessKey=topsecret", .missingKey, "Endpoint", "no Endpoint", "sb://"),
        Mistake("Endpont=sb://h;SharedAccessKeyName=a;SharedAccessKey=topsecret", .missingKey, "Endpoint", "Endpont"),
        Mistake("Endpoint=sb://h;SharedAccessKeyName=a", .missingKey, "SharedAccessKey", "no SharedAccessKey", "policy"),
        Mistake("Endpoint=sb://h;SharedAccessKeyName=a;SharedAccesKey=topsecret", .missingKey, "SharedAccessKey", "SharedAccesKey"),
        Mistake("Endpoint=sb://h;SharedAccessKeyName=a;UseDevelopmentEmulator=true", .missingKey, "SharedAccessKey", "no SharedAccessKey"),
        Mistake("Endpoint=sb://h;SharedAccessKey=topsecret", .missingKey, "SharedAccessKeyName", "no SharedAccessKeyName"),
        Mistake("Endpoint=sb://h;SharedAccessKeyName=a;SharedAccessKey=", .missingKey, "SharedAccessKey", "no value"),
        Mistake("Endpoint=sb://h;endpoint=sb://h", .duplicateKey, "Endpoint", "twice"),
        Mistake(
            "Endpoint=sb://h;SharedAccessKeyName=a;SharedAccessKey=topsecret;SharedAccessKey=topsecret2", .duplicateKey, "SharedAccessKey",
            "twice"),
        Mistake("Endpoint=sb://h;HostName=h", .conflict, "HostName", "both Endpoint and HostName"),
        Mistake(
            "Endpoint=sb://h;SharedAccessKeyName=a;SharedAccessKey=topsecret;SharedAccessSignature=SharedAccessSignature sr=topsecret",
            .conflict,
            "SharedAccessSignature", "Leave one"),
        Mistake("Endpoint=sb://h;UseDevelopmentEmulator=yes", .invalidValue, "UseDevelopmentEmulator", "true nor false"),
        Mistake("Endpoint=sb://h:0", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h:65536", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h:port", .invalidValue, "Endpoint", "port"), Mistake("Endpoint=sb://h:", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h:+80", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h:1:2", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h/orders", .invalidValue, "Endpoint", "EntityPath"),
        Mistake("Endpoint=http//x;SharedAccessKey=topsecret", .invalidValue, "Endpoint", "connection string"),
        Mistake("Endpoint=ftp://h", .invalidValue, "Endpoint", "scheme"), Mistake("Endpoint=sb://", .invalidValue, "Endpoint", "host name"),
        Mistake("Endpoint=sb://me:topsecret@h/", .invalidValue, "Endpoint", "user name"),
        Mistake("Endpoint=sb://two words", .invalidValue, "Endpoint", "host name"),
        Mistake("Endpoint=sb://[::1", .invalidValue, "Endpoint", "port"),
        Mistake("Endpoint=sb://h;EntityPath=a b", .invalidValue, "EntityPath", "not the name"),
        Mistake("Endpoint=sb://h;ManagementPort=x", .invalidValue, "ManagementPort", "port number"),
        Mistake(String(repeating: "x", count: 40_000), .malformed, nil, "longer"),
    ]

    @Test("with a mistake is refused: the key and the way out are named, no value is", arguments: mistakes)
    func mistake(_ mistake: Mistake) {
        let error = #expect(throws: ConnectionStringError.self) { try ConnectionString(parsing: mistake.text) }
        #expect(error?.code == mistake.code)
        #expect(error?.key == mistake.key)
        let said = error?.description ?? ""
        #expect(said.contains("connection string"))
        #expect(!said.contains("topsecret"))
        for word in mistake.words { #expect(said.contains(word), "\(said)") }
        #expect(error?.remedy.isEmpty == false)
    }

    @Test("shows where it leads and never its key when printed")
    func isDiscreet() throws {
        let string = try ConnectionString(parsing: portal)
        var dumped = ""
        dump(string, to: &dumped)
        for text in ["\(string)", String(reflecting: string), dumped] {
            #expect(!text.contains("abc+/d=="))
            #expect(text.contains("contoso.servicebus.windows.net:5671 with key ops, entity orders"))
        }
    }

    @Test("never traps, whatever is cut off or put in its place")
    func mangled() {
        let whole = Array((portal + ";UseDevelopmentEmulator=true;SharedAccessSignature=x;ManagementPort=5300").utf8)
        for length in 0...whole.count {
            _ = try? ConnectionString(parsing: String(decoding: whole[..<length], as: UTF8.self))
            _ = try? ConnectionString(parsing: String(decoding: whole[length...], as: UTF8.self))
            for byte: UInt8 in [0, 0x0A, 0x3B, 0x3D, 0x3A, 0x5B, 0x5D, 0x80, 0xFF] where length < whole.count {
                var changed = whole
                changed[length] = byte
                _ = try? ConnectionString(parsing: String(decoding: changed, as: UTF8.self))
            }
        }
    }
}
