/// What a form cannot say, gathered so that a hundred queues with one unsaid setting make one sentence.
struct LostSettings {
    private var names: [String: [String]] = [:]
    private(set) var sentences: [String] = []

    /// Notes the settings of an item that a form does not know. Those that have the service's default lose nothing.
    mutating func note(_ item: Topology.Item, known: Set<String>) {
        for setting in EntitySetting.all(of: item.target.kind) where !known.contains(setting.name) && setting.name != "supports-ordering" {
            guard let value = item.values[setting.name], value != setting.usual else { continue }
            // The size that every tier has is nothing to write down.
            if setting.name == "max-message-kilobytes", value == "256" { continue }
            note(setting.name, item)
        }
    }

    mutating func note(_ what: String, _ item: Topology.Item) { names[what, default: []].append(item.target.name) }

    mutating func say(_ sentence: String) { sentences.append(sentence) }

    /// One sentence for each thing that is lost, with the first few that lose it.
    func sentences(_ verb: String) -> [String] {
        sentences
            + names.sorted { $0.key < $1.key }.map { what, items in
                let some = items.prefix(3).joined(separator: ", ") + (items.count > 3 ? " and \(items.count - 3) more" : "")
                return "\(what) of \(some) \(verb)"
            }
    }
}
