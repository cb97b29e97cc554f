/// What was written to an export, or found in one.
public struct ExportSummary: Hashable, Sendable {
    /// How many messages.
    public var count: Int
    /// The size of the file in bytes.
    public var bytes: Int64
    /// The SHA-256 of the whole file in hexadecimal, as `sha256sum FILE` prints it. Not the digest within it, which cannot cover itself.
    public var sha256: String
    /// The file.
    public var path: String

    /// Writes it as one JSON object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("file", path)
            json.member("messages", Int64(count))
            json.member("sizeBytes", bytes)
            json.member("sha256", sha256)
        }
    }
}
