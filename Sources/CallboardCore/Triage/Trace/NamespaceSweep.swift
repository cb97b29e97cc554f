package import ServiceBus

/// What looking at messages costs.
public enum LookingCost: Hashable, Sendable {
    /// Nothing that others would miss: an emulator, or a Premium namespace.
    case free
    /// A credit a message, of those that all applications of the namespace share; on the Standard tier 1,000 a second
    /// (service-bus-throttling of Microsoft's documentation). Messages are looked at no faster than the budget allows.
    case counted
}

/// A look through many places of a namespace, one after another.
package protocol NamespaceSweep: Sendable {
    /// What looking costs here; asked once.
    func cost() async -> LookingCost
    /// The messages of a place from a number on, without bodies, up to the newest there is now. To be finished, also when it ended.
    func pages(of path: EntityPath, from: SequenceNumber) -> any PageSource
    /// Waits until so many messages may have been looked at, besides what applications do.
    func spend(_ messages: Int) async throws(OperatorError)
    /// Closes what the sweep has opened.
    func close() async
}

/// The sweep of a gateway that has nothing special for it.
struct GatewaySweep<Gateway: NamespaceGateway>: NamespaceSweep {
    let gateway: Gateway

    func cost() async -> LookingCost { .free }
    func pages(of path: EntityPath, from: SequenceNumber) -> any PageSource {
        gateway.scan(path, from: from, options: PeekOptions(headersOnly: true, end: .atNewestNow))
    }
    func spend(_ messages: Int) async throws(OperatorError) {}
    func close() async {}
}

extension NamespaceGateway {
    /// A look through many places.
    package func sweep() -> any NamespaceSweep { GatewaySweep(gateway: self) }
}
