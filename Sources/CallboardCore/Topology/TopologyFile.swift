internal import ServiceBus

/// The forms in which a topology is kept in files.
public enum TopologyFormat: String, Hashable, Sendable, CaseIterable {
    /// The `Config.json` of Microsoft's emulator and of the sandbox.
    case config
    /// An ARM template.
    case arm
    /// Bicep, which can be written and not read.
    case bicep

    /// The form that a file's name speaks of: `.bicep`; any other JSON is `Config.json` unless it is called a template.
    public init(file: String) {
        let name = file.lowercased()
        self = name.hasSuffix(".bicep") ? .bicep : name.contains("template") || name.contains("azuredeploy") ? .arm : .config
    }
}

extension Topology {
    /// The text of a file, and what it does not say, one sentence each.
    public func text(as format: TopologyFormat) -> (text: String, lost: [String]) {
        let (text, lost) =
            switch format {
            case .config: EmulatorForm.write(self)
            case .arm: TemplateForm.write(self)
            case .bicep: BicepForm.write(self)
            }
        return (text, notes + lost)
    }

    /// Reads a `Config.json` or an ARM template, whichever it is.
    /// - Throws: ``OperatorError`` of kind usage that names file and line.
    public init(parsing bytes: [UInt8], file: String) throws(OperatorError) {
        guard !file.lowercased().hasSuffix(".bicep") else {
            throw OperatorError(
                .usage, "\(file) is Bicep, which only Microsoft's compiler reads.",
                hint: "Make a template of it with 'az bicep build --file \(file)', and import that.")
        }
        let root: PositionedJSON
        do throws(PositionedJSON.SyntaxError) { root = try PositionedJSON(parsing: bytes) } catch {
            throw OperatorError(.usage, "\(file):\(error.line): \(error.message).", hint: "It must be JSON; comments are allowed.")
        }
        if root["UserConfig"] != nil {
            self = EmulatorForm.read(root)
        } else if root["resources"] != nil {
            self = TemplateForm.read(root)
        } else {
            throw OperatorError(
                .usage, "\(file) is neither a Config.json of the emulator nor an ARM template: it has neither UserConfig nor resources.",
                hint: "Compare with what 'callboard topology export' writes.")
        }
    }
}
