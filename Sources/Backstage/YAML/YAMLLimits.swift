/// How much a YAML file may make us hold. A file or document beyond a limit is refused with a message that states it.
package struct YAMLLimits: Sendable {
    /// The largest file, in bytes.
    package var fileBytes = 16 << 20
    /// The largest document of a file, in bytes.
    package var documentBytes = 4 << 20
    /// The most documents in a file.
    package var documents = 20_000
    /// The deepest nesting of lists and mappings.
    package var depth = 100
    /// The most values of a document, counted after aliases are resolved.
    package var values = 200_000

    /// The limits used unless a caller says otherwise.
    package static let standard = YAMLLimits()

    /// Creates the standard limits.
    package init() {}
}

/// Why a document or a file could not be read.
package struct YAMLFault: Error, Hashable, Sendable {
    /// The line, counted from 1.
    package var line: Int
    /// What is wrong.
    package var message: String

    /// Creates a fault.
    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }
}
