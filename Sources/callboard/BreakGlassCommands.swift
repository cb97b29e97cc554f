import ArgumentParser
import CallboardCore
import ServiceBus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard access review`
struct AccessReviewCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Write down what came of an emergency: what was done with the access, and what follows.",
        discussion: """
            The review goes into the ledger of this machine, where the glass was broken. Nobody but a person writes one, and one is enough.
            Example: callboard access review 5f3a9c11 --reason "Purged 3 poison messages (INC-4471); retry policy fixed in PR 812"
            """)

    @OptionGroup var signIn: SignInOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var ledger: LedgerOptions

    @Argument(help: "The request's id, or its beginning.")
    var id: String

    @Option(help: ArgumentHelp("What was done, and what follows.", valueName: "text"))
    var reason: String

    func execute() async throws -> Int32 {
        let review = BreakGlassReview(
            try await signIn.signIn(), path: try ledger.path(), environment: ProcessInfo.processInfo.environment)
        let use = try await review.write(id, finding: reason)
        output.write([BreakGlassUseRecord(use, now: .now)])
        if use.isReviewedByUser { Standard.error("Reviewed by whoever used it: somebody else should look at it as well.") }
        return 0
    }
}

/// `callboard access reviews`
struct AccessReviewsCommand: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviews",
        abstract: "List the uses of break-glass that the ledger knows, the newest first, and which reviews are owed.",
        discussion: """
            With --fail-if-any the exit status is 1 when a review is overdue.
            Example: callboard access reviews --fail-if-any
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var ledger: LedgerOptions

    @Flag(help: "Exit with status 1 when a review is overdue.")
    var failIfAny = false

    func execute() async throws -> Int32 {
        let path = try ledger.path()
        let now = Timestamp.now
        let (uses, verification) = try BreakGlassUse.all(in: path)
        output.write(uses.map { BreakGlassUseRecord($0, now: now) })
        if !verification.isValid { Standard.error("The ledger is not whole: \(verification). What is shown comes before that.") }
        let overdue = uses.count { if case .overdue = $0.standing(at: now) { true } else { false } }
        if overdue > 0 {
            Standard.error("\(overdue) \(overdue == 1 ? "review is" : "reviews are") overdue: callboard access review ID --reason")
        }
        return failIfAny && overdue > 0 || verification.isTampering ? 1 : 0
    }
}

extension AccessDesk.BreakGlassOutcome {
    /// Says where it was told, where not, and what is owed.
    func tell() {
        Standard.error("BREAK-GLASS: told to \(announced.map(\.description).joined(separator: ", "))")
        for place in silent { Standard.error("BREAK-GLASS: not told to \(place)") }
        if let reviewBy {
            Standard.error("BREAK-GLASS: a review is due by \(reviewBy.rfc3339): callboard access review \(request.id.short) --reason TEXT")
        }
    }
}

extension BreakGlassBanner {
    /// Says on standard error that break-glass is in force or a review is owed, as the ledger knows it.
    /// - Parameter path: the ledger; that of this user unless said.
    static func tell(_ path: String? = nil, at now: Timestamp) throws(OperatorError) {
        let ledger = if let path { path } else { try AuditLedger.path(environment: ProcessInfo.processInfo.environment) }
        let banner = BreakGlassBanner(try BreakGlassUse.all(in: ledger).uses, at: now)
        if let text = banner.text(at: now) { Standard.error(text) }
    }
}
