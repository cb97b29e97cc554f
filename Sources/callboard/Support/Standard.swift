import CallboardCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output and standard error. Results go to the one, everything else to the other.
enum Standard {
    /// Where results go.
    static let output = Stream(descriptor: 1)
    private static let errors = Stream(descriptor: 2)

    /// Puts something in the place of those of the three that whoever started this program has closed: else what is opened first is taken for them, and results
    /// are written into a ledger or a connection. Reading then finds nothing, and writing results fails.
    static func occupy() {
        for (descriptor, mode) in [(Int32(0), O_RDONLY), (1, O_RDONLY), (2, O_WRONLY)] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest that is free, which is this one.
            _ = open("/dev/null", mode)
        }
    }

    /// Tells the operator that something failed. The text may hold words of the service: control characters are shown, not obeyed.
    static func error(_ text: String) {
        errors.write("callboard: " + VisibleText.of(text) + "\n")
    }

    /// Writes a text of our own to standard error.
    static func raw(_ text: String) { errors.write(text + "\n") }

    /// Asks for something on standard error; the answer stands on the same line.
    static func prompt(_ text: String) { errors.write(VisibleText.of(text)) }

    /// Writes how far something is over what was written so before; empty takes it away.
    static func progress(_ text: String) { errors.write("\r\u{1b}[K" + VisibleText.of(text)) }

    /// The width of the terminal that standard output is; nil when it is none.
    static var columns: Int? {
        guard isatty(1) == 1 else { return nil }
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// An open file that is written to the end or not at all.
    struct Stream: Sendable {
        let descriptor: Int32

        /// Writes text.
        func write(_ text: String) { write(Array(text.utf8)) }

        /// Writes bytes.
        func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

        /// Writes bytes. When nobody reads results any more, the program ends as one killed by SIGPIPE would; when they cannot be written, it says so and
        /// ends. Words on standard error that nobody reads, of a terminal that is closed, are lost and nothing else: what is under way is not left half done.
        func write(_ bytes: UnsafeRawBufferPointer) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                guard written < 0 else {
                    rest = rest.dropFirst(written)
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN: waitForRoom()
                case _ where descriptor != Standard.output.descriptor: return
                case EPIPE: Exit.now(141)
                case let number:
                    Standard.error(
                        "Standard output cannot be written to: \(String(cString: strerror(number))). What stands there is not all of it.")
                    Exit.now(1)
                }
            }
        }
    }
}

extension Standard.Stream {
    /// Waits until more can be written. Whoever shares an open file with us may have it set never to wait by itself.
    private func waitForRoom() {
        var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wish, 1, -1)
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
