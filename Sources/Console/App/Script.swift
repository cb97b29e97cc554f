public import CallboardCore
internal import Terminal

/// Keys and commands from a file, fed to the console as if typed: for tests and bug reports.
///
/// A line is keys in the notation of ``KeySequence`` (`jj<Enter>`, `/orders<Enter>`), or a command after a colon
/// (`:save-screen before.txt`). Empty lines and lines that start with `#` are left out. Each step waits until nothing is loading.
public struct Script: Sendable {
    enum Step: Sendable, Hashable {
        case key(KeyPress)
        case command(CommandID, String?)
    }

    private(set) var steps: [Step] = []

    /// Reads a script.
    ///
    /// - Parameters:
    ///   - text: its content.
    ///   - file: its name, for errors.
    /// - Throws: ``CallboardCore/OperatorError`` naming file and line.
    public init(_ text: String, file: String) throws(OperatorError) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let place = "\(file):\(index + 1)"
            if line.hasPrefix(":") {
                switch CommandLine.read(String(line.dropFirst())) {
                case .call(let call): steps.append(.command(call.id, call.argument))
                case .needsArgument(let argument, let id):
                    throw OperatorError(.usage, "\(place): ':\(id.rawValue)' needs a \(argument.rawValue.lowercased()).")
                case .unknown(let word):
                    throw OperatorError(.usage, "\(place): there is no command '\(word)'.", hint: "? in the console lists them.")
                case .empty: continue
                }
            } else {
                guard let presses = KeySequence.presses(of: line) else {
                    throw OperatorError(
                        .usage, "\(place): '\(line)' names a key that is not known.", hint: "Keys are written as in <Enter>, <Esc>, <C-l>.")
                }
                steps += presses.map { .key($0) }
            }
        }
    }

    /// Takes the next step.
    mutating func next() -> Step? { steps.isEmpty ? nil : steps.removeFirst() }

    var isDone: Bool { steps.isEmpty }
}
