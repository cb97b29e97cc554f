import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `callboard token`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Hand out short-lived tokens for one role on one entity, never to the screen.",
        subcommands: [TokenIssueCommand.self, TokenRevokeCommand.self])
}

/// Which role on which entity.
struct RoleOptions: ParsableArguments {
    @OptionGroup var signIn: SignInOptions

    @Option(help: ArgumentHelp("sender or receiver.", valueName: "role"))
    var role: PolicyRole

    @Option(help: ArgumentHelp("The entity: queue, topic, or topic/subscription.", valueName: "entity"))
    var entity: EntityArgument

    @OptionGroup var why: ReasonOptions
}

/// `callboard token issue`
struct TokenIssueCommand: RelayingCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Hand a token to a program, a file or a socket, and renew it for a while.",
        discussion: """
            Of the application that the context names for the role (role-identities), else of whoever is signed in; with --sas a signature of the narrowest
            shared access rule, where a policy allows token.sign. It goes into a program's environment or standard input, a new file of mode 0600, or a
            socket that one reader of the same user may read; it is never shown, logged or an argument. The policy decides by role and time.
            Examples: callboard token issue --role receiver --entity orders --ttl 30m -- ./drain.py
                      callboard token issue --role sender --entity orders --ttl 2h --to /run/user/1000/orders.token
            """)

    @OptionGroup var options: RoleOptions

    @Option(
        help: ArgumentHelp("For how long: it is renewed until then, where it can be.", valueName: "duration"),
        transform: KeyOptions.duration)
    var ttl: Duration

    @Option(help: ArgumentHelp("A file that is not there yet; taken away at the end.", valueName: "file"))
    var to: String?

    @Option(help: ArgumentHelp("A Unix socket that is not there yet: one reader, then it is gone.", valueName: "path"))
    var socket: String?

    @Flag(help: "Hand one token over and end; what is in the file stays there, and at a socket it is waited for the reader.")
    var once = false

    @Option(help: ArgumentHelp("The variable a program finds it in, SERVICEBUS_TOKEN unless said.", valueName: "name"))
    var variable: String?

    @Flag(help: "Give it to the program on its standard input.")
    var stdin = false

    @Flag(help: "Of whoever is signed in, whatever applications the context names.")
    var own = false

    @Flag(help: "A shared access signature, where a policy allows it. It cannot be taken back.")
    var sas = false

    @Option(help: ArgumentHelp("The shared access rule that signs, with --sas; the narrowest unless said.", valueName: "name"))
    var rule: String?

    @Flag(help: "With --sas: as a connection string (variable SERVICEBUS_CONNECTION_STRING), which libraries take as it is.")
    var connectionString = false

    @Argument(parsing: .postTerminator, help: "A program and its arguments, behind --.")
    var command: [String] = []

    func validate() throws {
        guard to == nil || socket == nil else { throw ValidationError("--to and --socket are two places: give one of them.") }
        guard to != nil || socket != nil || !command.isEmpty else {
            throw ValidationError("Say where the token goes: --to FILE, --socket PATH, or -- COMMAND. It is never shown.")
        }
        guard !sas || !own else { throw ValidationError("--sas and --own are two kinds of tokens: give one of them.") }
        guard sas || rule == nil && !connectionString else { throw ValidationError("--rule and --connection-string go with --sas.") }
        let isDirect = to == nil && socket == nil
        guard isDirect || variable == nil && !stdin else {
            throw ValidationError("--variable and --stdin are about a program without --to and --socket.")
        }
        guard variable == nil || !stdin else { throw ValidationError("--variable and --stdin are two places: give one of them.") }
        guard !once || !isDirect && command.isEmpty else { throw ValidationError("--once goes with --to or --socket, without a program.") }
        guard socket == nil || command.isEmpty else { throw ValidationError("A program reads a file, with --to, not a socket.") }
    }

    private var target: TokenDesk.Target {
        if let place = to.map({ SecretDestination.file($0) }) ?? socket.map({ SecretDestination.socket($0) }) {
            return command.isEmpty ? .place(place, isOnce: once) : .placeForProgram(place, command)
        }
        if stdin { return .standardInput(command) }
        return .variable(variable ?? (connectionString ? "SERVICEBUS_CONNECTION_STRING" : "SERVICEBUS_TOKEN"), command)
    }

    func execute() async throws -> Int32 {
        guard let entity = options.entity.candidates.first else { throw OperatorError(.usage, "No entity is named.") }
        var wish = TokenWish(
            role: options.role, entity: entity, ttl: ttl, method: sas ? .signature(rule: rule) : own ? .own : .identity)
        wish.isConnectionString = connectionString
        (wish.reason, wish.ticket) = (options.why.reason, options.why.ticket)
        let (asked, target, candidates) = (wish, target, options.entity.candidates)
        let what = "\(wish.role.rawValue) of \(entity.displayName)"
        let desk = try await options.signIn.signIn().tokenDesk()
        let showsCountdown = command.isEmpty && isatty(2) == 1
        return try await SignalRelay.shared.cancels {
            try await desk.issue(asked, candidates: candidates, to: target, started: { SignalRelay.shared.relay($0) }) { news in
                Self.tell(news, what, showsCountdown: showsCountdown)
            }
        }
    }

    /// Says what happens. No part of a token is in it.
    private static func tell(_ news: TokenNews, _ what: String, showsCountdown: Bool) {
        switch news {
        case .issued(let fingerprint, let end, let remarks):
            if showsCountdown { Standard.progress("") }
            Standard.error(
                "\(what): handed over, good until \(Timestamp(milliseconds: end.milliseconds).rfc3339) (fingerprint \(fingerprint))")
            for remark in remarks { Standard.error(remark) }
        case .remaining(let left): if showsCountdown { Standard.progress("\(what)  \(Self.clock(left)) left") }
        case .notRenewed(let error): Standard.error("\(what): not renewed yet: \(error.description)")
        case .ended(let error):
            Standard.error(
                "\(what): no further token, and what was handed over is taken away; the program goes on: \(error.description)")
        case .over:
            if showsCountdown { Standard.progress("") }
            Standard.error("\(what): the time is over; what was handed over is taken away")
        }
    }

    private static func clock(_ left: Duration) -> String {
        let seconds = max(0, left.components.seconds)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return seconds >= 3600 ? "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))" : "\(seconds / 60):\(two(seconds % 60))"
    }
}

/// `callboard token revoke`
struct TokenRevokeCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End your activation of a role, which tokens of yours rest on.",
        discussion: """
            A token itself cannot be taken back: without the role it opens nothing new. A signature of a shared key works until its end, unless the key is made
            anew (callboard keys rotate). Example: callboard token revoke --role receiver --entity orders
            """)

    @OptionGroup var options: RoleOptions

    func execute() async throws -> Int32 {
        let desk = try await options.signIn.signIn().tokenDesk()
        let sentences = try await desk.revoke(
            options.role, candidates: options.entity.candidates, reason: options.why.reason, ticket: options.why.ticket)
        for sentence in sentences { Standard.output.write(VisibleText.of(sentence) + "\n") }
        return 0
    }
}
