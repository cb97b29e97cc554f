public import ServiceBus

/// The headers of many messages, held in columns: 100,000 of them in about 6 MB.
///
/// Subjects and reasons repeat and are interned; message ids that are UUIDs take sixteen bytes. Rows are kept in the order they were
/// added. A copy shares everything with the original, so that a screen may hold a snapshot while a scan goes on.
public struct MessageTable: Sendable {
    /// One row, put together when it is looked at.
    public struct Row: Hashable, Sendable {
        /// The number the entity gave it.
        public var sequenceNumber: SequenceNumber
        /// When the entity took it.
        public var enqueuedTime: Timestamp?
        /// The message id, cut at ``MessageTable/longestText`` bytes.
        public var messageID: String?
        /// What it is about.
        public var subject: String?
        /// Why it was dead-lettered.
        public var deadLetterReason: String?
        /// How often it was delivered.
        public var deliveryCount: Int
        /// Where it stands.
        public var state: MessageState
        /// The size as received, in bytes: without the body where the body was not asked for.
        public var encodedSize: Int

        /// Creates a row.
        public init(
            sequenceNumber: SequenceNumber, enqueuedTime: Timestamp? = nil, messageID: String? = nil, subject: String? = nil,
            deadLetterReason: String? = nil, deliveryCount: Int = 0, state: MessageState = .active, encodedSize: Int = 0
        ) {
            self.sequenceNumber = sequenceNumber
            self.enqueuedTime = enqueuedTime
            self.messageID = messageID
            self.subject = subject
            self.deadLetterReason = deadLetterReason
            self.deliveryCount = deliveryCount
            self.state = state
            self.encodedSize = encodedSize
        }

        /// Reads a message's headers.
        public init(_ message: PeekedMessage) {
            let fields = message.fields
            self.init(
                sequenceNumber: message.sequenceNumber, enqueuedTime: fields.enqueuedTime, messageID: fields.messageID.text,
                subject: fields.subject.text, deadLetterReason: fields.deadLetterReason.text, deliveryCount: fields.deliveryCount,
                state: fields.state, encodedSize: message.encodedSize)
        }
    }

    /// Longer texts are cut to this many bytes of UTF-8: a table is for looking over, the message itself has the rest.
    public static let longestText = 256

    private var chunks: [Chunk] = []
    private var pool = TextPool()
    /// The number of rows.
    public private(set) var count = 0

    /// Creates an empty table.
    public init() {}

    /// Whether there are no rows.
    public var isEmpty: Bool { count == 0 }

    /// Adds a message's headers at the end.
    public mutating func append(_ message: PeekedMessage) { append(Row(message)) }

    /// Adds a page of messages.
    public mutating func append(contentsOf page: [PeekedMessage]) {
        for message in page { append(message) }
    }

    /// Adds a row at the end.
    public mutating func append(_ row: Row) {
        if count % Chunk.rows == 0 { chunks.append(Chunk()) }
        chunks[chunks.count - 1].append(row, pool: &pool)
        count += 1
    }

    /// Removes all rows.
    public mutating func removeAll() { self = MessageTable() }

    /// A row by its place; nil outside the table.
    public func row(at index: Int) -> Row? {
        guard index >= 0, index < count else { return nil }
        return chunks[index / Chunk.rows].row(index % Chunk.rows, pool: pool)
    }

    /// A row's sequence number by its place, without building the row; nil outside the table.
    public func sequenceNumber(at index: Int) -> SequenceNumber? {
        guard index >= 0, index < count else { return nil }
        return SequenceNumber(chunks[index / Chunk.rows].sequences[index % Chunk.rows])
    }

    /// The place of the message with this number; nil when it is not here. Looks through chunks whose range can hold it.
    public func index(of number: SequenceNumber) -> Int? {
        for (place, chunk) in chunks.enumerated() where chunk.mayHold(number.rawValue) {
            if let index = chunk.sequences.firstIndex(of: number.rawValue) { return place * Chunk.rows + index }
        }
        return nil
    }

    /// The places of rows one of whose texts contains the given text, without regard to ASCII case; sequence numbers match by prefix.
    public func indices(matching text: String) -> [Int] {
        let needle = Array(text.utf8.map { $0.lowercasedASCII })
        guard !needle.isEmpty else { return Array(0..<count) }
        let digits = needle.first == UInt8(ascii: "#") ? Array(needle.dropFirst()) : needle
        let number = digits.isEmpty || !digits.allSatisfy(\.isASCIIDigit) ? nil : digits
        // The interned texts are compared once each, not once per row.
        let hits = pool.texts.map { $0.utf8.containsIgnoringASCIICase(needle) }
        var found: [Int] = []
        for (place, chunk) in chunks.enumerated() {
            for index in 0..<chunk.sequences.count where chunk.matches(index, needle: needle, number: number, pool: pool, hits: hits) {
                found.append(place * Chunk.rows + index)
            }
        }
        return found
    }

    /// The bytes held for rows and texts: what the columns take, not counting the allocator's own.
    public var sizeInBytes: Int { chunks.reduce(pool.sizeInBytes) { $0 + $1.sizeInBytes } }
}
