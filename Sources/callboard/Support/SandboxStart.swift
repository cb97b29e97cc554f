import CallboardCore
import Sandbox

extension SandboxCommand {
    /// Starts a sandbox and fills it.
    /// - Throws: ``OperatorError`` that names the port or the file at fault.
    static func start(_ configuration: SandboxConfiguration, config: String?, seed: Seed) async throws(OperatorError) -> SandboxServer {
        var configuration = configuration
        switch seed {
        case .demo: configuration.namespace = DemoEstate.namespace
        case .large:
            configuration.namespace = LargeEstate.namespace
            configuration.estate = .large
        case .none: break
        }
        let entities: EmulatorConfiguration? = if let config { try self.entities(of: config) } else { nil }
        if let entities { configuration.namespace = entities.namespace }
        let server: SandboxServer
        do {
            server = try await SandboxServer.start(configuration, logger: Diagnostics.logger) { broker in
                if let entities { try entities.apply(to: broker) }
                switch seed {
                case .demo: try DemoEstate.populate(broker)
                case .large: try LargeEstate.populate(broker)
                case .none: break
                }
            }
        } catch let error as StoreError {
            throw OperatorError(error)
        } catch let error as SandboxError {
            throw OperatorError(.internal, error.description, hint: "Choose another port; 0 takes any that is free.")
        } catch {
            throw OperatorError(.usage, "The sandbox cannot be filled: \(error)")
        }
        if server.isReopened, let folder = configuration.dataFolder {
            let ignored = (config == nil ? [] : ["--config"]) + (seed == .none ? [] : ["--seed"])
            if !ignored.isEmpty {
                Standard.error(
                    "\(folder) has a namespace already: it goes on as it was, and \(ignored.joined(separator: " and ")) is not applied.")
            }
        }
        return server
    }

    /// Reads the value of `--faults`.
    static func faults(_ json: String) throws(OperatorError) -> SandboxFaults {
        do throws(SandboxFaults.ParseError) { return try SandboxFaults(json: Array(json.utf8)) } catch {
            throw OperatorError(.usage, error.description, hint: #"For instance: --faults '{"serverBusy":3}'"#)
        }
    }

    private static func entities(of path: String) throws(OperatorError) -> EmulatorConfiguration {
        let bytes = try InputFile.read(path)
        do throws(ConfigurationError) {
            let entities = try EmulatorConfiguration(parsing: bytes, file: path)
            for warning in entities.warnings { Standard.error("\(path): \(warning)") }
            return entities
        } catch {
            throw OperatorError(.usage, error.description, hint: "Compare with Microsoft's schema for the emulator's Config.json.")
        }
    }
}

extension OperatorError {
    /// A namespace that cannot be kept: the folder was wrong (usage), or something is the matter with what is in it.
    init(_ error: StoreError) {
        self.init(error.code == .noFolder ? .usage : .internal, error.description, hint: error.hint)
    }
}
