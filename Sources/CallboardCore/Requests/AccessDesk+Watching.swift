public import ServiceBus

/// What a request comes to, and whether it counts where messages are.
extension AccessDesk {
    /// How far a request has come.
    public enum Progress: Hashable, Sendable {
        /// It stands so.
        case standing(AccessRequest)
        /// It is granted, and where messages are it does not count yet; how often that was asked.
        case propagating(attempts: Int)
        /// It counts where messages are.
        case effective
        /// Whether it counts could not be found out, and why.
        case unproved(String)
    }

    /// How often it is looked.
    public static let interval: Duration = .seconds(5)

    /// Waits until somebody decides about a request, and then until the role counts where messages are.
    ///
    /// Azure takes minutes to make a role known everywhere. Whether it counts is proved with the own token, so only for a role of one's own.
    /// - Parameters:
    ///   - patience: how long to wait altogether.
    ///   - clock: what waits.
    ///   - report: told whenever something is new.
    /// - Returns: the request as it was last seen.
    /// - Throws: ``OperatorError``; of kind timeout when it was decided by nobody, or does not count, in that time.
    public func wait(
        for request: AccessRequest, patience: Duration, clock: any Clock<Duration> = ContinuousClock(),
        report: @Sendable (Progress) -> Void = { _ in }
    ) async throws(OperatorError) -> AccessRequest {
        var (latest, waited, told) = (request, Duration.zero, AccessRequest.Standing?.none)
        let backend = try backend(request.backend)
        while true {
            if latest.standing != told {
                told = latest.standing
                report(.standing(latest))
            }
            guard latest.standing.isOpen else { break }
            guard waited < patience else {
                throw OperatorError(
                    .timeout, "Nobody has decided about the request \(latest.id.short) so far.",
                    hint: "It goes on waiting: 'callboard access show \(latest.id.short)' says what came of it.",
                    entity: latest.scope.entity)
            }
            waited += try await pause(clock)
            latest = try await backend.latest(of: latest)
        }
        guard case .granted = latest.standing, latest.principal.isSame(as: me), let entity = latest.scope.entity else { return latest }
        var attempts = 0
        while true {
            switch await probe(entity, latest.role) {
            case .allowed:
                report(.effective)
                return latest
            case .notProbed(let why):
                report(.unproved(why))
                return latest
            case .refused(let why):
                attempts += 1
                report(.propagating(attempts: attempts))
                guard waited < patience else {
                    throw OperatorError(
                        .timeout, "The role is granted, and \(entity.displayName) does not know it yet: \(why)",
                        hint: "Azure takes up to ten minutes: try again then.", entity: entity)
                }
                waited += try await pause(clock)
            }
        }
    }

    private func pause(_ clock: any Clock<Duration>) async throws(OperatorError) -> Duration {
        do { try await clock.sleep(for: Self.interval, tolerance: nil) } catch {
            throw OperatorError(.cancelled, "Waiting was interrupted: what was asked for stands.")
        }
        return Self.interval
    }

    /// What asking the namespace itself shows.
    public enum Probe: Hashable, Sendable {
        /// It lets us.
        case allowed
        /// It does not, and why.
        case refused(String)
        /// It was not asked, and why.
        case notProbed(String)
    }

    /// Asks the namespace whether a role of one's own counts: by looking at one message's properties, which disturbs nothing. Whether sending is allowed
    /// shows only by sending, so that is not tried.
    public func probe(_ entity: EntityPath, _ role: AccessRole) async -> Probe {
        switch role {
        case .serviceBus(.sender): return .notProbed("only sending would show it")
        case .other: return .notProbed("it is no role of Service Bus's")
        case .serviceBus(.receiver), .serviceBus(.owner): break
        }
        do throws(OperatorError) {
            try await facts.look(into: entity)
            return .allowed
        } catch {
            return error.code == .notPermitted ? .refused(error.message) : .notProbed(error.description)
        }
    }
}
