import CallboardCore
import Sandbox

extension SandboxCommand {
    /// Starts a sandbox and fills it.
    /// - Throws: ``OperatorError`` that names the port or the file at fault.
    static func start(_ configuration: SandboxConfiguration, config: String?, seed: Seed) async throws(OperatorError) -> SandboxServer {
        var configuration = configuration
        if seed == .demo { configuration.namespace = DemoEstate.namespace }
        do {
            return try await SandboxServer.start(configuration, logger: Diagnostics.logger) { broker in
                if seed == .demo { try DemoEstate.populate(broker) }
            }
        } catch let error as SandboxError {
            throw OperatorError(.usage, error.description, hint: "Choose another port; 0 takes any that is free.")
        } catch {
            throw OperatorError(.usage, "The sandbox cannot be filled: \(error)")
        }
    }
}
