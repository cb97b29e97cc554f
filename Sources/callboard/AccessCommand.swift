public import ArgumentParser
public import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard access`
struct AccessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Ask for a role for a while, decide about requests, and see to it that roles end.",
        subcommands: [
            AccessRequestCommand.self, AccessListCommand.self, AccessShowCommand.self, AccessApproveCommand.self, AccessDenyCommand.self,
            AccessRevokeCommand.self, AccessActiveCommand.self, AccessSweepCommand.self, AccessReviewCommand.self,
            AccessReviewsCommand.self,
        ])
}

extension ConnectionOptions {
    /// Opens the door to requests for a while.
    func withDesk<Result>(_ body: (AccessDesk) async throws -> Result) async throws -> Result {
        try await withWorkspace { workspace in
            let desk = try await workspace.accessDesk(environment: ProcessInfo.processInfo.environment) { url in
                Standard.raw("Sign it in the browser. If none opens, open this address:\n\n    \(VisibleText.of(url))\n")
                BrowserWindow.open(url)
            }
            return try await body(desk)
        }
    }
}

/// `callboard access request`
struct AccessRequestCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "request", abstract: "Ask for a role on one entity for a while: for yourself, or for a service.",
        discussion: """
            The limits are read first; what is asked for is the role on the entity and never on the namespace. For yourself it activates what you are eligible
            for; for a service (--principal) it gives the role with an end, which takes the right to assign roles.
            Examples: callboard access request orders --role receiver --for 30m --reason "INC-4471 checkout stuck"
                      callboard access request orders --role receiver --for 30m --reason INC-4471 --wait 10m
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The queue, topic, or topic/subscription.")
    var entity: EntityArgument

    @Option(help: "receiver (read and remove messages), sender, or owner.")
    var role = PolicyRole.receiver

    @Option(name: .customLong("for"), help: ArgumentHelp("For how long, counted from the grant, for instance 30m.", valueName: "duration"))
    var duration: LastingArgument

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("The ticket it is for.", valueName: "id"))
    var ticket: String?

    @Option(help: ArgumentHelp("The object id of a service's identity that is to have the role; yourself unless said.", valueName: "id"))
    var principal: String?

    @Option(help: "Where to ask: pim or cooperative; where it can be, unless said.")
    var backend: AccessRequest.Backend?

    @Flag(help: "In an emergency: by a rule of 'break_glass', told to everybody beforehand, short, and to be reviewed afterwards.")
    var breakGlass = false

    @Flag(help: "Show what would be asked for and what it has to keep to, and ask for nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Wait so long until it is decided, and until the role counts.", valueName: "duration"))
    var wait: LastingArgument?

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let party: AccessParty? = if let principal { try AccessParty(objectID: principal) } else { nil }
            let proposal = try await entity.resolve(nil) { path throws(OperatorError) in
                let wish = AccessWish(
                    entity: path, role: role, principal: party, duration: duration.duration, reason: reason, ticket: ticket,
                    backend: backend)
                return try await desk.propose(wish, isEmergency: breakGlass)
            }
            if dryRun {
                output.write([AccessProposalRecord(proposal)])
                try await desk.check(proposal, isEmergency: breakGlass)
                Standard.error("Nothing was asked for (--dry-run).")
                return 0
            }
            var request: AccessRequest
            if breakGlass {
                let outcome = try await desk.breakGlass(proposal)
                outcome.tell()
                request = outcome.request
            } else {
                request = try await desk.ask(proposal)
            }
            if let wait, request.standing.isOpen || request.isForSelf {
                tell(request)
                request = try await desk.wait(for: request, patience: wait.duration) { progress in
                    switch progress {
                    case .standing(let request) where !request.standing.isOpen: Standard.error(VisibleText.of(request.sentence))
                    case .propagating(1): Standard.error("Granted; it does not count where messages are yet, which takes minutes.")
                    case .effective: Standard.error("The role counts: looking into the entity is allowed.")
                    case .unproved(let why): Standard.error(VisibleText.of("Granted; whether it counts yet was not tried: \(why)."))
                    case .standing, .propagating: break
                    }
                }
            }
            output.write([AccessRequestRecord(request, now: .now)])
            if wait == nil { tell(request) }
            switch request.standing {
            case .denied, .failed, .expired, .cancelled: return 3
            default: return 0
            }
        }
    }

    private func tell(_ request: AccessRequest) { Standard.error("\(request.id.short): \(VisibleText.of(request.sentence))") }
}

/// `callboard access list`
struct AccessListCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what waits for your decision; with --mine what you asked for.",
        discussion: """
            Only requests for this context's namespace. With --fail-if-any the exit status is 1 when something waits (with --mine: is listed). It is 5 when
            a place of requests could not be asked; which one, and why, is on standard error.
            Examples: callboard access list
                      callboard access list --mine --output json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "What you asked for or would have, decided or not, the newest first.")
    var mine = false

    @Flag(help: "Exit with status 1 when something waits for you; with --mine when something is listed.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let requests = mine ? try await desk.own() : try await desk.inbox()
            let now = Timestamp.now
            output.write(requests.elements.map { AccessRequestRecord($0, now: now) })
            requests.tellGaps()
            // What cannot be decided here is listed with why, and waits for nobody here.
            if failIfAny, mine ? !requests.elements.isEmpty : requests.elements.contains(where: \.standing.isOpen) { return 1 }
            return requests.gaps.isEmpty ? 0 : 5
        }
    }
}

/// `callboard access show`
struct AccessShowCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a request: who, what, why, what the policy says, what they have already.",
        discussion: "Example: callboard access show 3f2a91c0")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The id of a request, or its beginning.")
    var id: String

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let request = try await desk.request(id)
            let record = AccessRequestRecord(request, review: await desk.review(request), now: .now)
            if output.output == .table {
                for line in record.lines { Standard.output.write(VisibleText.of(line) + "\n") }
            } else {
                output.write([record])
            }
            return 0
        }
    }
}

extension AccessListing {
    /// Says on standard error what is not known.
    func tellGaps() {
        for gap in gaps { Standard.error(VisibleText.of(gap.sentence)) }
    }
}

extension PolicyRole: ExpressibleByArgument {}

extension AccessRequest.Backend: ExpressibleByArgument {}

/// A duration that ends, as people type it: `30m`, `1h30m`, `2d`.
struct LastingArgument: ExpressibleByArgument, Sendable {
    let duration: Duration

    init?(argument: String) {
        guard case .lasting(let duration)? = DurationText.parse(argument), duration > .zero, duration <= .seconds(366 * 86_400) else {
            return nil
        }
        self.duration = duration
    }
}
