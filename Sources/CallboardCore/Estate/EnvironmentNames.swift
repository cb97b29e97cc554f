/// The environments that something of the catalogue says it is for, compared without case.
struct EnvironmentNames: Hashable, Sendable {
    /// In lower case, in order of first occurrence; none where it does not say.
    let names: [String]

    init(_ text: String?) {
        guard let text else {
            names = []
            return
        }
        names = text.split { $0 == "," || $0.isWhitespace }.prefix(50).map { $0.lowercased() }.uniqued()
    }

    init(_ names: [String]) { self.names = names }

    /// Whether it is for an environment. What says none is for all; where the context does not say which it is, nothing is left out.
    func include(_ environment: String) -> Bool { names.isEmpty || environment.isEmpty || names.contains(environment.lowercased()) }
}
