internal import Backstage
internal import Identity
internal import Logging
package import ServiceBus

/// Tells of a use of break-glass wherever it is to be told, before anything is asked for.
package struct BreakGlassAnnouncer: Sendable {
    /// Tells it in one place.
    package typealias Voice = @Sendable (BreakGlassAnnouncement) async throws(OperatorError) -> Void

    /// What came of it.
    package struct Outcome: Hashable, Sendable {
        /// Where it was told.
        package var told: [BreakGlassPlace] = []
        /// Where it could not be told, and why.
        package var silent: [Silence] = []

        /// Whether nobody was told.
        package var isUnheard: Bool { told.isEmpty }
    }

    /// A place where nobody was told.
    package struct Silence: Hashable, Sendable {
        /// The place.
        package var place: BreakGlassPlace
        /// Why, as a sentence. May hold words of others: sanitise.
        package var reason: String
    }

    /// Tells it on a queue or topic.
    private let send: @Sendable (BreakGlassAnnouncement, EntityPath) async throws(OperatorError) -> Void
    /// Tells it in Backstage; nil where none is configured.
    private let notify: Voice?

    /// An announcer.
    /// - Parameters:
    ///   - send: sends the message to a queue or topic of the namespace.
    ///   - notify: notifies everybody in Backstage; nil where there is none.
    package init(send: @escaping @Sendable (BreakGlassAnnouncement, EntityPath) async throws(OperatorError) -> Void, notify: Voice?) {
        self.send = send
        self.notify = notify
    }

    /// An announcer that sends as whoever uses a workspace. The announcement is part of what a rule of emergencies allows, and no sending of its own.
    init(_ workspace: Workspace, notify: Voice?) {
        let gateway = workspace.gateway
        self.init(
            send: { announcement, path throws(OperatorError) in try await gateway.send([announcement.message], to: path) }, notify: notify)
    }

    /// The places there are for a rule: those that it names, and Backstage.
    /// - Parameter names: `notify` of the rule.
    package func places(_ names: Set<String>) -> [BreakGlassPlace] {
        names.compactMap { BreakGlassPlace($0) }.sorted() + (notify == nil ? [] : [.backstage])
    }

    /// Tells it everywhere, one place after another: a place that fails keeps none of the others from being told.
    package func announce(_ announcement: BreakGlassAnnouncement, at places: [BreakGlassPlace]) async -> Outcome {
        var outcome = Outcome()
        for place in places {
            do throws(OperatorError) {
                switch place {
                case .queue(let path), .topic(let path): try await send(announcement, path)
                case .backstage: try await notify?(announcement)
                }
                outcome.told.append(place)
            } catch { outcome.silent.append(Silence(place: place, reason: error.message)) }
        }
        return outcome
    }
}

extension ContextSignIn {
    /// Tells it in the context's Backstage; nil where none is configured.
    /// - Parameter environment: of the process, where a static token may be.
    func backstageVoice(environment: [String: String]) throws(OperatorError) -> BreakGlassAnnouncer.Voice? {
        guard let settings = context.backstage else { return nil }
        let client = try settings.client(
            context: context.name, tokens: chain, environment: environment, caFile: caFile, logger: logger)
        return { announcement throws(OperatorError) in
            let description = [
                announcement.reason, announcement.ticket.map { "Ticket \($0)." },
                announcement.reviewBy.map { "To be reviewed by \($0.rfc3339)." },
            ]
            do throws(BackstageError) {
                try await client.notifyAll(
                    title: announcement.title, description: description.compactMap { $0 }.joined(separator: " "),
                    topic: "break-glass-\(announcement.request.text)")
            } catch {
                throw OperatorError(.service, error.message, hint: error.hint, serviceCode: error.name, trackingID: error.requestID)
            }
        }
    }
}
