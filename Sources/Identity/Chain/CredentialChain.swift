internal import Synchronization

/// One way to an identity; a chain tries them in order.
public struct CredentialLink: Sendable {
    /// The ways there are, in the order in which a standard chain tries them.
    public enum Name: String, Hashable, Sendable, CaseIterable {
        /// The sign-in that this context keeps.
        case signIn = "sign-in"
        /// `AZURE_CLIENT_ID` with `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`.
        case environment
        /// A federated token in a file.
        case workloadIdentity = "workload-identity"
        /// The Azure CLI's sign-in.
        case azureCLI = "azure-cli"
        /// The machine's identity.
        case managedIdentity = "managed-identity"

        /// Whether somebody set it up on purpose, so that any failure of it is the answer.
        fileprivate var isDeliberate: Bool {
            switch self {
            case .signIn, .environment, .workloadIdentity: true
            case .azureCLI, .managedIdentity: false
            }
        }
    }

    /// Which one.
    public let name: Name
    fileprivate let source: Result<any AccessTokenSource, IdentityError>

    /// A way that may lead somewhere.
    public init(_ name: Name, _ source: any AccessTokenSource) {
        self.name = name
        self.source = .success(source)
    }

    /// A way that is closed: what it lacks (``IdentityError/Code/notConfigured``), or what it was given and cannot use.
    public init(_ name: Name, failed error: IdentityError) {
        self.name = name
        self.source = .failure(error)
    }
}

/// What became of one link of a chain.
public struct LinkReport: Sendable, Hashable {
    /// How it went.
    public enum Outcome: Sendable, Hashable {
        /// It was not asked: one before it answered, or stopped the chain.
        case notAsked
        /// It gave a token.
        case answered
        /// It is not set up here, and what it lacks.
        case notConfigured(IdentityError)
        /// It is set up, and failed.
        case failed(IdentityError)
    }

    /// Which one.
    public let name: CredentialLink.Name
    /// How it went.
    public let outcome: Outcome
}

/// Asks the links in order for a token; the first that gives one is asked for all others.
///
/// The standard order: the context's sign-in; the environment's secret or certificate; workload identity; the Azure CLI; managed identity, the last since
/// looking for it costs a second. This is the rule for going on:
///
/// - A link that is **not configured** here never stops the chain.
/// - The context's sign-in, the environment and workload identity are set up on purpose. Whatever else goes wrong with one of these **stops** the chain with its
///   error, a lost connection too: to go on would be to act as somebody else because the network failed.
/// - The Azure CLI and managed identity are there by chance. A **refusal** of what they hold (ended, no consent, blocked by policy) stops the chain as
///   well; not being reachable does not.
/// - Once a link has answered, no other is asked while the chain lives: an identity does not change under a running console.
public final class CredentialChain: AccessTokenSource {
    private let links: [CredentialLink]

    private struct State {
        var chosen: Int?
        var outcomes: [Int: LinkReport.Outcome] = [:]
    }

    private let state = Mutex(State())

    /// A chain of links in the order given.
    public init(_ links: [CredentialLink]) { self.links = links }

    /// What became of each link so far.
    public var reports: [LinkReport] {
        let outcomes = self.state.withLock { $0.outcomes }
        return self.links.enumerated().map { LinkReport(name: $1.name, outcome: outcomes[$0] ?? .notAsked) }
    }

    /// The link that answers; nil while none has.
    public var chosen: CredentialLink.Name? { self.state.withLock { $0.chosen }.map { self.links[$0].name } }

    /// A token of the first link that gives one.
    /// - Throws: the error that stopped the chain, or ``IdentityError/Code/notSignedIn`` with all that is missing.
    public func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
        if let index = self.state.withLock({ $0.chosen }), case .success(let source) = self.links[index].source {
            do throws(IdentityError) {
                let token = try await source.accessToken(for: scope, answering: challenge)
                self.note(.answered, index)
                return token
            } catch {
                // Told in the report as well; the next token may come again.
                self.note(.failed(error), index)
                throw error
            }
        }
        for (index, link) in self.links.enumerated() {
            let failure: IdentityError
            switch link.source {
            case .failure(let missing): failure = missing
            case .success(let source):
                do throws(IdentityError) {
                    let token = try await source.accessToken(for: scope, answering: challenge)
                    return try await self.choose(index, token: token, for: scope, answering: challenge)
                } catch {
                    failure = error
                }
            }
            guard failure.code != .cancelled else { throw failure }
            if failure.code == .notConfigured || (failure.code == .notSignedIn && link.name == .signIn) {
                self.note(.notConfigured(failure), index)
            } else {
                self.note(.failed(failure), index)
                if link.name.isDeliberate || failure.isRefusal { throw failure }
            }
        }
        throw self.nobody
    }

    /// A token that is asked for now, of the link that answers; see ``AccessTokenSource/freshToken(for:)``.
    /// - Throws: as ``accessToken(for:answering:)``.
    public func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
        // Which link that is shows when it has answered once.
        let token = try await self.accessToken(for: scope)
        guard let index = self.state.withLock({ $0.chosen }), case .success(let source) = self.links[index].source else { return token }
        return try await source.freshToken(for: scope)
    }

    private func note(_ outcome: LinkReport.Outcome, _ index: Int) { self.state.withLock { $0.outcomes[index] = outcome } }

    /// Two callers may have gone through the chain at once and, when a link was unreachable for one of them, found different ones. The first counts for both.
    private func choose(
        _ index: Int, token: AccessToken, for scope: TokenScope, answering challenge: ClaimsChallenge?
    ) async throws(IdentityError) -> AccessToken {
        let chosen = self.state.withLock { state in
            let chosen = state.chosen ?? index
            state.chosen = chosen
            state.outcomes[chosen] = .answered
            return chosen
        }
        guard chosen != index, case .success(let source) = self.links[chosen].source else { return token }
        return try await source.accessToken(for: scope, answering: challenge)
    }

    private var nobody: IdentityError {
        let reasons = self.reports.compactMap { report in
            switch report.outcome {
            case .notConfigured(let error), .failed(let error): "\(report.name.rawValue): \(error.message)"
            case .notAsked, .answered: nil
            }
        }
        return IdentityError(
            .notSignedIn, "Nothing here gives a token. \(reasons.joined(separator: " "))", hint: "Sign in: callboard login")
    }
}
