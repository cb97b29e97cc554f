/// Where unpredictable bytes come from. Tests pass a source of their own.
public struct RandomBytes: Sendable {
    private let make: @Sendable (Int) -> [UInt8]

    /// A source that answers with what `make` returns for a number of bytes.
    public init(_ make: @escaping @Sendable (Int) -> [UInt8]) { self.make = make }

    func callAsFunction(_ count: Int) -> [UInt8] { self.make(count) }

    /// So many random bytes as text that is safe in URLs.
    func text(_ count: Int) -> String { Base64.encodeURLSafe(self.make(count)) }

    /// The operating system's generator.
    public static let system = RandomBytes { count in
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
