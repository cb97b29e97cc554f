import AMQP

/// The service's words for links it ends by force (recorded by users of its SDKs).
enum ForcedDetach {
    /// Which end of a link the client was.
    enum Kind {
        case publisher
        case consumer

        fileprivate var name: String { self == .publisher ? "publisher" : "consumer" }
        fileprivate var typeName: String { self == .publisher ? "AmqpMessagePublisher" : "AmqpMessageConsumer" }
        /// The right such a link needs.
        var claim: String { self == .publisher ? "Send" : "Listen" }
        /// The same.
        var rights: Rights { self == .publisher ? .send : .listen }
    }

    /// Nothing was sent or settled for ten minutes.
    static func idle(_ kind: Kind, name: String, _ broker: Broker) -> AMQPError {
        detached(
            name,
            "\(kind.name)(link\(broker.random.next() % 100_000)). Details: \(kind.typeName).IdleTimerExpired: Idle timeout: 00:10:00.",
            broker)
    }

    /// The token ended, or the one that took its place allows less.
    static func tokenExpired(_ kind: Kind, name: String, _ address: EntityAddress, _ broker: Broker) -> AMQPError {
        detached(name, "RenewToken. Details: \(unauthorised(kind.claim, address, broker))", broker)
    }

    private static func detached(_ name: String, _ code: String, _ broker: Broker) -> AMQPError {
        AMQPError(.detachForced, broker.tracked("The link 'G1:1:\(name)' is force detached. Code: \(code)", by: "gateway7"))
    }

    static func unauthorised(_ claim: String, _ address: EntityAddress, _ broker: Broker) -> String {
        "Unauthorized access. '\(claim)' claim(s) are required to perform this operation. Resource: 'sb://\(broker.namespace)/\(address)'."
    }
}
