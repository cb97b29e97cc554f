internal import Backstage
internal import Identity
public import ServiceBus

extension ConnectionSource {
    /// The largest file that is taken for a connection string, in bytes.
    static let largestFile = 16 << 10

    /// Reads the connection string from where the source says.
    /// - Throws: ``OperatorError`` of kind usage that names the place and never the content.
    public func connectionString(environment: [String: String]) throws(OperatorError) -> ConnectionString {
        let text = try text(environment: environment, what: "connection string", key: "connection-string")
        do throws(ConnectionStringError) { return try ConnectionString(parsing: text) } catch {
            throw OperatorError(.usage, "The connection string in \(self) is not valid: \(error.problem)", hint: error.remedy)
        }
    }

    /// Reads a secret from where the source says.
    /// - Parameter what: what it is, and the key of the configuration that says where.
    /// - Throws: ``OperatorError`` of kind usage that names the place and never the content.
    func secret(environment: [String: String], what: String) throws(OperatorError) -> Secret {
        Secret(try text(environment: environment, what: what, key: what))
    }

    private func text(environment: [String: String], what: String, key: String) throws(OperatorError) -> String {
        let text: String
        switch self {
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw OperatorError(
                    .usage, "The environment variable \(name), which should hold the \(what), is not set.",
                    hint: "Set it, or change '\(key)' of the context.")
            }
            text = value
        case .file(let path):
            let bytes: [UInt8]
            do throws(LocalFile.Fault) { bytes = try LocalFile.read(path, limit: Self.largestFile) } catch {
                throw OperatorError(
                    .usage, "The \(what) cannot be read from \(path): \(error.message).",
                    hint: "Check the path and who may read it.")
            }
            text = String(decoding: bytes, as: UTF8.self)
        case .given:
            throw OperatorError(.internal, "The \(what) was given at start and is not kept.")
        }
        var trimmed = Substring(text)
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
        return String(trimmed)
    }
}
