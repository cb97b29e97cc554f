import NIOCore
import RESTClient
import Synchronization

/// Plays a service: answers each request with what a closure says, and remembers the requests.
final class ScriptedExchange: HTTPExchange {
    private let answer: @Sendable (Int, RESTRequest) throws(RESTError) -> RESTResponse
    private let received = Mutex<[RESTRequest]>([])
    private let isShutDown = Mutex(false)

    /// - Parameter answer: gets the number of the request, from 0, and the request.
    init(_ answer: @escaping @Sendable (Int, RESTRequest) throws(RESTError) -> RESTResponse) {
        self.answer = answer
    }

    var requests: [RESTRequest] { received.withLock { $0 } }
    var wasShutDown: Bool { isShutDown.withLock { $0 } }

    func perform(_ request: RESTRequest) async throws(RESTError) -> RESTResponse {
        let number = received.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return try answer(number, request)
    }

    func shutdown() async {
        isShutDown.withLock { $0 = true }
    }
}

/// A clock whose sleeps end at once and are remembered.
final class RecordingClock: Clock {
    struct Instant: InstantProtocol {
        let offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let time = Mutex((now: Duration.zero, sleeps: [Duration]()))

    var now: Instant { Instant(offset: time.withLock { $0.now }) }
    var minimumResolution: Duration { .zero }
    var sleeps: [Duration] { time.withLock { $0.sleeps } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        time.withLock { time in
            time.sleeps.append(deadline.offset - time.now)
            time.now = deadline.offset
        }
    }
}

extension RESTResponse {
    /// An answer with a text.
    static func text(_ text: String, status: Int = 200, headers: HeaderFields = [:]) -> RESTResponse {
        RESTResponse(status: status, headers: headers, body: ByteBuffer(string: text))
    }
}
