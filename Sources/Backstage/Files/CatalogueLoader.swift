/// Reads a catalogue from files and folders, following the local targets of Location entities.
///
/// A folder is read for its `.yaml` and `.yml` files, folders inside it too. No file is read twice, so locations may point at each
/// other in a circle. Locations on other machines are noted, not followed.
public struct CatalogueLoader: Sendable {
    /// How much a catalogue may make us hold.
    public struct Limits: Sendable {
        /// The most files.
        public var files = 20_000
        /// The most entities.
        public var entities = 200_000
        /// The most problems kept; the last one says how many more there were.
        public var problems = 1_000
        /// How deep folders may be nested.
        public var folderDepth = 32

        /// The limits used unless a caller says otherwise.
        public init() {}
    }

    private let limits: Limits
    private let yaml: YAMLLimits
    private var entities: [Entity] = []
    private var problems: [LoadProblem] = []
    private var problemsLeftOut = 0
    private var filesRead = 0
    private var seen: Set<String> = []
    private var waiting: [Waiting] = []
    private var isFull = false

    private struct Waiting {
        let path: String
        /// Whether somebody named this very file: a document in it that is no entity is then an error.
        let isNamed: Bool
        /// The location that named it.
        let named: Entity.Origin?
    }

    private init(limits: Limits, yaml: YAMLLimits) {
        self.limits = limits
        self.yaml = yaml
    }

    /// Reads all files at these paths.
    public static func load(paths: [String], limits: Limits = Limits()) -> Catalogue {
        load(paths: paths, limits: limits, yaml: .standard)
    }

    package static func load(paths: [String], limits: Limits = Limits(), yaml: YAMLLimits) -> Catalogue {
        var loader = CatalogueLoader(limits: limits, yaml: yaml)
        for path in paths { loader.enqueue(path, named: nil, depth: 0, isNamed: true) }
        loader.run()
        return loader.finish()
    }

    /// Reads documents that are already in memory; locations in them are not followed.
    public static func load(bytes: [UInt8], file: String, limits: Limits = Limits()) -> Catalogue {
        var loader = CatalogueLoader(limits: limits, yaml: .standard)
        loader.read(bytes, file: file, isNamed: true, follow: false)
        return loader.finish()
    }

    private mutating func run() {
        // Breadth first, so that what an operator named comes before what it points to.
        var next = 0
        while next < waiting.count, !isFull {
            let file = waiting[next]
            next += 1
            filesRead += 1
            guard filesRead <= limits.files else {
                report(.error, file.path, nil, "the catalogue has more than \(limits.files) files; this and the rest are left out")
                return
            }
            do throws(LocalFile.Fault) {
                read(try LocalFile.read(file.path, limit: yaml.fileBytes), file: file.path, isNamed: file.isNamed, follow: true)
            } catch {
                reportUnreadable(file.path, error, named: file.named)
            }
        }
    }

    private func finish() -> Catalogue {
        var problems = problems
        if problemsLeftOut > 0 {
            problems.append(LoadProblem(.note, file: problems.last?.file ?? "", message: "… and \(problemsLeftOut) more problems"))
        }
        return Catalogue(entities, problems: problems)
    }

    // MARK: Files

    private mutating func enqueue(_ path: String, named: Entity.Origin?, depth: Int, isNamed: Bool) {
        do throws(LocalFile.Fault) {
            switch try LocalFile.kind(of: path) {
            case .file:
                if seen.insert(LocalFile.canonical(path) ?? path).inserted {
                    waiting.append(Waiting(path: path, isNamed: isNamed, named: named))
                }
            case .folder:
                guard seen.insert((LocalFile.canonical(path) ?? path) + "/").inserted else { return }
                guard depth < limits.folderDepth else {
                    return report(.error, path, nil, "folders are nested more than \(limits.folderDepth) deep; this one is left out")
                }
                for name in try LocalFile.names(in: path) {
                    let child = path.hasSuffix("/") ? path + name : path + "/" + name
                    let kind = try? LocalFile.kind(of: child)
                    // Node's packages bring tens of thousands of files, none of them a catalogue.
                    let isWanted = kind == .folder ? name != "node_modules" : kind == .file && Self.isYAML(name)
                    if isWanted { enqueue(child, named: named, depth: depth + 1, isNamed: false) }
                }
            case .other:
                reportUnreadable(path, LocalFile.Fault(message: "not a regular file"), named: named)
            }
        } catch {
            reportUnreadable(path, error, named: named)
        }
    }

    private static func isYAML(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    // MARK: Documents

    private mutating func read(_ bytes: [UInt8], file: String, isNamed: Bool, follow: Bool) {
        for document in YAMLDocuments(bytes, limits: yaml) {
            switch document {
            case .failure(let fault): report(.error, file, fault.line, fault.message)
            case .success(let root):
                if !isNamed, root["kind"] == nil || root["metadata"] == nil {
                    report(.note, file, root.line, "not a catalogue entity; it is left out")
                    continue
                }
                guard entities.count < limits.entities else {
                    isFull = true
                    return report(
                        .error, file, root.line,
                        "the catalogue has more than \(limits.entities) entities; this and the rest are left out")
                }
                var reader = EntityReader(file: file)
                let entity = reader.read(root)
                for problem in reader.problems { report(problem) }
                guard let entity else { continue }
                entities.append(entity)
                if follow, entity.kind == .location { self.follow(entity, root["spec"]) }
            }
        }
    }

    // MARK: Locations

    private mutating func follow(_ location: Entity, _ spec: YAMLNode?) {
        let single = spec?["target"].map { [$0] } ?? []
        for node in single + (spec?["targets"]?.elements ?? []) {
            guard let target = node.text else {
                report(.warning, location.origin.file, node.line, "a location's target is \(node.kindTitle), not a text")
                continue
            }
            let origin = Entity.Origin(file: location.origin.file, line: node.line)
            switch Target(target, besides: location.origin.file) {
            case .local(let path): enqueue(path, named: origin, depth: 0, isNamed: true)
            case .remote: report(.note, origin.file, origin.line, "the remote location '\(target.prefix(200))' is not followed")
            case .pattern:
                report(.warning, origin.file, origin.line, "the location '\(target.prefix(200))' is a pattern; name a folder instead")
            }
        }
    }

    private enum Target {
        case local(String)
        case remote
        case pattern

        init(_ text: String, besides file: String) {
            var path = text
            for prefix in ["file://", "file:"] where path.lowercased().hasPrefix(prefix) {
                path = String(path.dropFirst(prefix.count))
                break
            }
            if path.contains("://") || path.lowercased().hasPrefix("url:") {
                self = .remote
            } else if path.contains("*") {
                self = .pattern
            } else if path.hasPrefix("/") {
                self = .local(path)
            } else {
                let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
                self = .local(folder + (path.hasPrefix("./") ? String(path.dropFirst(2)) : path))
            }
        }
    }

    // MARK: Problems

    private mutating func reportUnreadable(_ path: String, _ fault: LocalFile.Fault, named: Entity.Origin?) {
        if let named {
            report(.error, named.file, named.line, "the location '\(path)' cannot be followed: \(fault.message)")
        } else {
            report(.error, path, nil, fault.message)
        }
    }

    private mutating func report(_ severity: LoadProblem.Severity, _ file: String, _ line: Int?, _ message: String) {
        report(LoadProblem(severity, file: file, line: line, message: message))
    }

    private mutating func report(_ problem: LoadProblem) {
        if problems.count < limits.problems { problems.append(problem) } else { problemsLeftOut += 1 }
    }
}
