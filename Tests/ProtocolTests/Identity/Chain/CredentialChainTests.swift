import RESTClient
import Synchronization
import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The chain of credentials")
struct CredentialChainTests {
    private let scope = TokenScope(resource: "https://servicebus.azure.net")

    /// A link that answers or fails as told.
    private final class Source: AccessTokenSource {
        private let answers: Mutex<[Result<String, IdentityError>]>
        let asked = SharedCount()

        func freshToken(for scope: TokenScope) async throws(IdentityError) -> AccessToken {
            AccessToken(secret: Secret("fresh"), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
        }

        init(_ answers: Result<String, IdentityError>...) { self.answers = Mutex(answers) }

        func accessToken(for scope: TokenScope, answering challenge: ClaimsChallenge?) async throws(IdentityError) -> AccessToken {
            _ = asked.next()
            let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            return AccessToken(secret: Secret(try answer.get()), expiresAt: WallTime(secondsSince1970: .max), kind: .jsonWebToken)
        }
    }

    private let missing = IdentityError(.notConfigured, "X is not set.")

    @Test("a token that is asked for now is of the link that answers, also where none has answered yet")
    func fresh() async throws {
        let (cli, machine) = (Source(.success("cli")), Source(.success("machine")))
        let chain = CredentialChain([
            CredentialLink(.environment, failed: missing), CredentialLink(.azureCLI, cli), CredentialLink(.managedIdentity, machine),
        ])
        #expect(try await chain.freshToken(for: scope).text == "fresh")
        #expect(chain.chosen == .azureCLI && machine.asked.value == 0)
    }

    @Test("the first that answers is the one, from then on")
    func first() async throws {
        let cli = Source(.success("cli"), .failure(IdentityError(.unavailable, "later")), .success("again"))
        let machine = Source(.success("machine"))
        let chain = CredentialChain([
            CredentialLink(.signIn, Source(.failure(IdentityError(.notSignedIn, "Nobody.")))),
            CredentialLink(.environment, failed: missing), CredentialLink(.azureCLI, cli),
            CredentialLink(.managedIdentity, machine),
        ])
        #expect(chain.chosen == nil)
        #expect(try await chain.accessToken(for: scope).text == "cli")
        #expect(chain.chosen == .azureCLI)
        #expect(
            chain.reports == [
                LinkReport(name: .signIn, outcome: .notConfigured(IdentityError(.notSignedIn, "Nobody."))),
                LinkReport(name: .environment, outcome: .notConfigured(missing)), LinkReport(name: .azureCLI, outcome: .answered),
                LinkReport(name: .managedIdentity, outcome: .notAsked),
            ])
        let error = await #expect(throws: IdentityError.self) { try await chain.accessToken(for: scope) }
        #expect(error?.message == "later")
        #expect(machine.asked.value == 0, "an identity does not change on the way")
        #expect(chain.reports[2].outcome == .failed(IdentityError(.unavailable, "later")))
        #expect(try await chain.accessToken(for: scope).text == "again")
        #expect(chain.reports[2].outcome == .answered)
    }

    @Test(
        "what was set up on purpose stops it with any failure", arguments: [CredentialLink.Name.signIn, .environment, .workloadIdentity],
        [IdentityError.Code.unavailable, .credentialRefused, .cacheUnusable, .misconfigured])
    func deliberate(name: CredentialLink.Name, code: IdentityError.Code) async throws {
        let last = Source(.success("machine"))
        for link in [
            CredentialLink(name, Source(.failure(IdentityError(code, "x")))), CredentialLink(name, failed: IdentityError(code, "x")),
        ] {
            let chain = CredentialChain([link, CredentialLink(.managedIdentity, last)])
            #expect(await #expect(throws: IdentityError.self) { try await chain.accessToken(for: scope) }?.code == code)
            #expect(chain.reports[0].outcome == .failed(IdentityError(code, "x")))
        }
        #expect(last.asked.value == 0)
    }

    @Test("what is there by chance stops it only when it was refused")
    func byChance() async throws {
        for (code, answers) in [
            (IdentityError.Code.unavailable, true), (.invalidAnswer, true), (.interactionRequired, false), (.blockedByPolicy, false),
            (.cancelled, false),
        ] {
            let chain = CredentialChain([
                CredentialLink(.azureCLI, Source(.failure(IdentityError(code, "x")))),
                CredentialLink(.managedIdentity, Source(.success("machine"))),
            ])
            if answers {
                #expect(try await chain.accessToken(for: scope).text == "machine")
            } else {
                #expect(await #expect(throws: IdentityError.self) { try await chain.accessToken(for: scope) }?.code == code)
            }
        }
    }

