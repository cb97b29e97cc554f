/// A whole number that some services write as a number and others as text.
struct LenientInteger: Decodable, Hashable, Sendable {
    let value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int64.self) {
            self.value = value
        } else if let text = try? container.decode(String.self), let value = Int64(text) {
            self.value = value
        } else {
            let number = try container.decode(Double.self)
            // Int64(_:) ends the process for what it cannot hold.
            guard let value = Int64(exactly: number.rounded(.down)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a whole number")
            }
            self.value = value
        }
    }
}
