import AMQP
import NIOCore

/// A client engine and a server engine joined by bytes in memory, cut into slices of a size.
final class EnginePair {
    let client: Subject
    let server: Subject
    /// How many bytes arrive at a time.
    let slice: Int
    private(set) var clientEvents: [Event] = []
    private(set) var serverEvents: [Event] = []
    /// Every message the client got, whole.
    private(set) var clientDeliveries: [Delivery] = []
    /// Every message the server got, whole.
    private(set) var serverDeliveries: [Delivery] = []

    /// - Parameter slice: 1 for drip-feeding.
    init(
        slice: Int, mechanisms: [EngineConfiguration.SASLMechanism] = [.anonymous],
        client editClient: (inout EngineConfiguration) -> Void = { _ in },
        server editServer: (inout EngineConfiguration) -> Void = { _ in }
    ) {
        self.slice = slice
        var client = EngineConfiguration(side: .client, containerID: "client", hostname: "localhost", security: .client(mechanisms))
        editClient(&client)
        var server = EngineConfiguration(
            side: .server, containerID: "server", security: .server(offers: ["MSSBCBS", "PLAIN", "ANONYMOUS", "EXTERNAL"], required: true))
        editServer(&server)
        self.client = Subject(client)
        self.server = Subject(server)
    }

    /// Carries bytes to and fro until both are quiet. The server welcomes everybody and accepts every link.
    /// - Parameter credit: what the server grants on links it receives on.
    func run(credit: UInt32 = 100) {
        while true {
            let toServer = client.bytes()
            carry(toServer, to: server)
            takeServerEvents(credit)
            let toClient = server.bytes()
            carry(toClient, to: client)
            let events = client.events()
            clientEvents += events
            for case .delivery(_, let delivery) in events { clientDeliveries.append(delivery) }
            if toServer.readableBytes == 0, toClient.readableBytes == 0 { return }
        }
    }

    private func carry(_ bytes: ByteBuffer, to subject: Subject) {
        var rest = bytes
        while let part = rest.readSlice(length: min(slice, rest.readableBytes)), part.readableBytes > 0 { subject.receive(part) }
    }

    private func takeServerEvents(_ credit: UInt32) {
        while let event = server.engine.nextEvent() {
            serverEvents.append(event)
            switch event {
            case .saslInitiated: server.engine.completeSASL(true)
            case .linkRequested(let id, let attach):
                server.engine.accept(id, attach)
                if attach.role == .sender { server.engine.setCredit(id, credit) }
            case .delivery(_, let delivery): serverDeliveries.append(delivery)
            default: break
            }
        }
    }

    /// Opens, begins a session and attaches a link of the client.
    func attach(_ role: Role, name: String = "link", credit: UInt32 = 100) -> (client: LinkID, server: LinkID)? {
        guard let session = client.engine.begin() else { return nil }
        return attach(role, name: name, in: session, credit: credit)
    }

    /// Attaches a link of the client in a session.
    func attach(
        _ role: Role, name: String, in session: SessionID, credit: UInt32 = 100
    ) -> (client: LinkID, server: LinkID)? {
        let options = LinkOptions(
            name: name, role: role, source: Source(address: role == .sender ? "c" : "q"), target: .address(role == .sender ? "q" : "c"))
        guard let ours = client.engine.attach(session, options) else { return nil }
        run(credit: credit)
        for case .linkRequested(let theirs, let attach) in serverEvents where attach.name == name { return (ours, theirs) }
        return nil
    }
}

/// Whole reads, odd slices, and one byte at a time.
let slicings = [Int.max, 7, 1]
