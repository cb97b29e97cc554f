internal import CallboardCore
internal import ServiceBus

/// Where the `:` line leads: a service, an entity, a topic's rules by name; and how often figures load again.
extension App {
    mutating func go(toService name: String, now: Timestamp) -> [Effect] {
        let rows = model.board?.rows ?? []
        let wanted = name.lowercased()
        guard let row = rows.first(where: { $0.id.lowercased() == wanted || $0.service.name.lowercased() == wanted }) else {
            notice = Notice(kind: .error, text: "There is no service '\(name)' in the catalogue.")
            return []
        }
        return push(ServiceScreen(.service(ref: row.id, name: row.service.name)), now: now)
    }

    /// - Parameter screen: what is shown of it; nil for its page, or for the messages of the sub-queue that was named.
    mutating func go(toEntity name: String, now: Timestamp, screen: ((EntityPath) -> any Screen)? = nil) -> [Effect] {
        guard let path = entity(named: name) else { return [] }
        if let screen { return push(screen(path), now: now) }
        return push(path.subQueue == .active ? EntityScreen(path) : MessagesScreen(path), now: now)
    }

    /// Groups the messages of the queue that was named, or of the sub-queue of it that most likely is meant.
    mutating func group(entity name: String, now: Timestamp) -> [Effect] {
        guard let path = entity(named: name) else { return [] }
        if model.entity(path)?.kind == .topic {
            notice = Notice(kind: .warning, text: "groups: a topic holds no messages; its subscriptions do")
            return []
        }
        return push(GroupsScreen(path.subQueue == .active ? GroupsScreen.queue(of: path, model) : path), now: now)
    }

    mutating func entity(named name: String) -> EntityPath? {
        do {
            let path = try EntityPath(parsing: name)
            // What a person types as topic/subscription parses as a queue's name; the listing knows better.
            let known = model.entities?.first { $0.path.displayName.lowercased() == path.entity.displayName.lowercased() }
            return known?.path.subQueue(path.subQueue) ?? path
        } catch {
            notice = Notice(kind: .error, text: error.description)
            return nil
        }
    }

    /// Opens the rule tester on a topic that was named, or on the one the screen on top is about.
    mutating func test(topic name: String?, now: Timestamp) -> [Effect] {
        guard let name else { return turn(now) { app, turn in app.top.perform(.testRules, &turn) } }
        let sample = (top as? MessagesScreen)?.sample
        guard let topic = model.entities?.first(where: { $0.path.displayName.lowercased() == name.lowercased() }), topic.kind != .queue
        else {
            notice = Notice(kind: .error, text: "There is no topic '\(name)'.")
            return []
        }
        return push(TesterScreen(topic.path, sample: sample), now: now)
    }

    /// Turns the loading of figures by themselves on or off, or says how often.
    mutating func watch(_ argument: String?, now: Timestamp) -> [Effect] {
        var watch = model.watch
        switch argument?.lowercased() {
        case nil: watch.isOn.toggle()
        case "on"?: watch.isOn = true
        case "off"?: watch.isOn = false
        case let text?:
            guard case .lasting(let interval)? = DurationText.parse(text), Watch.intervals.contains(interval) else {
                let limits = "\(Figures.duration(Watch.intervals.lowerBound)) to \(Figures.duration(Watch.intervals.upperBound))"
                notice = Notice(kind: .error, text: "'\(text)' is no interval: write 30s or 2m, from \(limits), on or off.")
                return []
            }
            watch = Watch(isOn: true, interval: interval)
        }
        return turn(now) { _, turn in
            turn.model.watch = watch
            guard watch.isOn else { return turn.say(.info, "The figures stay as they are until ^R.") }
            let interval = turn.model.refreshInterval
            // What a large namespace costs makes it less often than was asked for.
            let why = interval > watch.interval ? ": listing took \(Figures.duration(turn.model.overviewTook ?? .zero))" : ""
            turn.say(.info, "The figures are loaded again every \(Figures.duration(interval)) while a screen of them is shown\(why).")
        }
    }
}
