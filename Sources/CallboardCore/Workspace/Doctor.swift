internal import Identity
public import Logging
internal import RESTClient
public import ServiceBus

/// Walks the way from this machine to a namespace, and says at which step it ends.
public struct Doctor: Sendable {
    /// What came of a check.
    public enum Outcome: String, Hashable, Sendable {
        /// It holds.
        case passed
        /// It does not hold, and many people work well without it.
        case noted
        /// It does not hold, and what follows cannot.
        case failed
    }

    /// A check and what came of it.
    public struct Finding: Hashable, Sendable {
        /// What was checked, in a word: `name`, `connection`, `tls`, `amqp`, `token`, `right`, `listing`.
        public var check: String
        /// What came of it.
        public var outcome: Outcome
        /// What was found; it may hold words of the service: sanitise.
        public var detail: String
        /// What to try.
        public var hint: String

        init(_ check: String, _ outcome: Outcome, _ detail: String, hint: String = "") {
            self.check = check
            self.outcome = outcome
            self.detail = detail
            self.hint = hint
        }
    }

    private let endpoint: NamespaceEndpoint
    private let gateway: LiveGateway

    /// A doctor for a namespace. Nothing is connected yet.
    public init(
        access: NamespaceAccess, caFile: String? = nil, proxy: NamespaceProxy? = nil, creditsPerSecond: Int? = nil, logger: Logger
    ) {
        gateway = LiveGateway(access, caFile: caFile, proxy: proxy, creditsPerSecond: creditsPerSecond, logger: logger)
        endpoint = gateway.endpoint
    }

    /// Walks: the host's name, its port, TLS, AMQP, a token, and the right to look into an entity where one is named; then whether entities
    /// may be listed. It ends with the first step that fails.
    /// - Parameters:
    ///   - entities: what the entity's name may mean, the likelier first; none where no entity is named.
    ///   - onFinding: called with each finding as it is made.
    /// - Returns: whether nothing failed.
    public func examine(_ entities: [EntityPath], onFinding: @escaping @Sendable (Finding) async -> Void) async -> Bool {
        let endpoint = endpoint
        let reached = await gateway.namespace.diagnose(entities) { step, result in
            switch result {
            case .passed(let detail): await onFinding(Finding(Self.word(step), .passed, detail))
            case .failed(let error):
                let told = OperatorError(error, doing: Self.doing(step), at: endpoint)
                await onFinding(Finding(Self.word(step), .failed, Self.detail(told), hint: told.hint))
            }
        }
        var isWell = reached
        if reached {
            let finding = await listing(isEntityNamed: !entities.isEmpty)
            isWell = finding.outcome != .failed
            await onFinding(finding)
        }
        await gateway.close()
        return isWell
    }

    private func listing(isEntityNamed: Bool) async -> Finding {
        do throws(OperatorError) {
            let client = try gateway.administering()
            do throws(AdministrationError) {
                let info = try await client.namespaceInfo()
                return Finding("listing", .passed, "may list entities of \(info.name)\(info.tier.map { " (\($0))" } ?? "")")
            } catch {
                throw OperatorError(error, doing: "Reading the namespace")
            }
        } catch {
            guard error.code == .notPermitted else { return Finding("listing", .failed, Self.detail(error), hint: error.hint) }
            return Finding(
                "listing", .noted, "entities cannot be listed: not permitted (needs Manage)",
                hint: (!isEntityNamed
                    ? "Looking into an entity takes Listen only: check one with 'callboard doctor ENTITY'."
                    : "Their names come from the catalogue then; ask for Manage only where entities have to be changed.")
                    + (endpoint.usesRoles ? " A Reader of the namespace in Azure sees names and counts as well." : ""))
        }
    }

    /// The error without its hint, which stands apart.
    private static func detail(_ error: OperatorError) -> String {
        var error = error
        error.hint = ""
        return error.description
    }

    private static func word(_ step: DiagnosisStep) -> String {
        switch step {
        case .protocolOpened: "amqp"
        default: step.rawValue
        }
    }

    private static func doing(_ step: DiagnosisStep) -> String {
        switch step {
        case .name: "Looking up the host"
        case .connection: "Connecting"
        case .tls: "Securing the connection"
        case .protocolOpened: "Opening AMQP"
        case .token: "Getting a token for"
        case .right: "Looking into"
        }
    }
}
