public import ArgumentParser
public import CallboardCore
import Logging
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which namespace a command works on.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A context of the configuration file.", valueName: "name"))
    var context: String?

    @Option(
        help: ArgumentHelp(
            "A connection string. Better in the environment variable SERVICEBUS_CONNECTION_STRING: arguments are visible to others.",
            valueName: "string"))
    var connectionString: String?

    @Option(help: ArgumentHelp("A PEM file of certificate authorities to trust besides the system's.", valueName: "file"))
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "An HTTP proxy for messages, for instance http://proxy:3128. WebSockets use HTTPS_PROXY and NO_PROXY without being told.",
            valueName: "url"))
    var proxy: String?

    @Option(help: ArgumentHelp("A catalogue file or folder; may be repeated. Adds to those of the context.", valueName: "path"))
    var catalogue: [String] = []

    /// A connection string that was typed when it was asked for.
    var typed: ConnectionString?

    private enum CodingKeys: CodingKey { case context, connectionString, caFile, proxy, catalogue }

    /// Whether neither an option nor the environment nor the configuration names a namespace.
    var isNothingNamed: Bool {
        get throws(OperatorError) {
            let environment = ProcessInfo.processInfo.environment
            guard context == nil, connectionString == nil, environment[Self.variable]?.isEmpty != false else { return false }
            return try ConfigurationFile(environment: environment)?.load().contexts.isEmpty ?? true
        }
    }

    /// How the context signs in; nil where it has a connection string.
    func signIn() async throws(OperatorError) -> ContextSignIn? {
        let (context, connection) = try resolve()
        guard connection == nil else { return nil }
        return try await ContextSignIn(
            context, environment: ProcessInfo.processInfo.environment, caFile: caFile ?? context.caFile, logger: Diagnostics.logger)
    }

    /// The variable that holds a connection string.
    static let variable = "SERVICEBUS_CONNECTION_STRING"

    /// Opens the namespace named by flag, context or environment. Connects to nothing yet.
    /// - Throws: ``OperatorError`` of kind usage when nothing is named, or what is named cannot be used.
    func workspace() async throws(OperatorError) -> Workspace {
        let opening = try await opening()
        return try Workspace(
            context: try opening.context.withPolicyMasks(), access: opening.access, signIn: opening.signIn, caFile: opening.caFile,
            proxy: opening.proxy, environment: ProcessInfo.processInfo.environment, logger: Diagnostics.logger)
    }

    /// Who walks the way to the namespace that ``workspace()`` would open.
    /// - Throws: as ``workspace()``.
    func doctor() async throws(OperatorError) -> Doctor {
        let opening = try await opening()
        return Doctor(
            access: opening.access, caFile: opening.caFile, proxy: opening.proxy, creditsPerSecond: opening.context.creditsPerSecond,
            logger: Diagnostics.logger)
    }

    /// What is opened, and how.
    struct Opening {
        let context: OperatorContext
        let access: NamespaceAccess
        var signIn: ContextSignIn?
        let caFile: String?
        let proxy: NamespaceProxy?
    }

    private func opening() async throws(OperatorError) -> Opening {
        let (context, connection) = try resolve()
        let trusted = caFile ?? context.caFile
        if let connection {
            return Opening(
                context: context, access: try NamespaceAccess(connection), caFile: trusted,
                proxy: try proxy(host: connection.host, isWebSocket: connection.transport == .webSocket))
        }
        let signIn = try await ContextSignIn(
            context, environment: ProcessInfo.processInfo.environment, caFile: trusted, logger: Diagnostics.logger)
        return Opening(
            context: context, access: try signIn.access(), signIn: signIn, caFile: trusted,
            proxy: try proxy(host: nil, isWebSocket: false))
    }

    /// The proxy named by flag; for WebSockets, which are made for networks that have one, also by the environment.
    private func proxy(host: String?, isWebSocket: Bool) throws(OperatorError) -> NamespaceProxy? {
        do throws(NamespaceProxy.Problem) {
            if let proxy { return try NamespaceProxy(url: proxy) }
            guard isWebSocket, let host else { return nil }
            return try NamespaceProxy.environment(ProcessInfo.processInfo.environment, host: host)
        } catch {
            throw OperatorError(.usage, "The proxy cannot be used: \(error.description)", hint: "Write http://HOST:PORT.")
        }
    }

    /// Opens the namespace for a while. Its connection is closed with a word to the service, whatever happened.
    func withWorkspace<Result>(_ body: (Workspace) async throws -> Result) async throws -> Result {
        let workspace = try await workspace()
        do {
            let result = try await body(workspace)
            await workspace.close()
            return result
        } catch {
            await workspace.close()
            throw error
        }
    }

    /// The context, and the connection string it is opened with; nil where it signs in.
    private func resolve() throws(OperatorError) -> (OperatorContext, ConnectionString?) {
        let environment = ProcessInfo.processInfo.environment
        if let typed { return (try adHoc("connection string", environment), typed) }
        if context != nil, connectionString != nil {
            throw OperatorError(.usage, "--context and --connection-string name two namespaces.", hint: "Give one of them.")
        }
        if let connectionString {
            let parsed: ConnectionString
            do throws(ConnectionStringError) { parsed = try ConnectionString(parsing: connectionString) } catch {
                throw OperatorError(.usage, "The connection string is not valid: \(error.problem)", hint: error.remedy)
            }
            return (try adHoc("connection string", environment), parsed)
        }
        if context == nil, environment[Self.variable]?.isEmpty == false {
            return (
                try adHoc("environment", environment),
                try ConnectionSource.environment(Self.variable).connectionString(environment: environment)
            )
        }
        let configuration = try ConfigurationFile(environment: environment)?.load() ?? Configuration()
        guard var context = try configuration.context(named: context) else {
            throw OperatorError(
                .usage, "No namespace is named.",
                hint: "Give --context, --connection-string, or set \(Self.variable). To look around first: callboard demo")
        }
        context.cataloguePaths += catalogue
        return (context, try context.connection?.connectionString(environment: environment))
    }

    /// A connection that no context describes. The policy of all contexts holds for it too, or it would be a way around; and how they all name
    /// their entities.
    private func adHoc(_ name: String, _ environment: [String: String]) throws(OperatorError) -> OperatorContext {
        var context = OperatorContext(name: name, connection: .given, cataloguePaths: catalogue)
        let configuration = try ConfigurationFile(environment: environment)?.load()
        context.policyPath = configuration?.policyPath
        context.bindingRules.naming = configuration?.naming ?? []
        return context
    }
}

/// How lists are printed.
struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "How to print: table, json or jsonl.")
    var output = OutputFormat.table

    /// Prints a list.
    func write<Record: OutputRecord>(_ records: some Sequence<Record>) {
        ListOutput.write(records, output, columns: Standard.columns) { Standard.output.write($0) }
    }
}

extension OutputFormat: ExpressibleByArgument {}

/// Diagnostics of the libraries below, silent unless `CALLBOARD_LOG` names a level.
enum Diagnostics {
    static let logger: Logger = {
        let level = ProcessInfo.processInfo.environment["CALLBOARD_LOG"].flatMap { Logger.Level(rawValue: $0) }
        guard let level else { return Logger(label: "callboard") { _ in SwiftLogNoOpLogHandler() } }
        var logger = Logger(label: "callboard") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }()
}
