import AMQP
import AMQPTransport
import NIOCore

/// Ends what a client leaves idle or has no right to any more, as the service does (reference 1.3 and 1.6): one timer a connection.
final class ConnectionWatch {
    /// A connection whose client has shown no right to anything is closed after so many milliseconds (Microsoft's AMQP protocol guide).
    static let withoutToken: Int64 = 20_000
    /// A connection on which no link was ever opened is closed after so many milliseconds.
    static let withoutAnyLink: Int64 = 60_000
    /// One whose links are all gone, after so many.
    static let afterLastLink: Int64 = 300_000
    /// A link on which nothing happens is detached after so many; heartbeats are nothing.
    static let idleLink: Int64 = 600_000

    private let hub: WireHub
    private var openedAt: Int64
    /// Since when there is no link; nil while there is one.
    private var linklessSince: Int64?
    private var allowance = withoutAnyLink
    private var timer: Scheduled<Void>?
    private var timerTime = Int64.max

    init(_ hub: WireHub, now: Int64) {
        self.hub = hub
        openedAt = now
        linklessSince = now
    }

    func start(_ connection: WireConnection) {
        openedAt = hub.now
        linklessSince = openedAt
        wake(connection, at: openedAt + (connection.rights.areShown ? allowance : Self.withoutToken))
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    func linkAdded(_ connection: WireConnection) {
        linklessSince = nil
        allowance = Self.afterLastLink
        wake(connection, at: hub.now + Self.idleLink)
    }

    func linkRemoved(_ connection: WireConnection) {
        guard linklessSince == nil, connection.links.isEmpty else { return }
        linklessSince = hub.now
        wake(connection, at: hub.now + allowance)
    }

    /// A token came: it will expire, and may allow less than the one it takes the place of.
    func tokenPut(_ connection: WireConnection) {
        checkRights(connection)
        if let expiry = connection.rights.nextExpiry { wake(connection, at: expiry) }
    }

    /// The rules of some entity are others now: tokens of those that are gone allow nothing any more.
    func accessRulesChanged(_ connection: WireConnection) {
        connection.rights.dropRevoked(hub.broker)
        checkRights(connection)
    }

    private func wake(_ connection: WireConnection, at time: Int64) {
        guard timer == nil || time < timerTime else { return }
        timer?.cancel()
        timerTime = time
        let delay = max(1, min(time - hub.now, 86_400_000))
        timer = hub.loop.assumeIsolated().scheduleTask(in: .milliseconds(delay)) { [weak self, weak connection] in
            guard let self else { return }
            timer = nil
            if let connection { look(connection) }
        }
    }

    private func look(_ connection: WireConnection) {
        let now = hub.now
        if !connection.rights.areShown, now - openedAt >= Self.withoutToken {
            // The service's own words were never recorded; these are ours.
            return close(
                connection,
                "The connection has brought no valid token in the allowed \(Self.withoutToken) milliseconds and is closed by the gateway.")
        }
        if let linklessSince, now - linklessSince >= allowance {
            return close(
                connection,
                "The connection was inactive for more than the allowed \(allowance) milliseconds and is closed by container 'LinkTracker'."
            )
        }
        connection.rights.dropExpired(at: now)
        checkRights(connection)
        var next = connection.rights.nextExpiry ?? .max
        for link in connection.links {
            guard let (kind, lastActivity) = activity(of: link, connection, now) else { continue }
            if now - lastActivity >= Self.idleLink {
                connection.detach(link.id, ForcedDetach.idle(kind, name: connection.name(of: link.id), hub.broker))
            } else {
                next = min(next, lastActivity + Self.idleLink)
            }
        }
        if let linklessSince { next = min(next, linklessSince + allowance) }
        if !connection.rights.areShown { next = min(next, openedAt + Self.withoutToken) }
        if next < .max { wake(connection, at: next) }
    }

    /// When something last happened on a link that counts; a receiver with credit waits, it is not idle.
    private func activity(of link: WireLink, _ connection: WireConnection, _ now: Int64) -> (ForcedDetach.Kind, Int64)? {
        switch link {
        case .incoming(let incoming): if case .entity = incoming.node { (.publisher, incoming.lastActivity) } else { nil }
        case .outgoing(let outgoing): (.consumer, connection.credit(outgoing.id) > 0 ? now : outgoing.lastActivity)
        case .replies: nil
        }
    }

    private func checkRights(_ connection: WireConnection) {
        for link in connection.links {
            guard let entity = link.entity else { continue }
            let kind: ForcedDetach.Kind = if case .incoming = link { .publisher } else { .consumer }
            guard !connection.isAllowed(kind.rights, entity) else { continue }
            connection.detach(link.id, ForcedDetach.tokenExpired(kind, name: connection.name(of: link.id), entity, hub.broker))
        }
    }

    private func close(_ connection: WireConnection, _ text: String) {
        connection.close(AMQPError(.connectionForced, hub.broker.tracked(text, by: "gateway5")))
    }
}
