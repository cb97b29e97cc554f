import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard keys`
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Look after shared access keys: which there are, how old they are, making them anew.",
        subcommands: [KeysListCommand.self, KeysAgeCommand.self, KeysRotateCommand.self, KeysAdoptCommand.self, KeysRefuseCommand.self])
}

/// What commands about keys are given.
enum KeyOptions {
    /// Reads a duration that ends.
    static func duration(_ text: String) throws -> Duration {
        guard case .lasting(let duration)? = DurationText.parse(text), duration > .zero else {
            throw ValidationError("'\(VisibleText.of(text))' is no time such as 30m, 12h or 90d.")
        }
        return duration
    }
}

/// `callboard keys list`
struct KeysListCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List shared access rules with their rights, and never their keys.",
        discussion: """
            With --fingerprints the keys are fetched, to show what tells one from another (the first eight bytes of SHA-256): for each rule one write of Azure's
            budget, and a line in its Activity Log. Example: callboard keys list --entity orders
            """)

    @OptionGroup var signIn: SignInOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Only the rules of a queue or topic.", valueName: "entity"))
    var entity: EntityArgument?

    @Flag(help: "Fetch keys and show their fingerprints.")
    var fingerprints = false

    func execute() async throws -> Int32 {
        let desk = try await signIn.signIn().keyDesk()
        let (ages, gaps) = try await desk.list(candidates: entity?.candidates ?? [], fingerprints: fingerprints)
        for gap in gaps { Standard.error(gap) }
        output.write(ages.map { KeyRecord($0) })
        return 0
    }
}

/// `callboard keys age`
struct KeysAgeCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "age", abstract: "Say how old keys are, oldest first, as far as anybody knows.",
        discussion: """
            Azure does not say when a key was made. What is known comes from rotations on this machine, the namespace's tags (callboard-rotated) and the
            userMetadata of entities; where nobody says, the age is not known, which is no age. With --fail-if-any the exit status is 1 when keys are older than
            --max-age (or the policy's max_key_age), of no known age, or nobody says how old. Example: callboard keys age --max-age 90d --fail-if-any
            """)

    @OptionGroup var signIn: SignInOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: ArgumentHelp("How old keys may be; the policy's max_key_age unless said.", valueName: "duration"),
        transform: KeyOptions.duration)
    var maxAge: Duration?

    @Flag(help: "Exit with status 1 when keys are too old, or of no known age.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        let desk = try await signIn.signIn().keyDesk()
        let (ages, gaps) = try await desk.list(limit: maxAge)
        for gap in gaps { Standard.error(gap) }
        // What is not known may be the oldest of all.
        output.write(ages.sorted { ($0.age ?? .seconds(Int64.max)) > ($1.age ?? .seconds(Int64.max)) }.map { KeyRecord($0) })
        guard failIfAny else { return 0 }
        let clearance = try KeyClearance(ages)
        guard !clearance.isClear || !gaps.isEmpty else { return 0 }
        Standard.error(clearance.description)
        return 1
    }
}

/// Where a new key goes, and how.
struct RotationOptions: ParsableArguments {
    @OptionGroup var signIn: SignInOptions

    @Option(help: ArgumentHelp("The shared access rule.", valueName: "name"))
    var rule: String?

    @Option(help: ArgumentHelp("The queue or topic whose rule it is; the namespace's unless said.", valueName: "entity"))
    var entity: EntityArgument?

    @Option(
        help: ArgumentHelp("The key that consumers have, of a rule that was never rotated here: primary or secondary.", valueName: "key"))
    var active: String?

    @OptionGroup var why: ReasonOptions

    @Flag(help: "Yes: change the keys.")
    var yes = false

    @Flag(help: "Yes, change production. Whether that may be is for the policy to say.")
    var allowChanges = false

    func wish() -> KeyDesk.RotationWish {
        var wish = KeyDesk.RotationWish()
        (wish.active, wish.reason, wish.ticket) = (active, why.reason, why.ticket)
        return wish
    }

    /// Refuses without the word that it takes.
    func checkAgreed(_ context: OperatorContext, _ what: String) throws(OperatorError) {
        guard yes else {
            throw OperatorError(.refused, "Nothing was done: \(what)", hint: "Repeat it with --yes.")
        }
        guard !context.isProduction || allowChanges else {
            throw OperatorError(
                .refused, "Context '\(context.name)' is production: nothing was done.", hint: "Repeat it with --allow-changes.")
        }
    }
}

/// `callboard keys rotate`
struct KeysRotateCommand: InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make both keys of a rule anew, without a moment in which consumers have none that works.",
        discussion: """
            Four steps: the key that nobody has is made anew, handed over (--to, --vault), both work for --grace, and then the other one is made anew. One run
            does what is due and says when to come back, or waits with --wait; a run that was cut off is gone on with by the next. While a round is under way,
            another place is taken until the key is handed over, and a longer --grace until the old key is being ended. Without --rule (for cron)
            what is due of rules that were rotated here before, and nothing else.
            Examples: callboard keys rotate --rule orders-listen --entity orders --active primary --vault kv-retail/orders-listen --grace 4h --yes
                      callboard keys rotate --max-age 12h --yes
            """)

    @OptionGroup var options: RotationOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("A file the new connection string goes to, and replaces that of this rule.", valueName: "file"))
    var to: String?

    @Option(help: ArgumentHelp("A secret of Key Vault that it goes to.", valueName: "vault/secret"))
    var vault: String?

    @Option(help: ArgumentHelp("How long both keys work.", valueName: "duration"), transform: KeyOptions.duration)
    var grace: Duration?

    @Option(help: ArgumentHelp("Begin a round only where keys are older.", valueName: "duration"), transform: KeyOptions.duration)
    var maxAge: Duration?

    @Flag(help: "Wait through the grace period.")
    var wait = false

    func validate() throws {
        guard to == nil || vault == nil else { throw ValidationError("--to and --vault are two places: give one of them.") }
        guard options.rule != nil || to == nil && vault == nil && options.active == nil && options.entity == nil else {
            throw ValidationError("--to, --vault, --active and --entity are about one rule: name it with --rule.")
        }
    }

    func execute() async throws -> Int32 {
        let signIn = try await options.signIn.signIn()
        try options.checkAgreed(signIn.context, "making keys anew ends the old ones, in the end both of them.")
        var wish = options.wish()
        // The journal remembers it, and cron runs elsewhere.
        wish.sink = to.map { .file($0, from: FileManager.default.currentDirectoryPath) } ?? vault.map { .vault($0) }
        (wish.grace, wish.maxAge, wish.waits) = (grace, maxAge, wait)
        let (asked, desk) = (wish, try signIn.keyDesk())
        let (name, candidates) = (options.rule, options.entity?.candidates ?? [])
        return try await Interruption.shared.cancels {
            let report: @Sendable (String) -> Void = { Standard.error($0) }
            if let name {
                let (rule, outcome) = try await desk.rotate(name, of: candidates, asked, report: report)
                output.write([KeyRotationRecord(rule.description, outcome)])
                return 0
            }
            let outcomes = try await desk.rotateDue(asked, report: report)
            output.write(outcomes.map { KeyRotationRecord($0.rule, $0.outcome) })
            var failures = 0
            for case .failed(let error) in outcomes.map(\.outcome) {
                failures += 1
                Standard.error(error.description)
            }
            return failures > 0 ? 5 : 0
        }
    }
}

/// `callboard keys adopt`
struct KeysAdoptCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Take the keys of a rule as they are, after somebody else changed them.",
        discussion: """
            A rotation ends where somebody else made a key anew. When you know which key consumers have, the next one begins from there.
            Example: callboard keys adopt --rule orders-listen --entity orders --active primary --yes
            """)

    @OptionGroup var options: RotationOptions

    func validate() throws {
        guard options.rule != nil else { throw ValidationError("Name the rule, with --rule.") }
    }

    func execute() async throws -> Int32 {
        let signIn = try await options.signIn.signIn()
        try options.checkAgreed(signIn.context, "what is said to be the key of consumers is believed.")
        let rule = try await signIn.keyDesk().adopt(options.rule ?? "", of: options.entity?.candidates ?? [], options.wish())
        Standard.raw(VisibleText.of("The keys of \(rule) are taken as they are."))
        return 0
    }
}

/// `callboard keys refuse`
struct KeysRefuseCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "refuse", abstract: "Have the namespace refuse all keys (disableLocalAuth), when nothing uses any.",
        discussion: """
            Says first what is known of who uses keys, and what cannot be known. Nothing is done without --confirm and the namespace's name.
            Example: callboard keys refuse
            """)

    @OptionGroup var signIn: SignInOptions
    @OptionGroup var why: ReasonOptions

    @Option(help: ArgumentHelp("Yes, by the name of the namespace.", valueName: "namespace"))
    var confirm: String?

    func execute() async throws -> Int32 {
        let desk = try await signIn.signIn().keyDesk()
        let (namespace, isRefusing, sentences) = try await desk.refusalReport()
        for sentence in sentences { Standard.output.write(VisibleText.of(sentence) + "\n") }
        guard !isRefusing else {
            Standard.raw(VisibleText.of("\(namespace) refuses keys already."))
            return 0
        }
        let name = try await desk.refuseKeys(confirmation: confirm, reason: why.reason, ticket: why.ticket)
        Standard.raw(VisibleText.of("\(name) refuses every key and every signature from now on."))
        return 0
    }
}
