import ArgumentParser
import CallboardCore
import Identity

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which context somebody signs in to.
struct SignInOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A context of the configuration file.", valueName: "name"))
    var context: String?

    @Option(help: ArgumentHelp("A PEM file of certificate authorities to trust besides the system's.", valueName: "file"))
    var caFile: String?

    /// The context's way to sign in.
    /// - Parameter catalogue: catalogue files besides the context's.
    /// - Throws: ``OperatorError`` of kind usage when there is none.
    func signIn(catalogue: [String] = []) async throws(OperatorError) -> ContextSignIn {
        let environment = ProcessInfo.processInfo.environment
        let configuration = try ConfigurationFile(environment: environment)?.load() ?? Configuration()
        guard var context = try configuration.context(named: context) else {
            throw OperatorError(
                .usage, "No context is configured, so there is nothing to sign in to.",
                hint: "Write one with 'namespace' and 'sign-in' into the configuration file: docs/commands.md shows it.")
        }
        guard context.connection == nil else {
            throw OperatorError(
                .usage, "Context '\(context.name)' uses a connection string: nobody signs in to it.",
                hint: "Give it a 'namespace' and 'sign-in' instead of 'connection-string'.")
        }
        context.cataloguePaths += catalogue
        return try await ContextSignIn(context, environment: environment, caFile: caFile ?? context.caFile, logger: Diagnostics.logger)
    }
}

/// `callboard login`
struct LoginCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign in to a context with Entra ID.",
        discussion: """
            In the browser of this machine, or with --device-code in one anywhere. The sign-in is kept for the context, encrypted, and ends
            with 'callboard logout'. Example: callboard login --context retail --device-code
            """)

    @OptionGroup var options: SignInOptions

    @Flag(help: "Show a code to enter in a browser anywhere, for machines without one.")
    var deviceCode = false

    func execute() async throws -> Int32 {
        let signIn = try await options.signIn()
        let person = try await signIn.signIn(deviceCode ? Self.deviceCode : Self.browser)
        Standard.raw(
            "Signed in to '\(VisibleText.of(signIn.context.name))' as \(VisibleText.of(person.name)) (tenant \(VisibleText.of(person.tenantID))). "
                + "The sign-in is kept in \(VisibleText.of(person.path)), its key in \(person.keyPlace).")
        return 0
    }

    /// With a code that is shown at once.
    static let deviceCode = ContextSignIn.Way.deviceCode { code, url, message in
        Standard.raw("\(VisibleText.of(message))\n\n    code  \(VisibleText.of(code))\n    at    \(VisibleText.of(url))\n")
    }

    /// In the browser, with its address on the screen as well.
    static let browser = ContextSignIn.Way.browser { url in
        Standard.raw("Sign in in the browser. If none opens, open this address:\n\n    \(VisibleText.of(url))\n")
        BrowserWindow.open(url)
    }
}

/// `callboard logout`
struct LogoutCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the sign-in of a context and its tokens.",
        discussion: "What others keep, the browser or the Azure CLI, stays. Example: callboard logout --context retail")

    @OptionGroup var options: SignInOptions

    func execute() async throws -> Int32 {
        let signIn = try await options.signIn()
        let name = try await signIn.signOut()
        Standard.raw(
            name.map { "Signed out of '\(VisibleText.of(signIn.context.name))': \(VisibleText.of($0))." }
                ?? "Nobody was signed in to '\(VisibleText.of(signIn.context.name))'.")
        return 0
    }
}

/// `callboard whoami`
struct WhoAmICommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Say who you are in a context, which credential says so, and why the others do not.",
        discussion: "Exit status 3 when no credential answers. Example: callboard whoami --context retail")

    @OptionGroup var options: SignInOptions
    @OptionGroup var output: OutputOptions

    func execute() async throws -> Int32 {
        let answer = await (try await options.signIn()).whoAmI()
        let record = WhoAmIRecord(answer)
        if output.output == .table {
            for line in record.lines { Standard.output.write(VisibleText.of(line) + "\n") }
        } else {
            var json = JSONWriter()
            record.write(to: &json)
            Standard.output.write(json.bytes + [UInt8(ascii: "\n")])
        }
        if let failure = answer.failure {
            Standard.error(failure.description)
            return failure.exitCode
        }
        return 0
    }
}

/// The browser of this machine.
enum BrowserWindow {
    /// Opens an address, where something can open one. That nothing opened is no error: the address is on the screen.
    static func open(_ url: String) {
        #if canImport(Darwin)
            let program = "open"
        #else
            let program = "xdg-open"
        #endif
        let runner = ProgramRunner.system(environment: ProcessInfo.processInfo.environment)
        // Not waited for longer than its start: a browser that stays in the foreground ends when it is closed, and may say what it likes.
        Task.detached { try? await runner.launch(program, [url]) }
    }
}
