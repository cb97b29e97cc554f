package import ServiceBus

/// The entities that requests and decisions travel by.
package struct CooperativeEntities: Hashable, Sendable {
    /// The queue of requests.
    package var requests: EntityPath
    /// The topic of decisions.
    package var decisions: EntityPath
    /// The subscription of it that has all of them, in the order that decides.
    package var log: EntityPath
    /// Another one, for those who may only ask: who takes something away there takes it from nobody who decides.
    package var outcomes: EntityPath
    /// The queue of what is to end, and when.
    package var revocations: EntityPath

    /// The entities by the names that the documentation gives them: `access-requests`, `access-decisions` with `all` and `requesters`, `access-revoke`.
    /// - Throws: ``OperatorError`` never, but that names are checked where they are made.
    package init() throws(OperatorError) {
        do throws(EntityPathError) {
            requests = try .queue("access-requests")
            decisions = try .topic("access-decisions")
            log = try .subscription(topic: "access-decisions", name: "all")
            outcomes = try .subscription(topic: "access-decisions", name: "requesters")
            revocations = try .queue("access-revoke")
        } catch { throw OperatorError(.internal, error.description) }
    }
}

/// A message of one of the entities, as far as it matters here.
package struct CooperativeMessage: Hashable, Sendable {
    /// Its place in the entity.
    package var number: SequenceNumber
    /// Its id.
    package var id: String?
    /// Its body.
    package var body: [UInt8]
    /// When the service took it, by the service's clock.
    package var enqueuedAt: Timestamp
    /// When the service drops it, by the service's clock; nil for never.
    package var expiresAt: Timestamp?

    package init(number: SequenceNumber, id: String?, body: [UInt8], enqueuedAt: Timestamp, expiresAt: Timestamp? = nil) {
        self.number = number
        self.id = id
        self.body = body
        self.enqueuedAt = enqueuedAt
        self.expiresAt = expiresAt
    }
}

/// A message to be sent.
package struct CooperativePosting: Hashable, Sendable {
    /// Its id, by which the service drops a second one.
    package var id: String
    /// What it is about, for whoever lists the queue.
    package var subject: String
    /// What joins messages about one request.
    package var request: String
    /// Its body.
    package var body: [UInt8]
    /// How long it may wait; nil for as long as the entity says.
    package var timeToLive: Duration?

    package init(id: String, subject: String, request: String, body: [UInt8], timeToLive: Duration? = nil) {
        self.id = id
        self.subject = subject
        self.request = request
        self.body = body
        self.timeToLive = timeToLive
    }
}

/// What carries requests and decisions. The live one stands on ``ServiceBus``; tests have one in memory.
package protocol CooperativeTransport: Sendable {
    /// Sends a message, and waits until the service has it.
    /// - Throws: ``OperatorError``. After a time-out or a lost connection it may have been taken all the same.
    func send(_ posting: CooperativePosting, to path: EntityPath) async throws(OperatorError)

    /// Sends a message that comes to be there at a time.
    func schedule(_ posting: CooperativePosting, at time: Timestamp, on path: EntityPath) async throws(OperatorError)

    /// The messages from a number on, without locking them: a page; empty only when there are no more.
    func page(of path: EntityPath, from number: SequenceNumber) async throws(OperatorError) -> [CooperativeMessage]

    /// Takes one message under a lock and lends it; what is not settled at the end is given back.
    /// - Throws: ``OperatorError/Code/notFound`` when it is gone or somebody else has it; what `body` throws.
    func withMessage<R: Sendable>(
        _ number: SequenceNumber, of path: EntityPath, _ body: (any HeldMessage) async throws(OperatorError) -> R
    ) async throws(OperatorError) -> R

    /// Takes what is there under locks, a few at a time, and lends each; what is not settled at its end is given back.
    func withMessages(
        of path: EntityPath, max count: Int, _ body: (any HeldMessage) async throws(OperatorError) -> Void
    ) async throws(OperatorError) -> Int
}

/// A message under a lock.
package protocol HeldMessage: Sendable {
    /// The message.
    var message: CooperativeMessage { get }
    /// When the lock ends, by the service's clock; nil where it does not say.
    var lockedUntil: Timestamp? { get }
    /// Makes the lock last a full time from now.
    /// - Returns: when it ends.
    func renew() async throws(OperatorError) -> Timestamp
    /// Removes the message.
    func complete() async throws(OperatorError)
    /// Puts the message aside.
    func deadLetter(reason: String, description: String) async throws(OperatorError)
}
