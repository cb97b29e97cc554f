internal import CallboardCore
internal import ServiceBus
internal import Terminal

/// A screen of what is known of access: it is read once for all of them, by the first that needs it.
protocol AccessScreen: Screen {
    /// The reading that this screen began; it ends with the screen.
    var ownLoad: LoadID? { get set }
    /// What is listed.
    var list: NotedList { get set }
}

extension AccessScreen {
    mutating func appear(_ turn: inout Turn) {
        if let id = turn.loadAccessIfMissing() { ownLoad = id }
        modelChanged(turn.model)
    }

    mutating func disappear(_ turn: inout Turn) { turn.leaveAccess(ownLoad) }

    func loads(_ model: Model) -> [LoadID] { [model.access.load].compactMap(\.self) }

    mutating func stopLoading(_ turn: inout Turn) { turn.stopAccess() }

    func asOf(_ model: Model) -> Timestamp? { model.access.asOf }

    func position(_ model: Model) -> String { list.position }

    mutating func settle(rows: Int, columns: Int, model: Model) { list.settle(rows: rows, columns: columns) }

    mutating func press(row: Int, column: Int, _ turn: inout Turn) {
        guard list.press(row: row), availability(of: .open, model: turn.model).isEnabled else { return }
        perform(.open, &turn)
    }

    /// Moves, or reads everything again; false for other commands.
    mutating func performCommon(_ command: CommandID, _ turn: inout Turn) -> Bool {
        if let step = ListState.Step(command) {
            list.move(step)
            return true
        }
        guard command == .refresh else { return false }
        if let id = turn.loadAccess() { ownLoad = id }
        return true
    }

    /// What is being read, behind the rest of the line that says what is wrong.
    func loadingNote(_ model: Model) -> [Span] {
        guard model.access.load != nil, model.access.value != nil, let part = model.partBeingRead else { return [] }
        return [Span(" · reading \(part.rawValue)…", .statusPending)]
    }

    /// Draws what stands there until something is known; false when there is something.
    func renderPlaceholder(into surface: inout Surface, _ rect: Rect, _ surroundings: Surroundings) -> Bool {
        let access = surroundings.model.access
        guard access.value == nil else { return false }
        surface.cursor = Surface.Position(row: rect.row, column: rect.column)
        if let error = access.error {
            Placeholder.render(error, into: &surface, rect, retry: "^R tries again · L shows the log · q goes back")
        } else if access.isStopped {
            Placeholder.render("Stopped. ^R reads who has access.", into: &surface, rect)
        } else {
            Placeholder.render(AccessReading.lines(surroundings.model, surroundings.now), into: &surface, rect)
        }
        return true
    }
}

/// How far the reading of who has access is.
enum AccessReading {
    static func lines(_ model: Model, _ now: Timestamp) -> [[Span]] {
        let current = model.partBeingRead
        let title = current.map { "Reading \($0.rawValue)…" } ?? "Working out who can do what…"
        return [[Span("  \(title)", .statusPending)], []]
            + AccessPart.allCases.map { part in
                if model.accessParts.contains(part) { return [Span("  ✓ ", .statusOK), Span(part.rawValue, .muted)] }
                return part == current
                    ? [Span("  \(Spinner.frame(now)) ", .statusPending), Span(part.rawValue)] : [Span("  · \(part.rawValue)", .muted)]
            }
    }
}

extension Model {
    /// The first part that has not been read yet.
    var partBeingRead: AccessPart? { AccessPart.allCases.first { !accessParts.contains($0) } }
}

extension Turn {
    /// Asks who has access, unless that is under way.
    /// - Returns: the reading that begins.
    mutating func loadAccess() -> LoadID? {
        guard model.access.load == nil else { return nil }
        let id = start(.access)
        model.accessParts = []
        model.access.begin(id)
        return id
    }

    /// The same, unless it is there, or was tried in vain.
    mutating func loadAccessIfMissing() -> LoadID? {
        guard model.access.value == nil, model.access.error == nil, !model.access.isStopped else { return nil }
        return loadAccess()
    }

    /// The screen that asked is gone: nobody waits for the answer.
    mutating func leaveAccess(_ id: LoadID?) {
        guard let id, id == model.access.load else { return }
        stop(id)
        model.access.leave()
    }

    mutating func stopAccess() {
        guard let id = model.access.load else { return }
        stop(id)
        model.access.stop()
    }
}
