import Logging
import Testing

@testable import CallboardCore

@Suite("Whose a kept catalogue is, and as whom a program acts")
struct SignInReaderTests {
    private static let agent = "5b0d0000-0000-4000-8000-0000000000c1"

    /// A context that signs in so, of a home in which nobody did.
    private func signIn(
        _ credential: SignInSettings.Credential, managedIdentity: String? = nil, _ environment: [String: String] = [:]
    ) async throws -> ContextSignIn {
        let folder = try TemporaryFolder()
        var context = OperatorContext(name: "retail", endpoint: "sb-retail.servicebus.windows.net")
        var settings = SignInSettings()
        settings.credential = credential
        settings.managedIdentityClientID = managedIdentity
        context.signIn = settings
        return try await ContextSignIn(
            context, environment: ["HOME": folder.path, "PATH": "/nowhere"].merging(environment) { $1 }, caFile: nil,
            logger: Logger(label: "test"))
    }

    private let entra = BackstageSettings(url: "https://backstage.example", access: .entra(resource: "api://backstage"))
    private let open = BackstageSettings(url: "https://backstage.example", access: .none)

    @Test(
        "what Backstage shows to whoever the Azure CLI or the chain finds is not kept: it can be somebody else tomorrow",
        arguments: [SignInSettings.Credential.cli, .chain, .login])
    func changing(credential: SignInSettings.Credential) async throws {
        let signIn = try await signIn(credential)
        #expect(signIn.reader(of: entra) == nil)
        #expect(signIn.reader(of: open) == credential.rawValue, "what is open to all is the same for all")
    }

    @Test("what it shows to a program is kept for that program")
    func program() async throws {
        let first = try await signIn(.workload, ["AZURE_CLIENT_ID": Self.agent])
        let second = try await signIn(.workload, ["AZURE_CLIENT_ID": "other"])
        #expect(first.reader(of: entra) == "workload-identity-\(Self.agent)")
        #expect(first.reader(of: entra) != second.reader(of: entra))
    }

    @Test("a program acts by the client id that the chain takes, so that a policy can name it")
    func clientID() async throws {
        let variables = ["AZURE_CLIENT_ID": Self.agent]
        for credential in [SignInSettings.Credential.workload, .environment, .managed] {
            #expect(try await signIn(credential, variables).acting == .program(Self.agent))
        }
        #expect(try await signIn(.managed, managedIdentity: "m", variables).acting == .program("m"))
        #expect(try await signIn(.workload).acting == .program("workload identity"))
    }
}
