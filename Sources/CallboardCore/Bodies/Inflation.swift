internal import CInflate

/// What all layers of one body may unpack to, and how it is done.
struct Inflation {
    /// A compressed format.
    enum Format: String {
        case gzip
        case zlib
        case deflate
        case brotli

        fileprivate var code: Int32 {
            switch self {
            case .gzip: Int32(CI_GZIP.rawValue)
            case .zlib: Int32(CI_ZLIB.rawValue)
            case .deflate: Int32(CI_RAW.rawValue)
            case .brotli: Int32(CI_BROTLI.rawValue)
            }
        }
    }

    /// What came out.
    struct Result {
        var bytes: [UInt8] = []
        /// Bytes of the source that were read.
        var consumed = 0
        /// Whether the stream ended before the source or the limit did.
        var isWhole = false
        /// Whether it was cut at the limit of unpacked bytes.
        var isCut = false
    }

    private let limits: BodyLimits
    private let clock: BodyClock
    /// Bytes of the whole body, against which a layer's growth counts.
    private let sourceBytes: Int
    /// Bytes that were unpacked so far.
    private(set) var unpacked = 0

    init(sourceBytes: Int, limits: BodyLimits, clock: BodyClock) {
        self.sourceBytes = sourceBytes
        self.limits = limits
        self.clock = clock
    }

    /// Decompresses, as far as the limits allow.
    ///
    /// - Throws: ``BodyFault``: malformed when the first bytes are no such stream, refused when it grows too much.
    mutating func unpack(_ bytes: [UInt8], in range: Range<Int>? = nil, _ format: Format) throws(BodyFault) -> Result {
        guard ci_available(format.code) != 0 else {
            throw .missing(
                "\(format.rawValue): libbrotlidec is not installed here (Debian: libbrotli1, Fedora: libbrotli, Homebrew: brotli)")
        }
        guard let stream = ci_open(format.code) else { throw .missing("\(format.rawValue): there is no memory to unpack it") }
        defer { ci_close(stream) }
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        var result = Result()
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var idle = 0
        while true {
            let room = min(chunk.count, limits.unpackedBytes - unpacked)
            guard room > 0 else {
                result.isCut = true
                return result
            }
            var (consumed, produced) = (0, 0)
            let offset = range.lowerBound + result.consumed
            let status = bytes.withUnsafeBytes { source in
                chunk.withUnsafeMutableBytes { target in
                    let input = UnsafeRawBufferPointer(rebasing: source[offset..<range.upperBound])
                    return ci_next(
                        stream, input.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count, &consumed,
                        target.baseAddress?.assumingMemoryBound(to: UInt8.self), room, &produced)
                }
            }
            result.bytes += chunk[..<produced]
            result.consumed += consumed
            unpacked += produced
            try check(format.rawValue)
            switch UInt32(bitPattern: status) {
            case CI_END.rawValue:
                result.isWhole = true
                return result
            case CI_MORE.rawValue:
                idle = consumed == 0 && produced == 0 ? idle + 1 : 0
                // The source ends in the middle of the stream.
                if idle > 0 { return result }
            case CI_MISSING.rawValue: throw .missing("\(format.rawValue): there is no memory to unpack it")
            default:
                guard !result.bytes.isEmpty else { throw .malformed("it is no \(format.rawValue)", at: result.consumed) }
                return result
            }
            try clock.check()
        }
    }

    /// Bytes that lie in an archive as they are. They count like those that were unpacked: a directory may name the same ones again and again.
    mutating func copy(_ bytes: [UInt8], in range: Range<Int>) throws(BodyFault) -> Result {
        let count = min(range.count, max(limits.unpackedBytes - unpacked, 0))
        unpacked += count
        try check("ZIP")
        return Result(
            bytes: Array(bytes[range.prefix(count)]), consumed: count, isWhole: count == range.count, isCut: count < range.count)
    }

    /// A bomb is one that becomes very much larger than what was sent; a megabyte is no danger, however it came about.
    private func check(_ format: String) throws(BodyFault) {
        guard unpacked > 1 << 20 else { return }
        let (allowed, overflow) = max(sourceBytes, 1).multipliedReportingOverflow(by: limits.ratio)
        guard overflow || unpacked <= allowed else {
            throw .refused(
                "refused: \(ByteSize.text(sourceBytes)) of \(format) unpack to more than \(limits.ratio) times as much (limit), as a decompression bomb does"
            )
        }
    }
}

/// Sizes in notes.
enum ByteSize {
    /// `812 B`, `64 MiB`, `1.5 KiB`.
    static func text(_ bytes: Int) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 1 << shift {
            let tenths = bytes / (1 << shift) * 10 + bytes % (1 << shift) * 10 / (1 << shift)
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }
}
