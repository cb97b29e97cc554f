import AMQP
import NIOCore

/// A request that waits for its answer.
final class PendingRequest {
    let key: String
    private let answers: ResponseRecord
    private let requests: SenderRecord
    private var waiter: ClientCore.Waiter<Message>?
    private var timer: Scheduled<Void>?
    private var batch: SendBatch?

    init(_ key: String, _ requests: SenderRecord, _ answers: ResponseRecord, _ waiter: ClientCore.Waiter<Message>) {
        self.key = key
        self.requests = requests
        self.answers = answers
        self.waiter = waiter
    }

    func start(_ message: OutboundMessage, timeout: TimeAmount, _ core: ClientCore) {
        timer = core.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.timeOut() }
        let batch = SendBatch(self)
        self.batch = batch
        requests.enqueue([message], batch, core)
    }

    func answer(_ message: Message) {
        guard let waiter else { return }
        finish()
        waiter.resume(returning: message)
    }

    /// Gives up. A request that has not left yet never will.
    func fail(_ error: any Error) {
        guard let waiter else { return }
        finish()
        waiter.resume(throwing: error)
    }

    private func timeOut() {
        let error = TransportError.timeout("request")
        // Without credit it never left, and certainly was not carried out.
        let isUnsent = batch.map { requests.isWaiting($0) } ?? false
        fail(isUnsent ? TransportError.unsent(error) : error)
    }

    private func finish() {
        waiter = nil
        timer?.cancel()
        timer = nil
        answers.forget(self)
        if let batch { requests.remove(batch) }
        batch = nil
    }
}

/// The receiving half of a request/response pair: answers find their request by correlation id.
final class ResponseRecord: LinkRecord {
    static let window: UInt32 = 200
    private var pending: [String: PendingRequest] = [:]

    override func attachSent(_ core: ClientCore) {
        if let id { core.handler?.engine.setCredit(id, Self.window) }
    }

    func expect(_ request: PendingRequest) { pending[request.key] = request }

    func forget(_ request: PendingRequest) { pending[request.key] = nil }

    func request(_ key: String) -> PendingRequest? { pending[key] }

    override func deliver(_ delivery: Delivery, _ core: ClientCore) {
        guard let handler = core.handler, let id else { return }
        if !delivery.settled {
            handler.engine.dispose(id.session, role: .receiver, first: delivery.id, settled: true, state: .accepted)
        }
        if handler.engine.credit(id) <= Self.window / 2 { handler.engine.setCredit(id, Self.window) }
        do throws(CodecError) {
            let message = try Message(delivery.payload)
            if let key = message.properties?.correlationID?.text { pending[key]?.answer(message) }
        } catch {
            // Whose answer it was cannot be told, so nobody can go on waiting for theirs.
            failAll(.malformed(error))
        }
    }

    private func failAll(_ error: TransportError) {
        for request in Array(pending.values) { request.fail(error) }
    }

    override func end(_ error: TransportError) { failAll(error) }
}
