internal import Backstage

/// A colour as a theme file names it.
public enum ThemeColor: Hashable, Sendable {
    /// The terminal's own.
    case `default`
    /// An entry of the terminal's palette.
    case indexed(UInt8)
    /// Red, green, blue.
    case rgb(UInt8, UInt8, UInt8)
}

/// How a role is to look; what is nil was left open by every theme of the chain.
public struct ThemeStyle: Hashable, Sendable {
    /// How text looks apart from its colour.
    public enum Modifier: String, Hashable, Sendable, CaseIterable {
        /// The usual ones.
        case bold, dim, reverse, underline, italic
    }

    /// The colour of the strokes.
    public var foreground: ThemeColor?
    /// The colour behind them.
    public var background: ThemeColor?
    /// Bold, reverse and the like.
    public var modifiers: Set<Modifier>?

    /// Creates a style.
    public init(foreground: ThemeColor? = nil, background: ThemeColor? = nil, modifiers: Set<Modifier>? = nil) {
        self.foreground = foreground
        self.background = background
        self.modifiers = modifiers
    }
}

/// Reads themes: YAML files with `inherits`, a `palette` of named colours, and `roles` that use them.
///
/// A theme may be as short as a palette: colours are looked up when the whole chain is known, so a theme that only renames `red` recolours
/// every role of the theme it inherits from. A role's name may be a prefix (`json` stands for `json.key` and its siblings); the longest
/// prefix wins, then the theme further down the chain. What an entry does not say, its predecessor decides.
///
/// Strict: a key, role, colour or modifier that is not known is an error that names file and line.
public struct ThemeFile: Sendable {
    /// The largest file that is read, in bytes.
    public static let largestFile = 256 << 10
    /// The longest chain of `inherits`.
    static let longestChain = 8

    struct Entry: Sendable {
        var name: String
        var line: Int
        var foreground: (text: String, line: Int)?
        var background: (text: String, line: Int)?
        var modifiers: Set<ThemeStyle.Modifier>?
    }

    let path: String
    var inherits: (name: String, line: Int)?
    var palette: [String: ThemeColor] = [:]
    var entries: [Entry] = []

    // MARK: - Finding

