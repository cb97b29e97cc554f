#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A key, password or token that must not be seen.
///
/// A secret has no readable form: printing, interpolating, dumping or mirroring one yields ``placeholder`` (interpolation does not even compile), and it cannot
/// be encoded. The only way to the bytes is ``withUnsafeBytes(_:)`` or ``withRevealedText(_:)``, which are easy to find in a review.
///
/// The bytes live in one heap allocation that is overwritten when the last copy of the value goes away. What a caller makes of
/// them (a `String` for a header, say) is out of its reach; keep such copies short-lived.
public struct Secret: Sendable {
    /// What a secret looks like wherever something insists on a text.
    public static let placeholder = "<secret>"

    private let storage: Storage

    /// Copies `bytes` into storage of its own.
    public init(_ bytes: some Collection<UInt8>) {
        self.storage = Storage(bytes)
    }

    /// Copies the UTF-8 bytes of `text` into storage of its own.
    public init(_ text: some StringProtocol) {
        self.storage = Storage(text.utf8)
    }

    /// Whether there is nothing to hide.
    public var isEmpty: Bool { self.storage.bytes.isEmpty }

    /// The number of bytes. A length is not a secret; it helps to say "the key is empty" or "the token is cut off".
    public var count: Int { self.storage.bytes.count }

    /// Lends the bytes to `body`. The pointer must not escape.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The storage must outlive the call: its deinitialiser overwrites the bytes the pointer refers to.
        let storage = self.storage
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(storage.bytes))
    }

    /// Lends the secret to `body` as text, for a header or a field on the wire. The text is a copy that is not overwritten.
    public func withRevealedText<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try self.withUnsafeBytes { (bytes) throws(Failure) in
            try body(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Compares without revealing through timing where the difference lies. (Lengths are compared first.)
    public func isEqual(to other: Secret) -> Bool {
        self.withUnsafeBytes { mine in
            other.withUnsafeBytes { theirs in
                ConstantTime.areEqual(mine, theirs)
            }
        }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always ``placeholder``.
    public var description: String { Self.placeholder }
    /// Always ``placeholder``.
    public var debugDescription: String { Self.placeholder }
    /// A mirror without children, so that `dump` and test reports show nothing.
    public var customMirror: Mirror { Mirror(self, children: [:], displayStyle: .struct) }
}

@available(*, unavailable, message: "A secret is never written to a file or a wire by an encoder.")
extension Secret: Encodable {
    /// Not available.
    public func encode(to encoder: any Encoder) throws {}
}

extension DefaultStringInterpolation {
    /// Not available.
    @available(*, unavailable, message: "A secret is never part of a text. Use withRevealedText where it must leave the process.")
    public mutating func appendInterpolation(_ secret: Secret) {}
}

extension Secret {
    private final class Storage: Sendable {
        // Immutable after init, and only this class frees it.
        nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

        init(_ source: some Collection<UInt8>) {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 1)
            bytes.copyBytes(from: source)
            self.bytes = bytes
        }

        deinit {
            if let address = self.bytes.baseAddress, !self.bytes.isEmpty {
                // Not a plain loop: the optimiser may drop stores to memory that is freed next.
                #if canImport(Darwin)
                    memset_s(address, self.bytes.count, 0, self.bytes.count)
                #else
                    explicit_bzero(address, self.bytes.count)
                #endif
            }
            self.bytes.deallocate()
        }
    }
}
