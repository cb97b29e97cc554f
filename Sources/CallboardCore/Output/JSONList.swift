/// Elements that follow one another in a list of JSON: an array, or a line each.
public struct JSONList: Sendable {
    private var json = JSONWriter()
    private let isArray: Bool
    /// Whether nothing of the list was written before what is written next.
    private var isFirst = true

    /// Starts a list.
    /// - Parameter format: `json` or `jsonl`; tables are none.
    init(_ format: OutputFormat) { isArray = format == .json }

    /// Writes an element: the closure writes one value.
    @inline(__always)
    mutating func element(_ write: (inout JSONWriter) -> Void) {
        if isArray { json.raw(isFirst ? "[\n" : ",\n") }
        isFirst = false
        write(&json)
        if !isArray { json.raw("\n") }
    }

    /// Ends the list: an empty array is written too.
    mutating func finish() {
        if isArray { json.raw(isFirst ? "[]\n" : "\n]\n") }
    }

    /// Hands over what was written and forgets it; the room it took is kept.
    mutating func flush(_ write: (UnsafeRawBufferPointer) -> Void) {
        json.sink.withBytes { write(UnsafeRawBufferPointer($0)) }
        json.restart()
    }

    /// What is written next stands at this place of a list that others write parts of.
    mutating func resume(isFirst: Bool) { self.isFirst = isFirst }
}
