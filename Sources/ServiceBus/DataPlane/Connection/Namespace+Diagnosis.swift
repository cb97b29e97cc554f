internal import AMQPTransport
internal import Identity

/// A step on the way to an entity.
public enum DiagnosisStep: String, Hashable, Sendable, CaseIterable {
    /// The host's name has an address.
    case name
    /// Its port takes connections.
    case connection
    /// TLS, with a certificate that is trusted. Left out where there is none.
    case tls
    /// AMQP is spoken there.
    case protocolOpened
    /// A token can be had.
    case token
    /// The service takes the token, and it is good for the entity.
    case right
}

/// What came of a step.
public enum DiagnosisResult: Sendable {
    /// It holds, and what was found.
    case passed(String)
    /// It does not hold.
    case failed(ServiceBusError)
}

extension Namespace {
    /// Walks the way to the namespace, and to an entity where one is named, one step after another, and ends with the first that fails.
    /// Nothing is locked, nothing is changed.
    /// - Parameters:
    ///   - entities: what to look into: what a name may mean, the likelier first; none ends with the token.
    ///   - onStep: called with each step that was taken.
    /// - Returns: whether all of them hold.
    public nonisolated func diagnose(
        _ entities: [EntityPath], onStep: @Sendable (DiagnosisStep, DiagnosisResult) async -> Void
    ) async -> Bool {
        let endpoint = configuration.transportEndpoint
        let timeout = configuration.connectTimeout
        do {
            let addresses = try await Reachability.addresses(of: endpoint)
            let host = endpoint.proxy?.host ?? endpoint.host
            await onStep(.name, .passed(addresses == [host] ? "\(host) is an address" : "\(host) is \(addresses.joined(separator: ", "))"))
        } catch {
            await onStep(.name, .failed(ServiceBusError(error, entity: nil)))
            return false
        }
        do {
            try await Reachability.connect(to: endpoint, timeout: timeout)
            await onStep(.connection, .passed("\(configuration.endpoint) takes connections"))
        } catch {
            await onStep(.connection, .failed(ServiceBusError(error, entity: nil)))
            return false
        }
        guard await opens(endpoint, timeout, onStep) else { return false }
        guard await hasToken(for: entities.first, onStep) else { return false }
        var missing: ServiceBusError?
        for entity in entities {
            do throws(ServiceBusError) {
                let page = try await peek(entity, from: SequenceNumber(0), count: 1, headersOnly: true)
                await onStep(.right, .passed("may look into \(entity.displayName)\(page.isEmpty ? ", which is empty" : "")"))
                return true
            } catch {
                missing = missing ?? error
                guard error.code == .entityNotFound else { break }
            }
        }
        if let missing { await onStep(.right, .failed(missing)) }
        return entities.isEmpty
    }

    private nonisolated func opens(
        _ endpoint: Endpoint, _ timeout: Duration, _ onStep: (DiagnosisStep, DiagnosisResult) async -> Void
    ) async -> Bool {
        let secured = DiagnosisResult.passed("the certificate is good for \(endpoint.host) and signed by who is trusted")
        do {
            try await Reachability.open(endpoint, timeout: timeout)
            if configuration.endpoint.isSecure { await onStep(.tls, secured) }
            await onStep(.protocolOpened, .passed("AMQP 1.0"))
            return true
        } catch {
            let failure = DiagnosisResult.failed(ServiceBusError(error, entity: nil))
            switch error {
            case .tls, .trustFile, .identityFile: await onStep(.tls, failure)
            default:
                // A time-out may have come in either step; its words name it.
                if configuration.endpoint.isSecure, !Self.isTimeout(error) { await onStep(.tls, secured) }
                await onStep(.protocolOpened, failure)
            }
            return false
        }
    }

    private static func isTimeout(_ error: TransportError) -> Bool { if case .timeout = error { true } else { false } }

    private nonisolated func hasToken(
        for entity: EntityPath?, _ onStep: (DiagnosisStep, DiagnosisResult) async -> Void
    ) async -> Bool {
        guard let tokens else {
            await onStep(.token, .passed("none is asked for"))
            return true
        }
        do throws(IdentityError) {
            let audience = "sb://\(configuration.endpoint.host)/\(entity?.entity.address ?? "")"
            let token = try await tokens.token(for: audience)
            let left = max(0, token.expiresAt.secondsSince1970 - clock.now.secondsSince1970)
            let kind =
                switch token.kind {
                case .sharedAccessSignature: "a shared access signature"
                case .jsonWebToken: "a token of Entra ID"
                }
            await onStep(.token, .passed("\(kind), good for \(left / 60) min"))
            return true
        } catch {
            await onStep(.token, .failed(ServiceBusError(error, entity: entity)))
            return false
        }
    }
}