    /// Where themes are looked for, the first that has a name wins: `$XDG_CONFIG_HOME/callboard/themes` (or `~/.config/…`), the folders of
    /// an installation around the executable, and those of `XDG_DATA_DIRS`.
    public static func folders(environment: [String: String], executable: String?) -> [String] {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var folders: [String] = []
        let configuration = value("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? value("HOME").map { $0 + "/.config" }
        if let configuration { folders.append(configuration + "/callboard/themes") }
        if let executable, let real = LocalFile.canonical(executable), let slash = real.lastIndex(of: "/") {
            let folder = real[..<slash]
            // An installation (bin beside share), then a build inside the source tree (.build/TRIPLE/CONFIGURATION).
            folders += ["\(folder)/../share/callboard/themes", "\(folder)/../../../themes"]
        }
        let data = value("XDG_DATA_DIRS") ?? "/usr/local/share:/usr/share"
        folders += data.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/callboard/themes" }
        return folders
    }

    /// The names of the themes in these folders, in order.
    public static func names(in folders: [String]) -> [String] {
        var names: Set<String> = []
        for folder in folders {
            for name in (try? LocalFile.names(in: folder)) ?? [] where name.hasSuffix(".yaml") { names.insert(String(name.dropLast(5))) }
        }
        return names.sorted()
    }

    // MARK: - Reading

    /// Reads a theme and those it inherits from, and works out every role.
    ///
    /// - Parameters:
    ///   - name: the theme's name, or the path of its file.
    ///   - folders: where names are looked up.
    ///   - roles: the roles there are.
    /// - Returns: the styles of roles that some theme of the chain says something about.
    /// - Throws: ``OperatorError`` of kind usage, with file and line.
    public static func styles(named name: String, in folders: [String], roles: [String]) throws(OperatorError) -> [String: ThemeStyle] {
        var chain: [ThemeFile] = []
        var next: (name: String, place: String)? = (name, "")
        while let (name, place) = next {
            let file = try find(name, in: folders, place: place, roles: roles)
            guard !chain.contains(where: { $0.path == file.path }), chain.count < longestChain else {
                throw OperatorError(.usage, "\(place)'inherits' goes in a circle, or over more than \(longestChain) themes.")
            }
            chain.append(file)
            next = file.inherits.map { ($0.name, "\(file.path):\($0.line): ") }
        }
        return try styles(of: chain.reversed(), roles: roles)
    }

    private static func find(_ name: String, in folders: [String], place: String, roles: [String]) throws(OperatorError) -> ThemeFile {
        let isPath = name.utf8.contains(UInt8(ascii: "/")) || name.hasSuffix(".yaml")
        let paths = isPath ? [name] : folders.map { "\($0)/\(name).yaml" }
        for path in paths {
            let bytes: [UInt8]
            do throws(LocalFile.Fault) { bytes = try LocalFile.read(path, limit: largestFile) } catch {
                if error.isMissing { continue }
                throw OperatorError(.usage, "\(place)The theme file '\(path)' cannot be read: \(error.message).")
            }
            return try parse(bytes, path: path, roles: roles)
        }
        let known = names(in: folders)
        let meant = Spelling.nearest(to: name, among: known).map { "Did you mean '\($0)'?" }
        throw OperatorError(
            .notFound, "\(place)There is no theme '\(name)'.",
            hint: meant
                ?? (known.isEmpty
                    ? "No themes were found in \(folders.first ?? "any folder")." : "There is \(known.joined(separator: ", ")).")
        )
    }

    /// Reads a theme's text.
    package static func parse(_ bytes: [UInt8], path: String, roles: [String]) throws(OperatorError) -> ThemeFile {
        var limits = YAMLLimits()
        limits.fileBytes = largestFile
        limits.documentBytes = largestFile
        limits.values = 5_000
        var documents = YAMLDocuments(bytes, limits: limits)
        var theme = ThemeFile(path: path)
        switch documents.next() {
        case nil: throw OperatorError(.usage, "\(path): the theme is empty.")
        case .failure(let fault)?: throw OperatorError(.usage, "\(path):\(fault.line): \(fault.message).")
        case .success(let root)?: try theme.read(root, roles: roles)
        }
        return theme
    }

    private mutating func read(_ root: YAMLNode, roles: [String]) throws(OperatorError) {
        for entry in try mapping(root, "a theme") {
            switch entry.key {
            case "name", "credit", "licence", "license": _ = try text(entry)
            case "variant":
                guard ["dark", "light"].contains(try text(entry)) else { throw fault(entry.value.line, "'variant' is dark or light") }
            case "inherits": inherits = (try text(entry), entry.value.line)
            case "palette":
                for color in try mapping(entry.value, "'palette'") {
                    let text = try text(color)
                    guard let value = ThemeFile.color(text) else {
                        throw fault(
                            color.value.line, "'\(text)' is not a colour; there is #rrggbb, 0 to 255, default, and names such as red")
                    }
                    palette[color.key] = value
                }
            case "roles":
                for role in try mapping(entry.value, "'roles'") { entries.append(try readRole(role, roles: roles)) }
            default: throw unknown(entry, among: ["name", "variant", "inherits", "palette", "roles", "credit", "licence"])
            }
        }
    }

    private func readRole(_ role: YAMLNode.Entry, roles: [String]) throws(OperatorError) -> Entry {
        guard roles.contains(where: { $0 == role.key || $0.hasPrefix(role.key + ".") }) else {
            let meant = Spelling.nearest(to: role.key, among: roles).map { "; did you mean '\($0)'?" } ?? ""
            throw fault(role.line, "there is no role '\(role.key.prefix(80))'\(meant)")
        }
        var entry = Entry(name: role.key, line: role.line)
        if let text = role.value.text {
            entry.foreground = (text, role.value.line)
            return entry
        }
        for field in try mapping(role.value, "a role") {
            switch field.key {
            case "fg": entry.foreground = (try text(field), field.value.line)
            case "bg": entry.background = (try text(field), field.value.line)
            case "modifiers":
                let words = field.value.elements ?? [field.value]
                var modifiers: Set<ThemeStyle.Modifier> = []
                for word in words {
                    guard let modifier = word.text.flatMap({ ThemeStyle.Modifier(rawValue: $0) }) else {
                        let known = ThemeStyle.Modifier.allCases.map(\.rawValue).joined(separator: ", ")
                        throw fault(word.line, "'\((word.text ?? word.kindTitle).prefix(80))' is not a modifier; there is \(known)")
                    }
                    modifiers.insert(modifier)
                }
                entry.modifiers = modifiers
            default: throw unknown(field, among: ["fg", "bg", "modifiers"])
            }
        }
        return entry
    }

    // MARK: - Resolving

    /// Works out the roles of a chain, the theme inherited from first.
    package static func styles(of chain: [ThemeFile], roles: [String]) throws(OperatorError) -> [String: ThemeStyle] {
        let palette = chain.reduce(into: [String: ThemeColor]()) { $0.merge($1.palette) { _, later in later } }
        // Every colour is looked up, also those of entries that another one hides: a mistake is a mistake.
        var resolved: [[(name: String, style: ThemeStyle)]] = []
        for theme in chain {
            var styles: [(name: String, style: ThemeStyle)] = []
            for entry in theme.entries {
                styles.append(
                    (
                        entry.name,
                        ThemeStyle(
                            foreground: try theme.lookUp(entry.foreground, palette),
                            background: try theme.lookUp(entry.background, palette),
                            modifiers: entry.modifiers)
                    ))
            }
            resolved.append(styles)
        }
        var result: [String: ThemeStyle] = [:]
        for role in roles {
            var style = ThemeStyle()
            for styles in resolved {
                let fitting = styles.filter { role == $0.name || role.hasPrefix($0.name + ".") }
                for entry in fitting.sorted(by: { $0.name.utf8.count < $1.name.utf8.count }) {
                    style.foreground = entry.style.foreground ?? style.foreground
                    style.background = entry.style.background ?? style.background
                    style.modifiers = entry.style.modifiers ?? style.modifiers
                }
            }
            if style != ThemeStyle() { result[role] = style }
        }
        return result
    }

    private func lookUp(_ color: (text: String, line: Int)?, _ palette: [String: ThemeColor]) throws(OperatorError) -> ThemeColor? {
        guard let color else { return nil }
        if let value = palette[color.text] ?? ThemeFile.color(color.text) { return value }
        let meant = Spelling.nearest(to: color.text, among: palette.keys.sorted()).map { "; did you mean '\($0)'?" } ?? ""
        throw fault(color.line, "there is no colour '\(color.text.prefix(80))'\(meant)")
    }

    private static let names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]

