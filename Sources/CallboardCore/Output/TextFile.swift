#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Writes a text that an operator asked for to a file of their choice.
public enum TextFile {
    /// Writes a file for its owner alone (what is on a screen may be confidential), replacing what was there.
    ///
    /// - Throws: ``OperatorError`` naming the path and the system's reason.
    public static func write(_ text: String, to path: String) throws(OperatorError) { try write(Array(text.utf8), to: path) }

    /// As ``write(_:to:)-(String,_)``, for bytes.
    public static func write(_ bytes: [UInt8], to path: String) throws(OperatorError) { try Writer(path).write(bytes) }

    /// A file that is written piece by piece, as ``TextFile/write(_:to:)-(String,_)`` writes it at once.
    public final class Writer: Sendable {
        private let path: String
        private let descriptor: Int32

        /// Opens the file and empties it.
        /// - Throws: ``OperatorError`` naming the path and the system's reason.
        public init(_ path: String) throws(OperatorError) {
            self.path = path
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else { throw TextFile.fault(path) }
        }

        deinit { close(descriptor) }

        /// Writes a piece.
        /// - Throws: ``OperatorError`` naming the path and the system's reason.
        public func write(_ bytes: [UInt8]) throws(OperatorError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw TextFile.fault(path) }
                rest = rest.dropFirst(written)
            }
        }
    }

    private static func fault(_ path: String) -> OperatorError {
        OperatorError(
            .usage, "The file '\(path)' cannot be written: \(String(cString: strerror(errno))).", hint: "Name another file.")
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
