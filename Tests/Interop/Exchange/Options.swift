import Foundation

/// What the command line asks for.
struct Options {
    enum Mode: String {
        case send, receive, listen, pour, take, transact
    }

    var mode: Mode
    var host = "127.0.0.1"
    var port: Int
    var address = ""
    var count: Int
    var user: String?
    var password = ""
    /// The encoded message to pour.
    var file = ""
    /// Whether to wait for the server's word on each settlement.
    var isConfirmed = false

    init(_ arguments: some Collection<String>) throws {
        var positional: [String] = []
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--user": user = rest.popFirst()
            case "--password": password = rest.popFirst() ?? ""
            case "--file": file = rest.popFirst() ?? ""
            case "--confirmed": isConfirmed = true
            default: positional.append(argument)
            }
        }
        guard let name = positional.first, let mode = Mode(rawValue: name) else {
            throw Failure("send, receive, listen, pour, take or transact?")
        }
        self.mode = mode
        guard positional.count == (mode == .listen ? 3 : 5) else { throw Failure("wrong number of arguments for \(name)") }
        guard let port = Int(positional[mode == .listen ? 1 : 2]), let count = Int(positional[positional.count - 1]), count >= 0 else {
            throw Failure("the port and the count are numbers")
        }
        self.port = port
        self.count = count
        if mode != .listen {
            host = positional[1]
            address = positional[3]
        }
    }
}

/// Why an exchange failed.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Writes text to a file descriptor, whole.
func write(to descriptor: Int32, _ text: String) {
    FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(Data(text.utf8))
}
