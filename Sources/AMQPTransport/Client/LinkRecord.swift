import AMQP
import NIOCore

/// What the client knows of one link. Lives on the event loop.
class LinkRecord {
    /// The link, once its attach is on its way.
    var id: LinkID?
    /// The peer's answer to our attach.
    var attach: Attach?

    /// The attach frame is on its way: the moment to grant credit in the same write.
    func attachSent(_ core: ClientCore) {}
    /// The peer changed the link's credit.
    func flow(_ flow: LinkFlow, _ core: ClientCore) {}
    /// A message arrived.
    func deliver(_ delivery: Delivery, _ core: ClientCore) {}
    /// There may be room again for messages that waited.
    func resumeSending(_ core: ClientCore) {}
    /// The link is gone.
    func end(_ error: TransportError) {}
}
