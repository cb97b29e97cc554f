internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The only thing the UI thread shares with the rest of the program: a queue, and a pipe that wakes a thread sleeping in `poll`.
///
/// The pipe holds at most one byte however much is posted, so a burst is one wake-up. Nothing here blocks the poster.
final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isSignalled = false
    }

    private let state = Mutex(State())
    /// The descriptor to poll: readable while there are messages. -1 if the system gave no pipe; then only input wakes the loop.
    let wakeDescriptor: Int32
    private let signalDescriptor: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        } else {
            ends = [-1, -1]
        }
        wakeDescriptor = ends[0]
        signalDescriptor = ends[1]
    }

    deinit {
        if wakeDescriptor >= 0 { close(wakeDescriptor) }
        if signalDescriptor >= 0 { close(signalDescriptor) }
    }

    /// Adds a message; from any thread.
    func post(_ message: Message) {
        state.withLock { state in
            state.messages.append(message)
            guard !state.isSignalled, signalDescriptor >= 0 else { return }
            // The pipe is empty here, so the byte fits and the call does not block; an interrupted one is tried again.
            var byte: UInt8 = 1
            while write(signalDescriptor, &byte, 1) < 0, errno == EINTR {}
            state.isSignalled = true
        }
    }

    /// Takes all messages, oldest first, and resets the wake-up.
    func drain() -> [Message] {
        state.withLock { state in
            if state.isSignalled {
                var buffer: (UInt64, UInt64) = (0, 0)
                while wakeDescriptor >= 0, read(wakeDescriptor, &buffer, MemoryLayout.size(ofValue: buffer)) < 0, errno == EINTR {}
                state.isSignalled = false
            }
            defer { state.messages.removeAll(keepingCapacity: true) }
            return state.messages
        }
    }

    /// Whether nothing waits.
    var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }
}
