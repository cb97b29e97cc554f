internal import Terminal

/// What the loop needs of a terminal; the real one, or one in memory.
protocol Display: AnyObject {
    var rows: Int { get }
    var columns: Int { get }
    var palette: Palette { get set }
    var isMouseEnabled: Bool { get set }
    func present(_ surface: Surface)
    func poll(wake: Int32, timeout: Duration?) -> Readiness
    func readEvents() -> [InputEvent]
    func takeDiagnostics() -> [String]
    func suspend()
    func redraw()
    func bell()
    func copyToClipboard(_ text: String) -> Bool
    func run(_ arguments: [String]) throws(TerminalError) -> ProgramExit
}

extension TerminalScreen: Display {}
