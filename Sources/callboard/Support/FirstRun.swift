import CallboardCore
import ServiceBus

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is asked before there is a screen: where to go when nothing is configured, and who somebody is when nobody is signed in. Only on a
/// terminal: a script gets the error.
enum FirstRun {
    /// Where somebody wants to go.
    enum Choice {
        case demo
        /// A context that was just written down.
        case context(String)
        /// A connection string, for this run only.
        case connectionString(ConnectionString)
        case quit
    }

    /// Whether somebody is there to answer.
    static var isAttended: Bool { isatty(0) == 1 && isatty(1) == 1 && isatty(2) == 1 }

    /// Asks where to go.
    /// - Throws: ``OperatorError`` when what was answered cannot be used.
    static func ask() throws(OperatorError) -> Choice {
        Standard.raw(
            """
            Callboard has no namespace yet.

              1  look around in the demo (nothing is installed, nothing leaves this machine)
              2  sign in to a namespace with Entra ID
              3  use a connection string, for this run only
              q  quit

            """)
        while true {
            Standard.prompt("1, 2, 3 or q: ")
            switch readLine() {
            case "1": return .demo
            case "2": return .context(try newContext())
            case "3": return .connectionString(try connectionString())
            case "q", "Q", nil: return .quit
            default: continue
            }
        }
    }

    private static func newContext() throws(OperatorError) -> String {
        guard let file = ConfigurationFile(environment: ProcessInfo.processInfo.environment) else {
            throw OperatorError(.usage, "There is no place for a configuration file.", hint: "Set HOME or CALLBOARD_CONFIG.")
        }
        Standard.prompt("Its host, as in sb-retail.servicebus.windows.net: ")
        let name = try file.create(namespace: (readLine() ?? "").filter { !$0.isWhitespace })
        Standard.raw("Written to \(VisibleText.of(file.path)).")
        return name
    }

    /// What is typed is not shown: it holds a key.
    private static func connectionString() throws(OperatorError) -> ConnectionString {
        Standard.prompt("The connection string (it is not shown, and not kept): ")
        var old = termios()
        let isHidden = tcgetattr(0, &old) == 0
        if isHidden {
            var quiet = old
            // An interruption would leave the terminal without echo: it is read as part of the text, which then is no connection string.
            quiet.c_lflag &= ~tcflag_t(ECHO | ISIG)
            tcsetattr(0, TCSAFLUSH, &quiet)
        }
        let text = readLine() ?? ""
        if isHidden { tcsetattr(0, TCSAFLUSH, &old) }
        Standard.raw("")
        do throws(ConnectionStringError) { return try ConnectionString(parsing: text) } catch {
            throw OperatorError(.usage, "The connection string is not valid: \(error.problem)", hint: error.remedy)
        }
    }

    /// Signs somebody in, the way they choose.
    /// - Returns: whether somebody did; false when they would rather leave.
    static func signIn(_ signIn: ContextSignIn) async throws(OperatorError) -> Bool {
        Standard.raw(
            """
            Nobody is signed in to '\(VisibleText.of(signIn.context.name))', and no other credential answers ('callboard whoami' says why).

              b  sign in in the browser of this machine
              d  sign in with a code, in a browser anywhere
              q  quit

            """)
        while true {
            Standard.prompt("b, d or q: ")
            switch readLine() {
            case "b":
                _ = try await signIn.signIn(LoginCommand.browser)
                return true
            case "d":
                _ = try await signIn.signIn(LoginCommand.deviceCode)
                return true
            case "q", "Q", nil: return false
            default: continue
            }
        }
    }
}
