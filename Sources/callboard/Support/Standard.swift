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

        /// Writes bytes. When nobody reads any more, the program ends as one killed by SIGPIPE would.
        func write(_ bytes: UnsafeRawBufferPointer) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
                if written < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    Exit.now(errno == EPIPE ? 141 : 1)
                }
                rest = rest.dropFirst(written)
            }
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
