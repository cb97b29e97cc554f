internal import Backstage
public import ServiceBus

/// How long the ledger was and how it ended, kept where whoever can change the ledger cannot change it: without one, nobody can tell that lines at its end were
/// taken away, or that all of it was written anew.
public struct AuditCheckpoint: Hashable, Sendable {
    /// The number of records.
    public var size: Int
    /// The hash of the last one.
    public var head: String
    /// When that was; nil where it is not said.
    public var time: Timestamp?

    /// Creates a checkpoint.
    public init(size: Int, head: String, time: Timestamp?) {
        self.size = size
        self.head = head
        self.time = time
    }

    /// Reads what ``bytes`` are; further fields are passed over.
    /// - Throws: ``OperatorError`` of kind usage.
    public init(parsing bytes: [UInt8], file: String) throws(OperatorError) {
        func fault(_ message: String) -> OperatorError {
            OperatorError(.usage, "\(file) is no checkpoint: \(message).", hint: "'callboard audit checkpoint FILE' writes one.")
        }
        let value: JSONValue
        do throws(JSONValueReader.Fault) { value = try JSONValueReader.value(of: bytes) } catch { throw fault(error.message) }
        guard let size = value["size"]?.integer, size >= 0, let head = value["head"]?.text, head.utf8.count == 64 else {
            throw fault("it has no 'size' and 'head'")
        }
        self.init(size: Int(size), head: head.lowercased(), time: value["time"]?.text.flatMap { Timestamp(rfc3339: $0) })
    }

    /// Reads a file.
    /// - Throws: ``OperatorError`` of kind usage.
    public init(file: String) throws(OperatorError) {
        let bytes: [UInt8]
        do throws(LocalFile.Fault) { bytes = try LocalFile.read(file, limit: 64 << 10) } catch {
            throw OperatorError(.usage, "The checkpoint \(file) cannot be read: \(error.message).", hint: "Check the path.")
        }
        try self.init(parsing: bytes, file: file)
    }

    /// One line of JSON, as the file's content and as a message's body: `{"size":6,"head":"…","time":"…"}`.
    public var bytes: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("size", Int64(size))
            json.member("head", head)
            if let time { json.member("time", time.rfc3339) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// Writes the file, for its owner alone.
    /// - Throws: ``OperatorError`` naming the path.
    public func write(to path: String) throws(OperatorError) { try TextFile.write(bytes, to: path) }
}
