internal import DequeModule

/// Walks an entity's messages in order of sequence number, page by page, with several pages under way at once.
///
/// The next pages are asked for before the last one has come, on the guess that numbers go on as densely as they did. A guess that went
/// too far is made good by asking for the gap; one that fell short overlaps, and what was seen is dropped. So nothing is missed and
/// nothing comes twice, whatever the numbers. The walk ends at an empty answer to a question that continues exactly where it stands.
public actor MessageBrowser {
    private struct Question {
        var from: Int64
        var page: Task<[PeekedMessage], any Error>
    }

    /// The most messages the service gives at once.
    static let pageSize = 250
    /// Pages under way at most.
    static let maximumDepth = 4

    private let namespace: Namespace
    private let path: EntityPath
    private let headersOnly: Bool
    private let sessionID: String?
    /// The lowest number not yet seen.
    private var position: Int64
    /// Where the next guess starts.
    private var guess: Int64
    /// How far a page reached last time.
    private var stride = Int64(pageSize)
    /// One page at first; more as pages turn out full.
    private var depth = 1
    private var questions: Deque<Question> = []
    private var isFinished = false

    init(namespace: Namespace, path: EntityPath, from: SequenceNumber, headersOnly: Bool, sessionID: String?) {
        self.namespace = namespace
        self.path = path
        self.headersOnly = headersOnly
        self.sessionID = sessionID
        position = from.rawValue
        guess = from.rawValue
    }

    /// The next messages; nil at the end.
    /// - Throws: ``ServiceBusError``. After an error the browser may be asked again; it goes on where it stood.
    public func nextPage() async throws(ServiceBusError) -> [PeekedMessage]? {
        while !isFinished {
            ask()
            guard let question = questions.first else { return nil }
            let page: [PeekedMessage]
            do {
                page = try await withTaskCancellationHandler {
                    try await question.page.value
                } onCancel: {
                    question.page.cancel()
                }
            } catch {
                abandonQuestions()
                throw ServiceBusError(error, entity: path)
            }
            // Another call may have finished the browser meanwhile.
            guard !isFinished, questions.first?.page == question.page else { continue }
            if question.from > position {
                // The guess went too far: first what lies before it. The page that came is kept for its turn.
                questions.prepend(Question(from: position, page: request(position)))
                continue
            }
            questions.removeFirst()
            let fresh = page.drop { $0.sequenceNumber.rawValue < position }
            guard let last = fresh.last else {
                if page.isEmpty { isFinished = true } else { continue }
                abandonQuestions()
                return nil
            }
            advance(past: last.sequenceNumber.rawValue, page, question)
            return Array(fresh)
        }
        return nil
    }

    /// Stops; pages under way are given up.
    public func finish() {
        isFinished = true
        abandonQuestions()
    }

    private func advance(past last: Int64, _ page: [PeekedMessage], _ question: Question) {
        let (next, overflow) = last.addingReportingOverflow(1)
        if overflow {
            isFinished = true
            abandonQuestions()
            return
        }
        position = next
        stride = max(1, next.subtractingReportingOverflow(question.from).partialValue)
        depth = page.count < Self.pageSize ? 1 : min(depth * 2, Self.maximumDepth)
        // Guesses that lie wholly before the position would only repeat what was seen.
        while let first = questions.first, first.from < position, questions.count > 1, questions[1].from <= position {
            first.page.cancel()
            questions.removeFirst()
        }
        if guess < position { guess = position }
    }

    private func ask() {
        if questions.isEmpty { guess = position }
        while questions.count < depth {
            questions.append(Question(from: guess, page: request(guess)))
            let (next, overflow) = guess.addingReportingOverflow(stride)
            if overflow { break }
            guess = next
        }
    }

    private func request(_ from: Int64) -> Task<[PeekedMessage], any Error> {
        Task { [namespace, path, headersOnly, sessionID] in
            try await namespace.peek(
                path, from: SequenceNumber(from), count: Self.pageSize, headersOnly: headersOnly, sessionID: sessionID)
        }
    }

    private func abandonQuestions() {
        for question in questions { question.page.cancel() }
        questions = []
    }
}
