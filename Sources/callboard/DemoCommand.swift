import ArgumentParser
import CallboardCore
import Console
import Sandbox
import ServiceBus

/// `callboard demo`
struct DemoCommand: MainThreadCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Open the console on a seeded sandbox in this process.",
        discussion: "Nothing is installed, nothing leaves this machine. Example: callboard demo --theme high-contrast")

    @OptionGroup var display: DisplayOptions

    func runOnMainThread() -> Int32 {
        do throws(OperatorError) {
            var options = try display.options()
            options.title = ContextTitle(
                name: "demo", endpoint: DemoEstate.namespace, environment: "demo", mode: .readWrite, isEmulator: true)
            return runConsole(options: options) { try await Demo.shared.workspace() }
        } catch {
            Standard.error(error.description)
            return error.exitCode
        }
    }
}

/// The sandbox behind the demo, started once, however often the console asks to connect.
private actor Demo {
    static let shared = Demo()
    private var starting: Task<SandboxServer, any Error>?

    func workspace() async throws -> Workspace {
        let task =
            starting
            ?? Task {
                var configuration = SandboxConfiguration()
                configuration.amqpPort = 0
                configuration.httpPort = 0
                return try await SandboxCommand.start(configuration, config: nil, seed: .demo)
            }
        starting = task
        let server: SandboxServer
        do { server = try await task.value } catch {
            starting = nil
            throw error
        }
        var context = OperatorContext(name: "demo", environment: "demo", connection: .given)
        context.catalogueText = DemoEstate.catalogueYAML
        let connection: ConnectionString
        do throws(ConnectionStringError) { connection = try ConnectionString(parsing: server.connectionString) } catch {
            throw OperatorError(.internal, error.description)
        }
        return try Workspace(context: context, connection: connection, logger: Diagnostics.logger)
    }
}
