import ArgumentParser
import CallboardCore
import Console
import NIOCore
import RESTClient
import Sandbox
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard demo`
struct DemoCommand: MainThreadCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Open the console on a seeded sandbox in this process.",
        discussion: """
            Nothing is installed, nothing leaves this machine. With --as somebody of the demo is signed in, and a second terminal with --as finds the same
            sandbox: one asks for a role, the other agrees.
            Examples: callboard demo --theme high-contrast
                      callboard demo --as requester
                      callboard demo --as approver      (in another terminal)
            """)

    @OptionGroup var display: DisplayOptions

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Sign in as somebody: requester, approver, on-call, developer or reader.", valueName: "person"))
    var person: DemoPerson?

    func runOnMainThread() -> Int32 {
        do throws(OperatorError) {
            var options = try display.options()
            options.title = ContextTitle(
                name: person.map { "demo-\($0.rawValue)" } ?? "demo", endpoint: DemoEstate.namespace, environment: "demo", mode: .readWrite,
                isEmulator: true)
            guard let person else { return runConsole(options: options) { try await Demo.shared.workspace() } }
            let status = runConsole(options: options) { try await Demo.shared.workspace(of: person) }
            // The sandbox is this process's, or another's that goes on.
            try Blocking.result { () async throws(OperatorError) in await Demo.shared.stop() }
            return status
        } catch {
            Standard.error(error.description)
            return error.exitCode
        }
    }
}

/// Somebody of the demo, by what they do there.
enum DemoPerson: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// Has one queue only, and may ask for another.
    case requester
    /// Administers roles, and is asked.
    case approver
    /// Is on call: may take what is needed, and is asked as well.
    case onCall = "on-call"
    /// Develops a service.
    case developer
    /// May look at what there is, and into nothing.
    case reader

    /// The name they sign in with.
    var signInName: String {
        switch self {
        case .requester: "l.haddad@contoso.example"
        case .approver: "k.brandt@contoso.example"
        case .onCall: "r.osei@contoso.example"
        case .developer: "d.moreau@contoso.example"
        case .reader: "p.nowak@contoso.example"
        }
    }
}

/// The sandbox behind the demo, started once, however often the console asks to connect.
private actor Demo {
    static let shared = Demo()
    private var starting: Task<SandboxServer, any Error>?
    /// The file that tells other terminals of this process's sandbox.
    private var file: String?
    private var signIn: ContextSignIn?

    func workspace() async throws -> Workspace {
        let server = try await server { configuration in
            configuration.amqpPort = 0
            configuration.httpPort = 0
        }
        var context = OperatorContext(name: "demo", environment: "demo", connection: .given)
        context.catalogueText = DemoEstate.catalogueYAML
        let connection: ConnectionString
        do throws(ConnectionStringError) { connection = try ConnectionString(parsing: server.connectionString) } catch {
            throw OperatorError(.internal, error.description)
        }
        return try Workspace(context: context, connection: connection, logger: Diagnostics.logger)
    }

    /// The namespace as somebody who signed in: in the sandbox that runs in another terminal, or in one of this process's.
    func workspace(of person: DemoPerson) async throws -> Workspace {
        let environment = ProcessInfo.processInfo.environment
        let path = try DemoFile.path(environment: environment)
        let place: DemoFile
        if starting == nil, let found = DemoFile.read(path), await found.answers() {
            place = found
        } else {
            place = try await begin(path)
        }
        var context = place.context(of: person.rawValue)
        context.catalogueText = DemoEstate.catalogueYAML
        let signIn = try await ContextSignIn(context, environment: environment, caFile: place.caFile, logger: Diagnostics.logger)
        self.signIn = signIn
        _ = try await signIn.signIn(.deviceCode { code, _, _ in await place.approve(code, as: person.signInName) })
        // Who signed in is read when this is made.
        let signedIn = try await ContextSignIn(context, environment: environment, caFile: place.caFile, logger: Diagnostics.logger)
        return try Workspace(
            context: context, access: signedIn.access(), signIn: signedIn, caFile: place.caFile, environment: environment,
            logger: Diagnostics.logger)
    }

    private func begin(_ path: String) async throws -> DemoFile {
        let server = try await server { configuration in
            configuration.amqpPort = 0
            configuration.httpPort = 0
            configuration.amqpsPort = 0
            configuration.httpsPort = 0
            configuration.cloudPort = 0
        }
        guard let cloudPort = server.cloudPort, let messaging = server.amqpsPort, let administration = server.httpsPort,
            let caFile = server.caFile, let details = server.cloudDetails
        else { throw OperatorError(.internal, "The sandbox has no cloud.") }
        let place = DemoFile(
            cloudPort: cloudPort, messagingPort: messaging, administrationPort: administration, caFile: caFile, tenant: details.tenantID,
            clientID: details.publicClientID, namespace: details.namespaceName)
        try place.write(to: path)
        file = path
        await place.hurry()
        return place
    }

    private func server(_ configure: @Sendable (inout SandboxConfiguration) -> Void) async throws -> SandboxServer {
        var configuration = SandboxConfiguration()
        configure(&configuration)
        let chosen = configuration
        let task = starting ?? Task { try await SandboxCommand.start(chosen, config: nil, seed: .demo) }
        starting = task
        do { return try await task.value } catch {
            starting = nil
            throw error
        }
    }

    /// Forgets the sign-in, and ends this process's sandbox, of which other terminals are told no longer.
    func stop() async {
        _ = try? await signIn?.signOut()
        if let file { DemoFile.remove(file) }
        if let server = try? await starting?.value { await server.stop() }
    }
}

extension DemoFile {
    /// Whether its sandbox answers, by the authority it names: another program on the port cannot.
    fileprivate func answers() async -> Bool { await ask(.get, "/$sandbox/cloud") != nil }

    /// Nobody in a demo has the five seconds that Entra ID asks for between two polls.
    fileprivate func hurry() async { _ = await ask(.put, "/$sandbox/cloud", body: #"{"deviceCodeInterval":1}"#, kind: "application/json") }

    /// What a person does in a browser who was told a device's code.
    fileprivate func approve(_ code: String, as user: String) async {
        _ = await ask(
            .post, "/devicelogin", body: "user_code=\(code)&user=\(user)&action=approve", kind: "application/x-www-form-urlencoded")
    }

    private func ask(_ method: RESTRequest.Method, _ path: String, body: String? = nil, kind: String? = nil) async -> RESTResponse? {
        var configuration = RESTConfiguration()
        configuration.trust = .systemAnd(pemFile: caFile)
        let client = RESTClient(configuration: configuration, logger: Diagnostics.logger)
        var request = RESTRequest(method, origin + path)
        if let kind { request.headers["Content-Type"] = kind }
        if let body { request.body = ByteBuffer(string: body) }
        let response = try? await client.send(request)
        await client.shutdown()
        return response?.isSuccess == true ? response : nil
    }
}
