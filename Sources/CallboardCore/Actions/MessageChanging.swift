package import ServiceBus

/// What carries actions out on a namespace. It sees messages as they are: what a context masks is masked where it is shown.
///
/// Only planners and jobs of this room have it; a ``Workspace`` gives it to nobody else.
package protocol MessageChanging: Sendable {
    /// `Basic`, `Standard` or `Premium`; nil where that cannot be known.
    func tier() async -> String?

    /// Messages as they are, in ascending order, page by page.
    func pages(of path: EntityPath, options: PeekOptions) -> any PageSource

    /// Does the same with many messages, each named by its number, and with no other.
    func perform(
        _ action: ManyAction, onExactly parts: [ManyPart], in path: EntityPath, options: ManyOptions, observer: some ManyObserver
    ) async -> ManyReport

    /// Deletes the messages that were enqueued before a moment.
    /// - Parameter progress: told how many are deleted so far.
    func deleteMessages(
        in path: EntityPath, enqueuedBefore cutoff: Timestamp, progress: @escaping @Sendable (Int) -> Void
    ) async -> Partly<Int>

    /// Sends copies of messages in order.
    /// - Returns: for each whether it was accepted.
    func send(each copies: [ForwardedMessage], to path: EntityPath) async -> [Result<Void, ServiceBusError>]

    /// An error in an operator's words.
    func explain(_ error: any Error, doing what: String) -> OperatorError
}

extension NamespaceGateway {
    /// What carries actions out; nil where nothing can be changed by it.
    package var changing: (any MessageChanging)? { nil }
}

extension LiveGateway {
    package var changing: (any MessageChanging)? { LiveChanging(gateway: self) }
}

/// Carries actions out over the network.
struct LiveChanging: MessageChanging {
    let gateway: LiveGateway

    func tier() async -> String? {
        guard let administration = gateway.administration else { return nil }
        return (try? await administration.namespaceInfo())?.tier
    }

    func pages(of path: EntityPath, options: PeekOptions) -> any PageSource {
        gateway.scan(path, from: SequenceNumber(0), options: options)
    }

    func perform(
        _ action: ManyAction, onExactly parts: [ManyPart], in path: EntityPath, options: ManyOptions, observer: some ManyObserver
    ) async -> ManyReport {
        await gateway.namespace.perform(action, onExactly: parts, in: path, options: options, observer: observer)
    }

    func deleteMessages(
        in path: EntityPath, enqueuedBefore cutoff: Timestamp, progress: @escaping @Sendable (Int) -> Void
    ) async -> Partly<Int> {
        await gateway.namespace.deleteMessages(in: path, enqueuedBefore: cutoff, progress: progress)
    }

    func send(each copies: [ForwardedMessage], to path: EntityPath) async -> [Result<Void, ServiceBusError>] {
        await gateway.namespace.send(each: copies, to: path)
    }

    func explain(_ error: any Error, doing what: String) -> OperatorError {
        switch error {
        case let error as OperatorError: error
        case let error as ServiceBusError: OperatorError(error, doing: what, at: gateway.endpoint)
        default: OperatorError(.internal, "\(what) failed: \(error)")
        }
    }
}