    /// A colour by value or by its ANSI name; nil when it is neither.
    static func color(_ text: String) -> ThemeColor? {
        if text == "default" { return .default }
        if let index = names.firstIndex(of: text) { return .indexed(UInt8(index)) }
        if text.hasPrefix("bright-"), let index = names.firstIndex(of: String(text.dropFirst(7))) { return .indexed(UInt8(index + 8)) }
        if text.hasPrefix("#") {
            let digits = text.dropFirst().utf8
            guard digits.count == 6, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt32(text.dropFirst(), radix: 16)
            else { return nil }
            return .rgb(UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255))
        }
        return text.utf8.allSatisfy(\.isASCIIDigit) ? UInt8(text).map { .indexed($0) } : nil
    }

    // MARK: - Faults

    private func mapping(_ node: YAMLNode, _ what: String) throws(OperatorError) -> [YAMLNode.Entry] {
        guard let entries = node.entries else { throw fault(node.line, "\(what) is a mapping of keys to values, not \(node.kindTitle)") }
        return entries
    }

    private func text(_ entry: YAMLNode.Entry) throws(OperatorError) -> String {
        guard let text = entry.value.text, !text.isEmpty, text.utf8.count <= 1024 else {
            throw fault(entry.value.line, "'\(entry.key.prefix(80))' is a text, not \(entry.value.kindTitle)")
        }
        return text
    }

    private func unknown(_ entry: YAMLNode.Entry, among known: [String]) -> OperatorError {
        let meant = Spelling.nearest(to: entry.key, among: known).map { "did you mean '\($0)'?" }
        let all = "there is " + known.map { "'\($0)'" }.joined(separator: ", ")
        return fault(entry.line, "'\(entry.key.prefix(80))' is not known here; \(meant ?? all)")
    }

    private func fault(_ line: Int, _ message: String) -> OperatorError {
        OperatorError(.usage, "\(path):\(line): \(message)" + (message.hasSuffix("?") ? "" : "."))
    }
}