    @Test("when nothing answers, everything that is missing is said")
    func nothing() async throws {
        let chain = CredentialChain([
            CredentialLink(.environment, failed: missing),
            CredentialLink(.azureCLI, Source(.failure(IdentityError(.unavailable, "It hangs.")))),
        ])
        let error = await #expect(throws: IdentityError.self) { try await chain.accessToken(for: scope) }
        #expect(error?.code == .notSignedIn)
        #expect(error?.message == "Nothing here gives a token. environment: X is not set. azure-cli: It hangs.")
    }

    /// The standard chain on a machine with these variables, whose services are `stub`.
    private func standard(_ stub: IdentityStub, environment: [String: String] = [:], folder: String) throws -> CredentialChain {
        var setup = CredentialChain.Setup(
            endpoint: try EntraEndpoint(login: "https://login.example", tenant: "contoso.example"), clientID: "app",
            cache: TokenCache(folder: folder, name: "prod", keys: KeyFileStore(folder: folder)), environment: environment,
            http: stub.client(),
            runner: ProgramRunner { (_) throws(ProgramRunner.Failure) in throw .notFound })
        setup.pause = IdentityTime().pause
        return .standard(setup)
    }

    @Test("the standard one is in the documented order, and says of each what it lacks")
    func standardOrder() async throws {
        try await withTemporaryFolder { folder in
            let stub = IdentityStub { _, _ in throw RESTError(.unreachable, endpoint: "e", message: "m", hint: "") }
            let chain = try standard(stub, folder: folder)
            await #expect(throws: IdentityError.self) { try await chain.accessToken(for: scope) }
            #expect(chain.reports.map(\.name) == [.signIn, .environment, .workloadIdentity, .azureCLI, .managedIdentity])
            let words = [
                "Nobody is signed in", "AZURE_TENANT_ID, AZURE_CLIENT_ID are not set", "AZURE_FEDERATED_TOKEN_FILE", "not installed",
                "not an Azure machine",
            ]
            for (report, word) in zip(chain.reports, words) {
                guard case .notConfigured(let error) = report.outcome else {
                    Issue.record("\(report)")
                    continue
                }
                #expect(error.message.contains(word), "\(report.name)")
            }
        }
    }

    @Test("the environment's secret comes before its certificate, and both before the machine")
    func environment() async throws {
        try await withTemporaryFolder { folder in
            try (TestIssuer.certificate + "\n" + TestIssuer.key).write(toFile: folder + "/c.pem", atomically: true, encoding: .utf8)
            var environment = [
                "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s3cret",
                "AZURE_CLIENT_CERTIFICATE_PATH": folder + "/c.pem",
            ]
            let stub = IdentityStub { _, _ in .token() }
            #expect(
                try await standard(stub, environment: environment, folder: folder + "/1").accessToken(for: scope).text == "access-token-1")
            #expect(
                stub.requests[0].form["client_secret"] == "s3cret" && stub.requests[0].url == "https://login.example/t/oauth2/v2.0/token")
            environment["AZURE_CLIENT_SECRET"] = nil
            _ = try await standard(stub, environment: environment, folder: folder + "/2").accessToken(for: scope)
            #expect(stub.requests[1].form["client_assertion"] != nil)
            environment["AZURE_CLIENT_CERTIFICATE_PATH"] = folder + "/missing.pem"
            let broken = try standard(stub, environment: environment, folder: folder + "/3")
            let error = await #expect(throws: IdentityError.self) { try await broken.accessToken(for: scope) }
            #expect(error?.code == .misconfigured, "a certificate that is meant and missing is not passed over")
            #expect(stub.requests.count == 2)
        }
    }

    @Test("gives Service Bus its tokens, whatever the entity")
    func provider() async throws {
        let provider = EntraTokenProvider(
            source: CredentialChain([CredentialLink(.azureCLI, Source(.success("sb")))]), scope: .serviceBus(.china))
        let token = try await provider.token(for: "sb://ns.servicebus.chinacloudapi.cn/orders")
        #expect(token.cbsTokenType == "jwt")
        #expect(token.authorizationHeader.withRevealedText { $0 } == "Bearer sb")
    }
}
