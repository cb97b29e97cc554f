import ArgumentParser
import CallboardCore
import Console
import ServiceBus
import Terminal

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `callboard` alone: the console on a configured context.
struct ConsoleCommand: MainThreadCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the console on a context (what callboard does without a command).",
        discussion: "Example: callboard --context prod")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Flag(
        help: "Allow changes in production. What a policy or the configuration refuses stays refused."
    )
    var allowChanges = false

    func runOnMainThread() -> Int32 {
        var connection = connection
        do throws(OperatorError) {
            if try connection.isNothingNamed, FirstRun.isAttended {
                switch try FirstRun.ask() {
                case .demo:
                    var demo = DemoCommand()
                    demo.display = display
                    return demo.runOnMainThread()
                case .context(let name): connection.context = name
                case .connectionString(let string): connection.typed = string
                case .quit: return 0
                }
            }
            // Found out before the screen is taken: a usage error belongs on the command line, and so does signing in.
            let chosen = connection
            let workspace = try Blocking.result(of: { () async throws(OperatorError) -> Workspace? in
                if FirstRun.isAttended, let signIn = try await chosen.signIn(), await signIn.wantsPerson {
                    guard try await FirstRun.signIn(signIn) else { return nil }
                }
                return try await chosen.workspace()
            })
            guard let workspace else { return 0 }
            var options = try display.options()
            options.title = workspace.title
            options.allowsChanges = allowChanges
            return runConsole(options: options) { workspace }
        } catch {
            Standard.error(error.description)
            return error.exitCode
        }
    }
}

/// How the console looks, and what it does first.
struct DisplayOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A theme by name.", valueName: "name"))
    var theme: String?

    @Option(help: "Colours: auto or never.")
    var color = ColorChoice.auto

    @Option(help: ArgumentHelp("Keys and commands to run first, one a line.", valueName: "file"))
    var script: String?

    enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable { case auto, never }

    func options() throws(OperatorError) -> ConsoleOptions {
        var options = ConsoleOptions()
        options.theme = theme
        options.colors = color == .never ? .never : .automatic
        options.browser = { BrowserWindow.open($0) }
        options.whenLoaded = { ProgramPages.giveBack() }
        options.environment = ProcessInfo.processInfo.environment
        options.themeFolders = ThemeFile.folders(
            environment: ProcessInfo.processInfo.environment, executable: CommandLine.arguments.first)
        if let script { options.script = try Script(String(decoding: try InputFile.read(script), as: UTF8.self), file: script) }
        return options
    }
}
