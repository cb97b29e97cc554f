/// Where this program keeps what outlives it for whoever runs it: the audit ledger, journals, sign-ins.
enum StateFolder {
    /// `$XDG_STATE_HOME/callboard`, else `~/.local/state/callboard`; nil when not even a home is known.
    static func path(environment: [String: String]) -> String? {
        // A relative XDG_STATE_HOME is to be ignored (XDG Base Directory Specification).
        func value(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        return (value("XDG_STATE_HOME") ?? value("HOME").map { $0 + "/.local/state" }).map { $0 + "/callboard" }
    }
}
