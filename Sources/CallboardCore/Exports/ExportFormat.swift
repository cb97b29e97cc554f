/// The exact export: messages in a file, byte for byte as they were peeked.
///
/// A file (`.cbx`) is one line of text, one line of JSON, the messages, and a trailer; numbers are big-endian. `docs/export-format.md` has it
/// for readers in other languages.
///
/// | | |
/// |---|---|
/// | `callboard-export 1\n` | what the file is, and the version of its form |
/// | one JSON object and `\n` | ``ExportHeader``: where the messages are from, when, by whom, and why |
/// | for each message | its length as 32 bits, then its bytes as AMQP encodes them, all sections: body, properties, and the annotations that hold sequence number, enqueued time, state |
/// | the trailer | `FF FF FF FF`, the number of messages as 64 bits, and the SHA-256 of all that precedes it, mark and number included |
///
/// Nothing follows the trailer. The digest shows damage; who means to deceive can make another, so it proves nothing against them.
enum ExportFormat {
    /// The version that is written, and the only one that is read.
    static let version = 1
    /// What files of every version begin with.
    static let name = Array("callboard-export ".utf8)
    /// What a file of this version begins with.
    static let magic = Array("callboard-export \(version)\n".utf8)
    /// The most bytes of the first line, for versions to come.
    static let longestMagic = 32
    /// The most bytes of the header's line.
    static let longestHeader = 65_536
    /// The most bytes of a message: what the service takes as one on its premium tier, and room for what it and its sections add.
    static let largestMessage = 104_857_600 + 1_048_576
    /// Stands where a length would, when no further message follows.
    static let trailerMark = UInt32.max
    /// The bytes that are gathered before they are written, and read at once.
    static let bufferSize = 262_144
}

extension FixedWidthInteger {
    /// The bytes of the number, the highest first.
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

    /// The number of which these are the bytes, the highest first; those that are too many are lost.
    init(bigEndianBytes bytes: some Sequence<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
