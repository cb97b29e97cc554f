/// The bounds within which bodies are decoded. Whoever sends a message cannot make a reader hold or do more.
///
/// What goes beyond a bound is either cut (then the reader is told how much is shown, and ``widened()`` shows more) or refused (then the body
/// is shown as bytes, with a note that names the bound).
public struct BodyLimits: Hashable, Sendable {
    /// Bytes of one layer that are laid out as text or as a tree. Cut beyond.
    public var windowBytes = 512 << 10
    /// Values of a tree. Cut beyond.
    public var values = 40_000
    /// How deep values may be nested. Refused beyond.
    public var depth = 128
    /// Bytes that all compressed layers of a body may unpack to. Cut beyond.
    public var unpackedBytes = 64 << 20
    /// How many times larger than what it was unpacked from a layer may become, once it is larger than a mebibyte. Refused beyond.
    public var ratio = 250
    /// Formats within each other: gzip within ZIP within gzip. Refused beyond.
    public var layers = 6
    /// Files of an archive. Cut beyond.
    public var archiveEntries = 1000
    /// The longest that decoding may take. Cut beyond.
    public var time = Duration.seconds(2)

    /// The usual bounds.
    public static let standard = BodyLimits()

    /// The usual bounds, to be changed.
    public init() {}

    /// Four times the window, for who asks for more; never beyond what is unpacked.
    public func widened() -> BodyLimits {
        var limits = self
        limits.windowBytes = min(limits.windowBytes.multipliedReportingOverflow(by: 4).partialValue, limits.unpackedBytes)
        limits.values = min(limits.values.multipliedReportingOverflow(by: 4).partialValue, 2_000_000)
        limits.time = min(limits.time * 4, .seconds(30))
        return limits
    }

    /// Whether ``widened()`` would show more.
    public var canWiden: Bool { windowBytes < unpackedBytes }
}

/// Why bytes were not decoded as a format.
enum BodyFault: Error, Hashable {
    /// They are not of that format: what is wrong, and at which byte.
    case malformed(String, at: Int)
    /// A limit refuses them: the whole note.
    case refused(String)
    /// Enough has been read; what was read so far is shown.
    case full(Cut)
    /// Something that is needed to read them is not here: the whole note.
    case missing(String)

    /// Why what is shown is not all.
    enum Cut: Hashable {
        case window, values, time
    }

    /// Values are nested deeper than is allowed.
    static func nested(_ limits: BodyLimits) -> BodyFault {
        .refused("nested deeper than \(limits.depth) values (limit): not laid out")
    }
}
