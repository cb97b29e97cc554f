import ArgumentParser
import CallboardCore
import ServiceBus

/// `callboard access approve`
struct AccessApproveCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Agree to a request, or to less of it.",
        discussion: """
            Less: --role, --on (an entity within what was asked) and --for; never more. Entra PIM knows no yes to less: there a narrowed request is denied with a
            reason that says what would be agreed to, and that is given instead, where you may assign roles.
            You cannot decide about your own requests. The exit status is 3 when no role came of it all the same.
            Examples: callboard access approve 3f2a91c0 --reason "on call, INC-4471"
                      callboard access approve 3f2a91c0 --for 15m --reason "enough for a look"
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The id of a request, or its beginning.")
    var id: String

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @Option(help: "Only this role: receiver or sender.")
    var role: PolicyRole?

    @Option(help: ArgumentHelp("Only on this entity.", valueName: "entity"))
    var on: EntityArgument?

    @Option(name: .customLong("for"), help: ArgumentHelp("Only for so long.", valueName: "duration"))
    var duration: LastingArgument?

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let request = try await desk.request(id)
            var answer = AccessDecision.Answer.approve
            if role != nil || on != nil || duration != nil {
                var scope: AccessScope?
                if let on {
                    scope = try await on.resolve(nil) { path throws(OperatorError) in
                        try await desk.scope(of: path, for: role ?? request.role.policyRole ?? .receiver)
                    }
                }
                answer = .narrow(try AccessNarrowing(of: request, role: role, scope: scope, duration: duration?.duration))
            }
            let decision = try AccessDecision(answer, reason: reason)
            let decided = try await desk.decide(decision, on: request)
            output.write([AccessRequestRecord(decided, now: .now)])
            Standard.error(VisibleText.of(decided.sentence))
            return decision.cameToNothing(decided) ? 3 : 0
        }
    }
}

/// `callboard access deny`
struct AccessDenyCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny", abstract: "Refuse a request.",
        discussion: """
            A cooperative request that is settled and lies in the queue still, because who settled it could not remove it, is removed.
            Example: callboard access deny 3f2a91c0 --reason "the dashboard shows the same"
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The id of a request, or its beginning.")
    var id: String

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let request = try await desk.requestToDeny(id)
            let decided = try await desk.decide(try AccessDecision(.deny, reason: reason), on: request)
            output.write([AccessRequestRecord(decided, now: .now)])
            Standard.error(VisibleText.of(decided.sentence))
            return 0
        }
    }
}

