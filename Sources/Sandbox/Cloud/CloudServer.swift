internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOSSL

/// The HTTPS server of the cloud's stand-ins.
struct CloudServer: Sendable {
    private let door: HTTPDoor
    private let respond: @Sendable (CloudRequest) async -> CloudResponse

    /// - Parameter respond: answers a request; the port it came to is known before the first one.
    init(
        host: String, port: Int, tls: TLSConfiguration, logger: Logger, respond: @escaping @Sendable (CloudRequest) async -> CloudResponse
    ) {
        door = HTTPDoor(host: host, port: port, tls: tls, option: "--cloud-port", logger: logger)
        self.respond = respond
    }

    func run(onReady: @escaping @Sendable (Int) async -> Void) async throws(AdministrationServerError) {
        let respond = respond
        let channel = HTTP1Channel(
            responder: { (request, writer: consuming ResponseWriter, _) in
                let body = try? await request.body.collect(upTo: CloudRequest.maximumBodyBytes)
                let answer = await respond(CloudRequest(request.head, body))
                let response = Response(answer)
                try await writer.write(response: response.head, body: response.body)
            }, configuration: .init(idleTimeout: .seconds(120)))
        try await door.run(channel, onReady: onReady)
    }
}

extension CloudRequest {
    fileprivate init(_ head: HTTPRequest, _ body: ByteBuffer?) {
        self.init(
            method: head.method.rawValue, target: head.path ?? "/", host: Self.plain(head.authority) ?? "localhost",
            headers: Dictionary(head.headerFields.map { ($0.name.canonicalName, $0.value) }) { _, last in last },
            body: body.map { Array($0.readableBytesView) })
    }

    /// A host and port as they may stand in an address; nil for anything else.
    private static func plain(_ authority: String?) -> String? {
        guard let authority, !authority.isEmpty, authority.utf8.count <= 255 else { return nil }
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        return isPlain ? authority : nil
    }
}

extension Response {
    private typealias Field = HTTPFields.Element

    fileprivate init(_ answer: CloudResponse) {
        var headers = HTTPFields()
        if let type = answer.contentType { headers[.contentType] = type }
        headers[.server] = "Callboard-Sandbox"
        for (name, value) in answer.headers {
            if let name = Field.Name(name), Field.isValidValue(value) { headers.append(Field(name: name, value: value)) }
        }
        self.init(status: .init(code: answer.status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }
}
