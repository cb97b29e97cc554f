#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

extension ConfigurationFile {
    /// Writes a first configuration: one context, of a namespace that is signed in to. A file that is there is never touched.
    /// - Parameter namespace: the namespace's host, with a port where it is unusual.
    /// - Returns: the context's name: the first label of the host.
    /// - Throws: ``OperatorError`` of kind usage when it is no host, the file exists, or it cannot be written.
    public func create(namespace: String) throws(OperatorError) -> String {
        let name = String(namespace.prefix { $0 != "." && $0 != ":" }.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        let text = """
            # Callboard's contexts: docs/commands.md says what else can stand here.
            contexts:
              \(name.isEmpty ? "namespace" : name):
                namespace: '\(namespace)'
                sign-in: true

            """
        let (configuration, problems) = Self.parse(Array(text.utf8), file: path, home: nil)
        guard problems.isEmpty, let context = configuration.contexts.first else {
            throw OperatorError(
                .usage, "'\(namespace.prefix(100))' is no namespace.", hint: "Give its host, as in sb-retail.servicebus.windows.net.")
        }
        let manager = FileManager.default
        guard !manager.fileExists(atPath: path) else {
            throw OperatorError(.usage, "There is a configuration already: \(path).", hint: "Add the context to it.")
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw OperatorError(.usage, "The folder \(folder) cannot be made.", hint: "Set CALLBOARD_CONFIG to another path.")
        }
        guard manager.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
            throw OperatorError(.usage, "The configuration cannot be written to \(path).", hint: "Set CALLBOARD_CONFIG to another path.")
        }
        return context.name
    }
}
