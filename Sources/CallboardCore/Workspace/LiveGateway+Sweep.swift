internal import ServiceBus
internal import Synchronization

extension LiveGateway {
    package func sweep() -> any NamespaceSweep { LiveSweep(self) }
}

/// A sweep over a connection of its own: links to the entities it is done with are closed, so that neither the number of entities nor what
/// else is under way matters. (A session holds 255 links, and an entity's queue takes two.)
private final class LiveSweep: NamespaceSweep {
    private let gateway: LiveGateway
    private let namespace: Namespace
    /// The places that are being looked through.
    private let open = Mutex<Set<EntityPath>>([])
    private let isCounted = Mutex(true)

    init(_ gateway: LiveGateway) {
        self.gateway = gateway
        namespace = gateway.namespace.apart()
    }

    func cost() async -> LookingCost {
        let cost = await askCost()
        isCounted.withLock { $0 = cost == .counted }
        return cost
    }

    private func askCost() async -> LookingCost {
        if gateway.endpoint.isEmulator { return .free }
        // Who may not ask for the tier is careful.
        guard let info = try? await gateway.administration?.namespaceInfo() else { return .counted }
        return info.tier?.lowercased() == "premium" ? .free : .counted
    }

    func pages(of path: EntityPath, from: SequenceNumber) -> any PageSource {
        open.withLock { _ = $0.insert(path) }
        var options = BrowseOptions(from: from, headersOnly: true)
        options.end = .atNewestNow
        let pages = LivePageSource(browser: namespace.browser(for: path, options: options), endpoint: gateway.endpoint)
        return SweepPages(pages: pages) { [self] in await finish(path) }
    }

    private func finish(_ path: EntityPath) async {
        let inUse = open.withLock { open in
            open.remove(path)
            return open
        }
        await namespace.closeManagementLinks(except: inUse)
    }

    func spend(_ messages: Int) async throws(OperatorError) {
        guard isCounted.withLock({ $0 }) else { return }
        // In turns no larger than can be saved up, so that whoever asks for one entity meanwhile need not wait for a page's worth.
        var left = messages
        do {
            while left > 0 {
                try await gateway.budget.spend(min(left, 50), priority: .background)
                left -= 50
            }
        } catch {
            throw OperatorError(.cancelled, "The trace was stopped.")
        }
    }

    func close() async { await namespace.close() }
}

/// Pages whose end lets go of the links they came by.
private struct SweepPages: PageSource {
    let pages: LivePageSource
    let ended: @Sendable () async -> Void

    func nextPage() async throws(OperatorError) -> [PeekedMessage]? { try await pages.nextPage() }

    func finish() async {
        await pages.finish()
        await ended()
    }
}
