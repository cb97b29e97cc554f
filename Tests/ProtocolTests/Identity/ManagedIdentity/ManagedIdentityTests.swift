import RESTClient
import Testing

@testable import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A managed identity of a virtual machine")
struct InstanceMetadataTests {
    private let time = IdentityTime(1_785_500_000)
    private let scope = TokenScope(resource: "https://servicebus.azure.net/")
    private static let token =
        #"{"access_token":"mi","client_id":"0a0a0000-0000-4000-8000-0000000a0001","expires_in":"86399","expires_on":"1785578400","resource":"https://servicebus.azure.net/","token_type":"Bearer"}"#

    private func credential(
        _ stub: IdentityStub, _ selection: ManagedIdentityCredential.Selection = .systemAssigned, environment: [String: String] = [:],
        pause: Pause? = nil
    ) -> ManagedIdentityCredential {
        ManagedIdentityCredential(selection, environment: environment, http: stub.client(), clock: time.clock, pause: pause ?? time.pause)
    }

    @Test("is looked for once, without the header that asks for a token")
    func probe() async throws {
        let stub = IdentityStub { _, request in request.headers["Metadata"] == nil ? .json("", status: 400) : .json(Self.token) }
        let credential = credential(stub, pause: .forever)
        let token = try await credential.accessToken(for: scope)
        #expect(token.text == "mi")
        #expect(token.expiresAt == WallTime(secondsSince1970: 1_785_578_400))
        _ = try await credential.accessToken(for: TokenScope(resource: "https://graph.microsoft.com"))
        #expect(
            stub.requests.map(\.url) == [
                "http://169.254.169.254/metadata/identity/oauth2/token",
                "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fservicebus.azure.net",
                "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com",
            ])
        #expect(stub.requests[1].headers["Metadata"] == "true")
    }

    @Test("is not there when nobody answers within a second")
    func nobody() async throws {
        let silent = IdentityStub { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return .json("")
        }
        let error = await #expect(throws: IdentityError.self) { try await credential(silent).accessToken(for: scope) }
        #expect(error?.code == .notConfigured)
        #expect(time.pauses == [.seconds(1)])
        let refused = IdentityStub { _, _ in throw RESTError(.unreachable, endpoint: "imds", message: "m", hint: "") }
        #expect(
            await #expect(throws: IdentityError.self) { try await credential(refused, pause: .forever).accessToken(for: scope) }?.code
                == .notConfigured)
        let docker = IdentityStub { _, _ in .json("A socket operation was attempted to an unreachable network", status: 403) }
        #expect(
            await #expect(throws: IdentityError.self) { try await credential(docker, pause: .forever).accessToken(for: scope) }?.code
                == .notConfigured)
    }

    private let override = ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9999/"]

    @Test("is asked at the place that the environment names, without looking for it")
    func override() async throws {
        let stub = IdentityStub { _, _ in .json(Self.token) }
        _ = try await credential(stub, .clientID("0A0A0000-0000-4000-8000-0000000A0001"), environment: override).accessToken(for: scope)
        #expect(
            stub.requests.map(\.url) == [
                "http://127.0.0.1:9999/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fservicebus.azure.net&client_id=0A0A0000-0000-4000-8000-0000000A0001"
            ])
        for (selection, query) in [
            (ManagedIdentityCredential.Selection.objectID("o"), "&object_id=o"), (.resourceID("/s/1"), "&msi_res_id=%2Fs%2F1"),
        ] {
            _ = try await credential(stub, selection, environment: override).accessToken(for: scope)
            #expect(stub.requests.last?.url.hasSuffix(query) == true)
        }
    }

    @Test("that is another's is refused")
    func another() async throws {
        let stub = IdentityStub { _, _ in .json(Self.token) }
        let error = await #expect(throws: IdentityError.self) {
            try await credential(stub, .clientID("other"), environment: override).accessToken(for: scope)
        }
        #expect(error?.code == .invalidAnswer)
    }

    @Test("is waited for as the service's table says", arguments: [404, 429, 500, 503])
    func retries(status: Int) async throws {
        let stub = IdentityStub { number, _ in number < 5 ? .json("", status: status) : .json(Self.token) }
        #expect(try await credential(stub, environment: override).accessToken(for: scope).text == "mi")
        #expect(time.pauses == [.milliseconds(1600), .milliseconds(3200), .milliseconds(6400), .milliseconds(12800)])
        let never = IdentityStub { _, _ in .json("", status: status) }
        #expect(
            await #expect(throws: IdentityError.self) { try await credential(never, environment: override).accessToken(for: scope) }?.code
                == .unavailable)
        #expect(never.requests.count == 6)
    }

    @Test("is waited for longer while the service is updated")
    func update() async throws {
        let stub = IdentityStub { _, _ in .json("", status: 410) }
        await #expect(throws: IdentityError.self) { try await credential(stub, environment: override).accessToken(for: scope) }
        let total = time.pauses.reduce(.zero, +)
        #expect(total >= .seconds(70) && total < .seconds(90))
    }

    @Test("that does not exist is not configured", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func none() async throws {
        let body = try IdentityVectors.text("entra-graph-imds/imds/error-400-identity-not-found.json")
        let stub = IdentityStub { _, _ in .json(body, status: 400) }
        let error = await #expect(throws: IdentityError.self) { try await credential(stub, environment: override).accessToken(for: scope) }
        #expect(error?.code == .notConfigured)
        #expect(error?.message.contains("Identity not found") == true)
        #expect(stub.requests.count == 1)
    }

    @Test("as it was recorded is read", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func recorded() async throws {
        let body = try IdentityVectors.text("entra-graph-imds/imds/token.200.json")
        let token = try await credential(IdentityStub { _, _ in .json(body) }, environment: override).accessToken(for: scope)
        #expect(token.text == "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.")
        #expect(token.expiresAt == WallTime(secondsSince1970: 1_785_578_400))
    }
}

@Suite("A managed identity of an app")
struct AppServiceIdentityTests {
    @Test("is asked for with the header of the environment", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func app() async throws {
        let body = try IdentityVectors.text("entra-graph-imds/imds/appservice-token.200.json")
        let stub = IdentityStub { _, _ in .json(body) }
        let credential = ManagedIdentityCredential(
            .clientID("0a0a0000-0000-4000-8000-0000000a0001"),
            environment: ["IDENTITY_ENDPOINT": "http://127.0.0.1:41/msi/token", "IDENTITY_HEADER": "h34der", "IMDS_ENDPOINT": "http://x"],
            http: stub.client(), clock: IdentityTime(1_785_500_000).clock)
        let token = try await credential.accessToken(for: TokenScope(resource: "https://management.azure.com/"))
        #expect(token.expiresAt == WallTime(secondsSince1970: 1_785_578_400))
        let request = try #require(stub.requests.first)
        #expect(
            request.url
                == "http://127.0.0.1:41/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com&client_id=0a0a0000-0000-4000-8000-0000000a0001"
        )
        #expect(request.headers["X-IDENTITY-HEADER"] == "h34der")
        #expect(!"\(request)".contains("h34der"))
    }

    @Test("that it does not have is not configured")
    func missing() async throws {
        let stub = IdentityStub { _, _ in .json(#"{"statusCode":400,"message":"No User Assigned Identity found"}"#, status: 400) }
        let credential = ManagedIdentityCredential(
            environment: ["IDENTITY_ENDPOINT": "http://127.0.0.1:41/msi/token", "IDENTITY_HEADER": "h"], http: stub.client())
        let error = await #expect(throws: IdentityError.self) { try await credential.accessToken(for: TokenScope(resource: "r")) }
        #expect(error?.code == .notConfigured)
        #expect(error?.message.contains("No User Assigned Identity") == true)
    }
}

@Suite("A managed identity of Azure Arc")
struct ArcIdentityTests {
    private let environment = [
        "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token", "IMDS_ENDPOINT": "http://localhost:40342",
    ]

    private func ask(_ stub: IdentityStub, folder: String, _ selection: ManagedIdentityCredential.Selection = .systemAssigned) async throws
        -> AccessToken
    {
        try await ManagedIdentityCredential(
            selection, environment: environment, http: stub.client(), clock: .system, pause: .forever, arcFolder: folder
        ).accessToken(for: TokenScope(resource: "https://management.azure.com"))
    }

    @Test("is given to who can read the key")
    func key() async throws {
        try await withTemporaryFolder { folder in
            try "k3y".write(toFile: folder + "/one.key", atomically: true, encoding: .utf8)
            let stub = IdentityStub { _, request in
                request.headers["Authorization"] == "Basic k3y"
                    ? .token("arc") : .json("", status: 401, headers: ["WWW-Authenticate": "Basic realm=\(folder)/one.key"])
            }
            #expect(try await ask(stub, folder: folder).text == "arc")
            #expect(stub.requests.allSatisfy { $0.headers["Metadata"] == "true" && $0.url.contains("api-version=2020-06-01") })
            await #expect(throws: IdentityError.self) { try await ask(stub, folder: folder, .clientID("c")) }
        }
    }

    @Test("the recorded challenge names a file of the agent", .enabled(if: IdentityVectors.exist, IdentityVectors.areMissing))
    func recorded() throws {
        let text = try IdentityVectors.text("entra-graph-imds/imds/arc-401-challenge.http")
        let line = try #require(text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("WWW-Authenticate: ") })
        let realm = AuthenticationChallenge.parameters(of: String(line.dropFirst(18)))["realm"]
        #expect(realm == "/var/opt/azcmagent/tokens/5c1e9a4e-0000-4000-8000-000000000001.key")
        let error = #expect(throws: IdentityError.self) { try ArcKeyFile.read(realm ?? "", in: ArcKeyFile.folder) }
        #expect(error?.code == .misconfigured, "it is one of the agent's, but there is no agent here")
    }

    @Test(
        "no other file is read",
        arguments: [
            "/etc/passwd", "FOLDER/../x.key", "FOLDER/sub/x.key", "FOLDER/.key", "FOLDER/x.txt", "FOLDER/link.key", "FOLDER/big.key",
            "FOLDER/none.key", "", "FOLDERx/a.key",
        ])
    func otherFiles(path: String) async throws {
        try await withTemporaryFolder { folder in
            let target = folder + "/secret.txt"
            try "t0psecret".write(toFile: target, atomically: true, encoding: .utf8)
            try "t0psecret".write(toFile: folder + "/x.txt", atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link.key", withDestinationPath: target)
            try String(repeating: "a", count: 4097).write(toFile: folder + "/big.key", atomically: true, encoding: .utf8)
            let named = path.replacing("FOLDER", with: folder)
            let stub = IdentityStub { _, _ in .json("", status: 401, headers: ["WWW-Authenticate": "Basic realm=\(named)"]) }
            await #expect(throws: IdentityError.self) { try await ask(stub, folder: folder) }
            #expect(stub.requests.count == 1, "nothing was sent")
        }
    }
}
