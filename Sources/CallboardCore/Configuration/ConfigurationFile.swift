internal import Backstage

/// Finds and reads the configuration file.
public struct ConfigurationFile: Sendable {
    /// The largest file that is read, in bytes.
    public static let largestFile = 1 << 20

    /// Where it is, or would be.
    public let path: String
    /// Whether the path was asked for by name, so that a missing file is a mistake.
    public let isExplicit: Bool
    private let home: String?

    /// Looks where the environment says: `CALLBOARD_CONFIG`, else `$XDG_CONFIG_HOME/callboard/config.yaml`, else
    /// `~/.config/callboard/config.yaml`; nil when not even a home is known.
    public init?(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        home = value("HOME")
        if let path = value("CALLBOARD_CONFIG") {
            self.path = path
            isExplicit = true
            return
        }
        // A relative XDG_CONFIG_HOME is to be ignored (XDG Base Directory Specification).
        let folder = value("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home.map { $0 + "/.config" }
        guard let folder else { return nil }
        path = folder + "/callboard/config.yaml"
        isExplicit = false
    }

    /// Reads the file. A missing one is an empty configuration, unless it was named.
    /// - Returns: what could be read, and every mistake; with mistakes the configuration must not be used.
    public func read() -> (configuration: Configuration, problems: [ConfigurationProblem]) {
        do throws(LocalFile.Fault) {
            let bytes = try LocalFile.read(path, limit: Self.largestFile)
            return Self.parse(bytes, file: path, home: home)
        } catch {
            if error.isMissing, !isExplicit { return (Configuration(), []) }
            return (Configuration(), [ConfigurationProblem(file: path, message: error.message)])
        }
    }

    /// Reads the file and refuses it when anything is wrong with it.
    /// - Throws: ``OperatorError`` of kind usage, naming the first mistake with its file and line.
    public func load() throws(OperatorError) -> Configuration {
        let (configuration, problems) = read()
        guard let first = problems.first else { return configuration }
        throw OperatorError(
            .usage, "The configuration is not valid: \(first)",
            hint: problems.count == 1
                ? "Correct it, then run 'callboard config check'."
                : "There are \(problems.count - 1) more; 'callboard config check' lists them all.")
    }

    /// Reads a configuration's text.
    /// - Parameters:
    ///   - file: its path, for messages and for the paths in it that are relative.
    ///   - home: what `~` stands for.
    package static func parse(
        _ bytes: [UInt8], file: String, home: String?
    ) -> (configuration: Configuration, problems: [ConfigurationProblem]) {
        var limits = YAMLLimits()
        limits.fileBytes = largestFile
        limits.documentBytes = largestFile
        limits.values = 20_000
        var reader = ConfigurationReader(file: file, home: home)
        for (index, document) in YAMLDocuments(bytes, limits: limits).enumerated() {
            switch document {
            case .failure(let fault): reader.report(fault.line, fault.message)
            case .success(let root):
                if index == 0 { reader.read(root) } else { reader.report(root.line, "a configuration is one document; this is another") }
            }
        }
        return (reader.configuration, reader.problems)
    }
}
