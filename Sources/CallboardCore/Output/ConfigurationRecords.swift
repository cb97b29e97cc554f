/// A context of the configuration file, as `contexts` lists it.
public struct ContextRecord: OutputRecord {
    private let context: OperatorContext
    private let isDefault: Bool

    /// Wraps a context.
    public init(_ context: OperatorContext, isDefault: Bool) {
        self.context = context
        self.isDefault = isDefault
    }

    /// Name, environment, mode, namespace, how one gets in, whether it is opened when none is named.
    public static let columns = [
        OutputColumn("context"), OutputColumn("environment"), OutputColumn("mode"), OutputColumn("namespace"), OutputColumn("access"),
        OutputColumn("default"),
    ]

    private var access: String {
        if let connection = context.connection { return "connection string, \(connection)" }
        let settings = context.signIn ?? SignInSettings()
        return "sign-in, \(settings.credential.rawValue), tenant \(settings.tenant)"
    }

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(context.name)
        row.cell((context.environment.isEmpty ? "–" : context.environment) + (context.isProduction ? " (production)" : ""))
        row.cell(context.mode?.rawValue ?? "–")
        row.cell(context.endpoint ?? "–")
        row.cell(access)
        row.cell(isDefault ? "yes" : "")
    }

    /// Writes the context as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", context.name)
            json.member("environment", context.environment)
            json.member("isProduction", context.isProduction)
            json.member("mode", context.mode?.rawValue)
            json.member("namespace", context.endpoint)
            json.member("access", access)
            json.member("isDefault", isDefault)
        }
    }
}

/// A mistake of the configuration file or of a policy, as `config check` lists it.
public struct ProblemRecord: OutputRecord {
    private let problem: ConfigurationProblem

    /// Wraps a mistake.
    public init(_ problem: ConfigurationProblem) { self.problem = problem }

    /// Where, and what is wrong.
    public static let columns = [OutputColumn("file"), OutputColumn("line", isNumeric: true), OutputColumn("what")]

    /// Writes the texts of the columns.
    public func write(to row: inout TableRow) {
        row.cell(problem.file)
        row.cell(problem.line.map { String($0) } ?? "–")
        row.cell(problem.message)
    }

    /// Writes the mistake as one object.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("file", problem.file)
            json.member("line", problem.line.map { Int64($0) })
            json.member("message", problem.message)
        }
    }
}
