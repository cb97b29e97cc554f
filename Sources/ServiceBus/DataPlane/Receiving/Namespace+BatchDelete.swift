internal import AMQP

/// Deleting many messages without receiving them (`batch-delete-messages`, as Azure's Go client sends it).
extension Namespace {
    /// The most messages the Premium tier deletes in one request, and the Standard tier.
    private static let mostDeletedAtOnce = (premium: 4000, standard: 500)

    /// Deletes the messages of an entity that were enqueued before a moment, oldest first: active ones that nobody holds.
    ///
    /// Requests follow one another until one finds nothing more. Each leaves once: when no answer comes, the operation ends there, and
    /// the failure's outcome says that up to that request's number of messages may be gone besides. Cancelled, it ends between requests.
    /// - Parameters:
    ///   - cutoff: what was enqueued later stays.
    ///   - maximum: the most to delete.
    ///   - sessionID: only messages of this session.
    ///   - progress: told how many are deleted so far, after each request.
    /// - Returns: how many were deleted for certain, as far as it came.
    public func deleteMessages(
        in path: EntityPath, enqueuedBefore cutoff: Timestamp, maximum: Int = .max, sessionID: String? = nil,
        progress: @Sendable (Int) -> Void = { _ in }
    ) async -> Partly<Int> {
        var result = Partly(done: 0)
        var limit = Self.mostDeletedAtOnce.premium
        while result.done < maximum {
            if Task.isCancelled {
                result.failure = ServiceBusError(.cancelled, "stopped", entity: path)
                break
            }
            let count = min(limit, maximum - result.done)
            do throws(ServiceBusError) {
                let deleted = try await delete(count, in: path, cutoff, sessionID)
                if deleted == 0 { break }
                result.done += deleted
                progress(result.done)
            } catch {
                // The tier is not told beforehand; a request above its limit is refused whole.
                if error.code == .invalidRequest, error.outcome == .notCarriedOut, count > Self.mostDeletedAtOnce.standard {
                    limit = Self.mostDeletedAtOnce.standard
                    continue
                }
                result.failure = error
                break
            }
        }
        return result
    }

    private func delete(
        _ count: Int, in path: EntityPath, _ cutoff: Timestamp, _ sessionID: String?
    ) async throws(ServiceBusError) -> Int {
        let request = ManagementRequest(
            "batch-delete-messages", isRepeatable: false,
            [
                "message-count": .int(Int32(clamping: count)), "enqueued-time-utc": .timestamp(cutoff.milliseconds),
                "session-id": sessionID.map { .string($0) },
            ])
        guard let answer = try await connection.performIfAny(request, on: path) else { return 0 }
        guard let deleted = try answer.body()["message-count"]?.integer else {
            throw answer.malformed("it does not say how many messages were deleted")
        }
        // More than were asked for cannot have been, whatever it says.
        guard (0...Int64(count)).contains(deleted) else {
            throw answer.malformed("it says that of \(count) messages \(deleted) were deleted")
        }
        return Int(deleted)
    }
}
