internal import Backstage
public import ServiceBus

extension ConnectionSource {
    /// The largest file that is taken for a connection string, in bytes.
    static let largestFile = 16 << 10

    /// Reads the connection string from where the source says.
    /// - Throws: ``OperatorError`` of kind usage that names the place and never the content.
    public func connectionString(environment: [String: String]) throws(OperatorError) -> ConnectionString {
        let text: String
        switch self {
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw OperatorError(
                    .usage, "The environment variable \(name), which should hold the connection string, is not set.",
                    hint: "Set it, or change 'connection-string' of the context.")
            }
            text = value
        case .file(let path):
            let bytes: [UInt8]
            do throws(LocalFile.Fault) { bytes = try LocalFile.read(path, limit: Self.largestFile) } catch {
                throw OperatorError(
                    .usage, "The connection string cannot be read from \(path): \(error.message).",
                    hint: "Check the path and who may read it.")
            }
            text = String(decoding: bytes, as: UTF8.self)
        case .given:
            throw OperatorError(.internal, "The connection string was given at start and is not kept.")
        }
        var trimmed = Substring(text)
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
        do throws(ConnectionStringError) { return try ConnectionString(parsing: String(trimmed)) } catch {
            throw OperatorError(.usage, "The connection string in \(self) is not valid: \(error.problem)", hint: error.remedy)
        }
    }
}