/// `callboard access revoke`
struct AccessRevokeCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "End a role now, or take back a request of yours that waits.",
        discussion: """
            Names what ends: an entity with --principal (yourself unless said), or the id of a request. New links are refused once Azure knows of it everywhere, in
            minutes; a link that is open keeps what its token allowed until it is renewed, up to about an hour.
            Examples: callboard access revoke 3f2a91c0 --reason "no longer needed"
                      callboard access revoke orders --reason "incident closed"
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "An entity; or the id of a request, or its beginning.")
    var subject: String

    @Option(help: ArgumentHelp("The object id of whoever has the role; yourself unless said.", valueName: "id"))
    var principal: String?

    @Option(help: "Only this role.")
    var role: PolicyRole?

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            // `feed` and `cafe` begin ids as well: a name that is an entity's means the entity.
            let isID = (try? AccessParty(objectID: subject)) != nil
            var known = isID ? AccessListing<ActiveGrant>() : try await ofEntity(desk)
            var refusal: OperatorError?
            let namesEntity = if isID { false } else { try await isEntity(desk) }
            if known.elements.isEmpty, !namesEntity {
                let request: AccessRequest?
                do throws(OperatorError) { request = try await self.request(desk) } catch {
                    // A role that answers it may be there all the same.
                    guard error.code == .notPermitted else { throw error }
                    (request, refusal) = (nil, error)
                }
                if let request {
                    if request.standing.isOpen {
                        let cancelled = try await desk.cancel(request, reason: reason)
                        output.write([AccessRequestRecord(cancelled, now: .now)])
                        return 0
                    }
                    known = try await active(desk) { $0.answers(request) }
                } else {
                    known = try await desk.grants(answering: subject)
                }
            }
            if known.elements.isEmpty, isID { known = try await ofEntity(desk) }
            guard !known.elements.isEmpty else { throw refusal ?? known.nothing(named: subject) }
            known.tellGaps()
            return try await end(known.elements, desk)
        }
    }

    /// Ends one role after the other. What cannot end does not keep the others: whoever revokes wants as little left as may be.
    private func end(_ grants: [ActiveGrant], _ desk: AccessDesk) async throws(OperatorError) -> Int32 {
        var ended: [ActiveGrant] = []
        var failure: OperatorError?
        for grant in grants {
            let role = "\(grant.role.title) of \(grant.principal.title) on \(grant.scope.title)"
            do throws(OperatorError) {
                let isDone = try await desk.end(grant, reason: reason)
                Standard.error(
                    VisibleText.of(
                        "\(role): " + (isDone ? "ended; links that are open keep it until their token is renewed." : "gone already.")))
                ended.append(grant)
            } catch {
                // Alone, it is what the command ends with.
                if grants.count > 1 { Standard.error(VisibleText.of("\(role): not ended. \(error.message)")) }
                failure = failure ?? error
                if error.code == .cancelled { break }
            }
        }
        let now = Timestamp.now
        if !ended.isEmpty { output.write(ended.map { ActiveGrantRecord($0, now: now) }) }
        if let failure { throw failure }
        return 0
    }

    private var paths: [EntityPath] { EntityArgument(argument: subject)?.candidates.map(\.entity) ?? [] }

    /// Those of the roles in force that are meant.
    private func active(
        _ desk: AccessDesk, where isMeant: (ActiveGrant) -> Bool
    ) async throws(OperatorError) -> AccessListing<ActiveGrant> {
        var known = try await desk.active()
        known.elements = known.elements.filter(isMeant)
        return known
    }

    /// The roles on the entity that is named.
    private func ofEntity(_ desk: AccessDesk) async throws(OperatorError) -> AccessListing<ActiveGrant> {
        let wanted = if let principal { try AccessParty(objectID: principal) } else { desk.me }
        let paths = paths
        return try await active(desk) { grant in
            grant.principal.isSame(as: wanted) && grant.scope.entity.map { paths.contains($0) } ?? false
                && role.map { grant.role == .serviceBus($0) } ?? true
        }
    }

    /// Whether an entity is named.
    private func isEntity(_ desk: AccessDesk) async throws(OperatorError) -> Bool {
        for path in paths {
            do throws(OperatorError) {
                _ = try await desk.scope(of: path, for: .sender)
                return true
            } catch {
                switch error.code {
                case .notFound: continue
                case .notPermitted:
                    throw OperatorError(
                        .notPermitted, "Whether '\(subject.prefix(80))' names an entity you may not look up: \(error.message)",
                        hint: "Give the whole id of a request.")
                default: throw error
                }
            }
        }
        return false
    }

    /// The request that is named; nil where nobody knows of one.
    private func request(_ desk: AccessDesk) async throws(OperatorError) -> AccessRequest? {
        do throws(OperatorError) { return try await desk.request(subject) } catch {
            guard error.code == .notFound || error.code == .usage else { throw error }
            return nil
        }
    }
}

/// `callboard access active`
struct AccessActiveCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "active", abstract: "List the roles in force that have an end, the first to end first.",
        discussion: """
            Those that are there after their end among them: with --fail-if-any the exit status is 1 then, and 5 when none is known of and
            not all could be looked for.
            Example: callboard access active --output json
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Exit with status 1 when a role is there after its end, with 5 when that is not known.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let now = Timestamp.now
            let listing = try await desk.active()
            let grants = listing.elements
            output.write(grants.map { ActiveGrantRecord($0, now: now) })
            listing.tellGaps()
            try BreakGlassBanner.tell(at: now)
            let late = grants.count { $0.isPastEnd(at: now) }
            if late > 0 { Standard.error("\(late) \(late == 1 ? "role is" : "roles are") there after the end: callboard access sweep") }
            guard failIfAny else { return 0 }
            return late > 0 ? 1 : listing.gaps.isEmpty ? 0 : 5
        }
    }
}

/// `callboard access sweep`
struct AccessSweepCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Remove the roles of ours that are there after their end. For cron.",
        discussion: """
            Only role assignments whose note says so (jit req=… exp=… by=…), each looked at again before it is removed; Azure ends everything else by itself. Doing it
            twice changes nothing. What was approved in a queue of requests and never given is named, for an approver to go on. The exit status is 5 then, when some
            could not be removed, and when not all could be looked for.
            Example: callboard access sweep --context retail
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func execute() async throws -> Int32 {
        try await connection.withDesk { desk in
            let swept = try await desk.sweep()
            let now = Timestamp.now
            output.write(swept.elements.map { ActiveGrantRecord($0, now: now) })
            let failed = swept.elements.count { if case .failed = $0.outcome { true } else { false } }
            if failed > 0 { Standard.error("\(failed) of \(swept.elements.count) could not be removed.") }
            swept.tellGaps()
            return failed > 0 || !swept.gaps.isEmpty ? 5 : 0
        }
    }
}
