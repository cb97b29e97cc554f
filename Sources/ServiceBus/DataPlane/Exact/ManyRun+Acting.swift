/// Acting on a batch.
extension ManyRun {
    /// Acts on a batch.
    /// - Parameters:
    ///   - isCopied: whether copies of it were sent before: it is only removed.
    ///   - turn: what opens when the batch before it is done with.
    func outcome(
        of batch: [ReceivedMessage], _ number: Int, _ lane: Lane, isCopied: Bool, after turn: Turn?
    ) async -> ManyOutcome {
        if isCopied { return await settle(batch, .complete, lane) }
        switch action {
        case .delete: return await settle(batch, .complete, lane)
        case .deadLetter(let reason, let description):
            return await settle(batch, .deadLetter(reason: reason, description: description), lane)
        case .defer: return await settle(batch, .defer(), lane)
        case .forward(let target, let changes):
            if let scope = lane.scope { return await forward(batch, to: target, changes, lane, scope, after: turn) }
            return await send(batch, number, to: target, changes, lane)
        }
    }

    // MARK: Without copies

    private func settle(_ batch: [ReceivedMessage], _ disposition: MessageDisposition, _ lane: Lane) async -> ManyOutcome {
        var outcome = ManyOutcome()
        for (message, result) in zip(batch, await lane.receiver.settle(batch, disposition)) {
            switch result {
            case .success: outcome.done.append(message.sequenceNumber)
            case .failure(let error): outcome.add(message.sequenceNumber, error)
            }
        }
        note(outcome.error)
        return outcome
    }

    /// Cancels scheduled messages; where one of them is none any more, one by one.
    func outcome(ofScheduled numbers: [SequenceNumber]) async -> ManyOutcome {
        var outcome = ManyOutcome()
        let result = await namespace.cancelScheduled(numbers, on: path)
        outcome.done = result.done
        guard let failure = result.failure else { return outcome }
        if failure.code == .messageNotFound, numbers.count > 1 {
            for number in numbers.dropFirst(result.done.count) {
                let one = await self.outcome(ofScheduled: [number])
                outcome.done += one.done
                outcome.failed += one.failed
                outcome.postponed += one.postponed
                outcome.error = one.error ?? outcome.error
            }
            return outcome
        }
        for number in numbers.dropFirst(result.done.count) {
            if failure.code == .messageNotFound { outcome.failed.append((number, failure)) } else { outcome.add(number, failure) }
        }
        note(outcome.error)
        return outcome
    }

    // MARK: Copies, in a transaction

    private func forward(
        _ batch: [ReceivedMessage], to target: EntityPath, _ changes: CopyChanges, _ lane: Lane, _ scope: TransactionScope,
        after turn: Turn? = nil
    ) async -> ManyOutcome {
        var outcome = ManyOutcome()
        var attempt = 1
        while true {
            do {
                let copies = batch.map { ForwardedMessage($0, changes: changes) }
                try await scope.withTransaction { transaction in
                    // It is all or nothing: neither waits for the other.
                    async let sent = scope.send(each: copies, to: target, in: transaction)
                    async let removed = lane.receiver.settle(batch, .complete, in: transaction)
                    // Both are waited for, so that a failure of the one cancels no settlement whose answer is on its way.
                    for result in await sent + removed { try result.get() }
                    // Batches are prepared side by side and committed one after another: messages arrive in the order they stood in.
                    await turn?.wait()
                }
                outcome.done = batch.map(\.sequenceNumber)
                return outcome
            } catch {
                let error = ServiceBusError(error, entity: target)
                let configuration = namespace.configuration
                if error.code == .busy, error.outcome == .notCarriedOut,
                    let pause = configuration.retry.pause(after: error, attempt: attempt, random: configuration.pacing.random()),
                    (try? await configuration.pacing.sleep(pause)) != nil
                {
                    attempt += 1
                    continue
                }
                guard error.concernsOneMessage, error.outcome == .notCarriedOut, batch.count > 1 else {
                    for message in batch { outcome.add(message.sequenceNumber, error) }
                    note(outcome.error)
                    return outcome
                }
                // One of them cannot go: it is found by halves.
                let middle = batch.count / 2
                for half in [Array(batch[..<middle]), Array(batch[middle...])] {
                    guard failure == nil else {
                        outcome.postponed += half.map(\.sequenceNumber)
                        continue
                    }
                    outcome.append(await forward(half, to: target, changes, lane, scope))
                }
                return outcome
            }
        }
    }

    // MARK: Copies, one step after another

    private func send(
        _ batch: [ReceivedMessage], _ number: Int, to target: EntityPath, _ changes: CopyChanges, _ lane: Lane
    ) async -> ManyOutcome {
        var outcome = ManyOutcome()
        var accepted: [ReceivedMessage] = []
        let results = await namespace.send(each: batch.map { ForwardedMessage($0, changes: changes) }, to: target)
        for (message, result) in zip(batch, results) {
            switch result {
            case .success: accepted.append(message)
            case .failure(let error) where error.outcome == .unknown:
                outcome.unknown.append(message.sequenceNumber)
                outcome.error = error
            case .failure(let error): outcome.add(message.sequenceNumber, error)
            }
        }
        note(outcome.error)
        if accepted.isEmpty { return outcome }
        do {
            try await observer.willRemove(accepted.map(\.sequenceNumber), of: number, unknown: outcome.unknown)
        } catch {
            failure = failure ?? error
            outcome.copied = accepted.map(\.sequenceNumber)
            return outcome
        }
        for (message, result) in zip(accepted, await lane.receiver.settle(accepted, .complete)) {
            switch result {
            case .success: outcome.done.append(message.sequenceNumber)
            case .failure(let error):
                outcome.copied.append(message.sequenceNumber)
                outcome.error = error
                note(error)
            }
        }
        return outcome
    }

    /// What a failure means for all that is to come.
    private func note(_ error: ServiceBusError?) {
        guard let error, failure == nil, !error.concernsOneMessage, error.code != .lockLost else { return }
        failure = error
    }
}

extension ManyOutcome {
    /// Whether it is known that nothing happened to those that were postponed.
    var isResolved: Bool { error?.outcome != .unknown }

    fileprivate mutating func add(_ number: SequenceNumber, _ error: ServiceBusError) {
        if error.concernsOneMessage, error.outcome == .notCarriedOut {
            failed.append((number, error))
        } else {
            // An error whose outcome is unknown outweighs the others: all are looked for again.
            if self.error?.outcome != .unknown { self.error = error }
            postponed.append(number)
        }
    }

    fileprivate mutating func append(_ other: ManyOutcome) {
        done += other.done
        failed += other.failed
        postponed += other.postponed
        unknown += other.unknown
        copied += other.copied
        if error?.outcome != .unknown { error = other.error ?? error }
    }
}

extension ServiceBusError {
    /// Whether the same may well succeed after a pause, on another connection if need be.
    var passes: Bool { recovery == .connection || recovery == .link || code == .busy }

    /// Whether the same may well succeed with another message.
    package var concernsOneMessage: Bool {
        switch code {
        case .messageTooLarge, .invalidRequest, .messageNotFound: true
        default: false
        }
    }
}
