import AzureResources
import Identity
import ServiceBus
import Synchronization
import Testing

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Somebody who makes tokens that live so long, a clock, and a place in memory.
final class TokenWorld: Sendable {
    struct State {
        var now: Int64 = 1_764_000_000
        var made = 0
        var life: Int64 = 3600
        var failure: OperatorError?
        /// What was made last, and whether it is given again.
        var last: IssuedToken?
        var isStuck = false
        var place: String?
        /// Whether the ledger's disk is full from the first token on.
        var isLedgerFull = false
        var news: [String] = []
        var policy = """
            version: 1
            allow:
              - {id: issue, who: ["user:olga"], action: [token.issue], role: receiver, scope: "namespaces/n/queues/orders", max_ttl: 2h}
            """
    }

    let state = Mutex(State())
    let folder = FileManager.default.temporaryDirectory.path + "/cb-tokens-\(UUID().uuidString.prefix(8))"

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var clock: WallClock { WallClock { [self] in WallTime(secondsSince1970: state.withLock(\.now)) } }
    var ledger: String { folder + "/audit.jsonl" }

    private var disk: LedgerSystem {
        LedgerSystem(
            write: { [self] descriptor, bytes in
                state.withLock { $0.isLedgerFull && $0.made > 0 } ? (-1, 28) : LedgerSystem.real.write(descriptor, bytes)
            }, sync: { _ in 0 }, truncate: LedgerSystem.real.truncate)
    }

    func issue(_ wish: TokenWish, pause: Pause? = nil) -> TokenIssue {
        TokenIssue(
            wish, kind: .queue, maker: self,
            guarded: { [self] () throws(OperatorError) in
                let (policy, problems) = PolicyFile.parse(Array(state.withLock(\.policy).utf8), file: "p.yaml")
                guard let policy else { throw OperatorError(.usage, "\(problems)") }
                let place = Guardrails.Place(context: "test", host: "n.servicebus.windows.net", mode: .readWrite)
                let caller = PolicyCaller(Set(["user:olga"].compactMap { PolicySubject($0) }))
                return GuardedChange(
                    guardrails: Guardrails(rules: .policy(policy), place: place, caller: caller),
                    ledger: AuditLedger(path: ledger, system: disk),
                    actor: AuditFixture.actor)
            }, clock: clock,
            pause: pause
                ?? Pause { [self] in
                    let seconds = $0.components.seconds; state.withLock { $0.now += seconds }
                },
            tell: { [self] news in
                let text =
                    switch news {
                    case .issued(let fingerprint, let end, _): "issued \(fingerprint) \(end.secondsSince1970)"
                    case .remaining: "."
                    case .notRenewed: "not renewed"
                    case .ended: "ended"
                    case .over: "over"
                    }
                state.withLock { $0.news.append(text) }
            })
    }

    func wish(_ ttl: Duration, _ method: TokenWish.Method = .identity) throws -> TokenWish {
        TokenWish(role: .receiver, entity: try EntityPath.queue("orders"), ttl: ttl, method: method)
    }
}

extension TokenWorld: TokenMaker {
    func token(until end: WallTime, isRenewable: Bool) async throws(OperatorError) -> IssuedToken {
        let (token, failure) = state.withLock { state in
            if state.isStuck, let last = state.last { return (last, state.failure) }
            state.made += 1
            let token = IssuedToken(
                secret: Secret("token-\(state.made)-of-secret"), expiresAt: WallTime(secondsSince1970: state.now + state.life),
                kind: .token, application: "app-1")
            state.last = token
            return (token, state.failure)
        }
        if let failure { throw failure }
        return token
    }
}

extension TokenWorld: SecretSink {
    var title: String { "the place" }
    func check(replacing known: Set<SecretFingerprint>) async throws(OperatorError) {}
    func deliver(_ secret: Secret, _ note: SecretNote, replacing known: Set<SecretFingerprint>) async throws(OperatorError) {
        if let place = state.withLock(\.place), !known.contains(SecretFingerprint(Secret(place))) { throw OperatorError(.refused, "taken") }
        let text = secret.withRevealedText { $0 }
        state.withLock { $0.place = text }
    }
    func holds(_ fingerprint: SecretFingerprint) async -> Bool? { nil }
    func withdraw(_ fingerprint: SecretFingerprint) async {
        state.withLock { if let place = $0.place, SecretFingerprint(Secret(place)) == fingerprint { $0.place = nil } }
    }
}

@Suite("Handing out tokens")
struct TokenIssueTests {
    /// A shell's wait for as long as something is so; it ends with status 70 after half a minute, which no test here expects.
    private static func waiting(while condition: String) -> String {
        "n=0; while \(condition); do n=$((n+1)); test $n -lt 600 || exit 70; sleep 0.05; done"
    }

    private func failure(_ body: () async throws(OperatorError) -> Void) async -> OperatorError? {
        do throws(OperatorError) {
            try await body()
            return nil
        } catch { return error }
    }

    @Test("renewed ahead of its end until the time is over, and taken away then")
    func renewed() async throws {
        let world = TokenWorld()
        try await world.issue(world.wish(.seconds(7200))).hold(at: world, named: .file("/x"), .renewed)
        world.state.withLock {
            // 3600 s each, 240 s ahead: at 0, 3360 and 6720.
            #expect($0.made == 3 && $0.place == nil && $0.now == 1_764_000_000 + 7200)
            #expect($0.news.last == "over")
        }
        let lines = try AuditFixture.lines(world.ledger)
        #expect(
            lines.filter { $0.contains("token.issue.intended") }.count == 3 && lines.filter { $0.contains("token.issue.done") }.count == 3)
        let print = SecretFingerprint(Secret("token-2-of-secret")).description
        #expect(lines.contains { $0.contains(print) && $0.contains("app-1") && $0.contains("file:/x") })
        #expect(!lines.contains { $0.contains("of-secret") }, "a token is in the ledger")
        #expect(!world.state.withLock(\.news).contains { $0.contains("of-secret") })
    }

    @Test("once is once, and what was handed over stays")
    func once() async throws {
        let world = TokenWorld()
        try await world.issue(world.wish(.seconds(1800))).hold(at: world, named: .file("/x"), .once)
        world.state.withLock { #expect($0.made == 1 && $0.place != nil) }
    }

    @Test("a policy that is changed meanwhile ends it, and what was handed over is taken away")
    func policyChanged() async throws {
        let world = TokenWorld()
        let pause = Pause { [world] in
            let seconds = $0.components.seconds
            world.state.withLock {
                $0.now += seconds
                if $0.now > 1_764_000_000 + 1000 { $0.policy = "version: 1" }
            }
        }
        let issue = try world.issue(world.wish(.seconds(7200)), pause: pause)
        let error = await failure { () throws(OperatorError) in try await issue.hold(at: world, named: .file("/x"), .renewed) }
        #expect(error?.code == .refused)
        world.state.withLock { #expect($0.made == 1 && $0.place == nil) }
        #expect(try AuditFixture.lines(world.ledger).contains { $0.contains("token.issue.refused") })
    }

    @Test("role, entity and time are the policy's to limit; a token that lives longer is given up")
    func limits() async throws {
        let world = TokenWorld()
        var sender = try world.wish(.seconds(600))
        sender.role = .sender
        var other = try world.wish(.seconds(600))
        other.entity = try EntityPath.queue("invoices")
        for wish in [sender, other, try world.wish(.seconds(7201)), try world.wish(.seconds(600), .signature(rule: nil))] {
            let issue = world.issue(wish)
            let error = await failure { () throws(OperatorError) in try await issue.hold(at: world, named: .file("/x"), .renewed) }
            #expect(error?.code == .refused, "\(wish)")
        }
        #expect(world.state.withLock(\.made) == 0)
        world.state.withLock { $0.life = 7201 }
        let issue = try world.issue(world.wish(.seconds(600)))
        let error = await failure { () throws(OperatorError) in try await issue.hold(at: world, named: .file("/x"), .renewed) }
        #expect(error?.code == .refused && error?.hint.contains("max_ttl") == true)
        world.state.withLock { #expect($0.place == nil) }
    }

    @Test("a renewal that fails is tried again while the last one lives")
    func patience() async throws {
        let world = TokenWorld()
        let pause = Pause { [world] in
            let seconds = $0.components.seconds
            world.state.withLock {
                $0.now += seconds
                $0.failure = (3300..<3500).contains($0.now - 1_764_000_000) ? OperatorError(.unreachable, "no network") : nil
            }
        }
        try await world.issue(world.wish(.seconds(5000)), pause: pause).hold(at: world, named: .file("/x"), .renewed)
        world.state.withLock {
            #expect($0.news.contains("not renewed") && $0.news.last == "over" && $0.place == nil)
        }
    }

    @Test("the last one given again is no renewal: it is told, and neither handed over nor written down")
    func stuck() async throws {
        let world = TokenWorld()
        let pause = Pause { [world] in
            let seconds = $0.components.seconds
            world.state.withLock {
                $0.now += seconds
                $0.isStuck = (3300..<3500).contains($0.now - 1_764_000_000)
            }
        }
        try await world.issue(world.wish(.seconds(5000)), pause: pause).hold(at: world, named: .file("/x"), .renewed)
        let news = world.state.withLock(\.news)
        #expect(news.contains("not renewed") && news.last == "over" && news.count { $0.hasPrefix("issued") } == 2)
        let lines = try AuditFixture.lines(world.ledger)
        #expect(lines.count == 4 && lines.count { $0.contains("token.issue.done") } == 2)
    }

    @Test("interrupted, what was handed over is taken away")
    func interrupted() async throws {
        let world = TokenWorld()
        let issue = try world.issue(world.wish(.seconds(5000)), pause: Pause { _ in throw CancellationError() })
        let error = await failure { () throws(OperatorError) in try await issue.hold(at: world, named: .file("/x"), .renewed) }
        #expect(error?.code == .cancelled)
        world.state.withLock { #expect($0.place == nil && $0.made == 1) }
    }

    @Test("a program has the token, and its end is the end of what a file holds")
    func program() async throws {
        let world = TokenWorld()
        try FileManager.default.createDirectory(
            atPath: world.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = world.folder + "/token"
        let environment = ["PATH": "/usr/bin:/bin"]
        let status = try await world.issue(world.wish(.seconds(1800))).run(
            ["sh", "-c", "test \"$T\" = token-1-of-secret && exit 9"], until: world.clock.now.advanced(by: .seconds(1800)),
            sink: "environment:T", environment, { _ in }
        ) { .variable("T", $0) }
        #expect(status == 9)
        let real = try world.issue(world.wish(.seconds(1800)), pause: .system)
        let other = try await real.hold(
            at: SecretFileSink(file), named: .file(file), for: ["sh", "-c", "test \"$(cat \(file))\" = token-2-of-secret && exit 4"],
            environment
        ) { _ in }
        #expect(other == 4)
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test("where the ledger cannot say that it was done, nothing stays there, and a program is waited for", arguments: [true, false])
    func ledgerFull(isOnce: Bool) async throws {
        let world = TokenWorld()
        world.state.withLock { $0.isLedgerFull = true }
        let issue = try world.issue(world.wish(.seconds(1800)))
        let error = await failure { () throws(OperatorError) in
            try await issue.hold(at: world, named: .file("/x"), isOnce ? .once : .renewed)
        }
        #expect(error?.code == .partlyDone && error?.message.contains("taken away") == true)
        world.state.withLock { #expect($0.made == 1 && $0.place == nil) }
    }

    @Test("a program whose start could not be written down has its signals, is waited for, and then it is said")
    func ledgerFullForProgram() async throws {
        let world = TokenWorld()
        try FileManager.default.createDirectory(
            atPath: world.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        world.state.withLock { $0.isLedgerFull = true }
        let environment = ["PATH": "/usr/bin:/bin"]
        let isTold = Mutex(0)
        let issue = try world.issue(world.wish(.seconds(1800)))
        let done = world.folder + "/done"
        let error = await failure { () throws(OperatorError) in
            _ = try await issue.run(
                ["sh", "-c", "sleep 0.2; touch \(done); exit 9"], until: world.clock.now.advanced(by: .seconds(1800)),
                sink: "environment:T",
                environment, { _ in isTold.withLock { $0 += 1 } }
            ) { .variable("T", $0) }
        }
        #expect(error?.code == .partlyDone && error?.message.contains("exit status 9") == true)
        #expect(FileManager.default.fileExists(atPath: done) && isTold.withLock { $0 } == 1)
        let (other, file) = (try world.issue(world.wish(.seconds(1800)), pause: .system), world.folder + "/token")
        world.state.withLock { $0.made = 0 }
        let second = await failure { () throws(OperatorError) in
            _ = try await other.hold(at: SecretFileSink(file), named: .file(file), for: ["sh", "-c", "sleep 0.2; exit 4"], environment) {
                _ in
                isTold.withLock { $0 += 1 }
            }
        }
        #expect(second?.code == .partlyDone && isTold.withLock { $0 } == 2 && !FileManager.default.fileExists(atPath: file))
        #expect(world.state.withLock(\.news).contains("ended"))
    }

    @Test("a renewal that the policy refuses is told while the program goes on, and its status is passed on")
    func refusedWhileRunning() async throws {
        let world = TokenWorld()
        try FileManager.default.createDirectory(
            atPath: world.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = world.folder + "/token"
        let pause = Pause { [world] in
            let seconds = $0.components.seconds
            world.state.withLock {
                $0.now += seconds
                $0.policy = "version: 1"
            }
        }
        let status = try await world.issue(world.wish(.seconds(7200)), pause: pause).hold(
            at: SecretFileSink(file), named: .file(file), for: ["sh", "-c", Self.waiting(while: "test -e \(file)") + "; exit 6"],
            ["PATH": "/usr/bin:/bin"]
        ) { _ in }
        #expect(status == 6)
        #expect(world.state.withLock(\.news).contains("ended"))
    }

    @Test("once at a socket, it stays until somebody read, and no longer than the token lives")
    func onceAtSocket() async throws {
        let world = TokenWorld()
        try FileManager.default.createDirectory(
            atPath: world.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = world.folder + "/s"
        let issue = try world.issue(world.wish(.seconds(600)))
        let error = await failure { () throws(OperatorError) in
            try await issue.hold(at: SecretSocketSink(path), named: .socket(path), .once)
        }
        #expect(error?.code == .timeout && !FileManager.default.fileExists(atPath: path))
        let patient = try world.issue(world.wish(.seconds(600)), pause: .system)
        let waiting = Task { try await patient.hold(at: SecretSocketSink(path), named: .socket(path), .once) }
        let reader = try SecretChild.start(
            ["sh", "-c", Self.waiting(while: "! test -S \(path)")], giving: .nothing, environment: ["PATH": "/usr/bin:/bin"])
        #expect(await reader.wait() == 0)
        waiting.cancel()
        await #expect(throws: OperatorError.self) { try await waiting.value }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("what makes no sense is refused before anybody is asked")
    func senseless() throws {
        let queue = try EntityPath.queue("orders")
        let subscription = try EntityPath.subscription(topic: "news", name: "all")
        for (role, entity, ttl, method) in [
            (.owner, queue, .seconds(600), .identity), (.sender, subscription, .seconds(600), .identity),
            (.receiver, queue, .seconds(59), .identity),
            (.receiver, queue, .seconds(86_401), .identity), (.receiver, queue.deadLetter, .seconds(600), .identity),
            (.receiver, queue, .seconds(3601), .signature(rule: nil)),
        ] as [(PolicyRole, EntityPath, Duration, TokenWish.Method)] {
            #expect(throws: OperatorError.self) { try TokenWish(role: role, entity: entity, ttl: ttl, method: method).check() }
        }
        try TokenWish(role: .receiver, entity: subscription, ttl: .seconds(3600), method: .signature(rule: nil)).check()
    }

    // MARK: Rules that sign

    private func rule(_ name: String, _ entity: String?, _ rights: Set<AuthorizationRuleResource.KeyRight>) -> KeyRule {
        KeyRule(id: ResourceID("/s/\(name)"), name: name, entity: entity.flatMap { try? EntityPath.queue($0) }, rights: rights)
    }

    @Test("the narrowest rule signs; one with Manage only where no other would do, and by its name")
    func narrowest() throws {
        let root = rule("RootManageSharedAccessKey", nil, [.listen, .send, .manage])
        let wide = rule("all-listen", nil, [.listen])
        let both = rule("orders", "orders", [.listen, .send])
        let narrow = rule("orders-listen", "orders", [.listen])
        #expect(try SignatureMaker.rule(for: .receiver, among: [root, wide, both, narrow], named: nil) == narrow)
        #expect(try SignatureMaker.rule(for: .sender, among: [root, wide, both, narrow], named: nil) == both)
        #expect(try SignatureMaker.rule(for: .receiver, among: [root, wide], named: nil) == wide)
        #expect(try SignatureMaker.rule(for: .receiver, among: [root, wide, narrow], named: "ALL-LISTEN") == wide)
        #expect(throws: OperatorError.self) {
            try SignatureMaker.rule(for: .receiver, among: [root, narrow], named: "RootManageSharedAccessKey")
        }
        #expect(throws: OperatorError.self) { try SignatureMaker.rule(for: .receiver, among: [root], named: nil) }
        #expect(try SignatureMaker.rule(for: .receiver, among: [root], named: "RootManageSharedAccessKey") == root)
        #expect(throws: OperatorError.self) { try SignatureMaker.rule(for: .sender, among: [narrow], named: nil) }
        #expect(throws: OperatorError.self) { try SignatureMaker.rule(for: .receiver, among: [narrow], named: "other") }
    }

    @Test("a signature is for the entity alone, good for minutes, and of the key that lives on")
    func signature() async throws {
        let keys = KeyWorld()
        let world = TokenWorld()
        let wish = try world.wish(.seconds(3600), .signature(rule: nil))
        let maker = SignatureMaker(
            ring: keys, rule: keys.rule, key: { () throws(OperatorError) in .secondary }, host: "n.servicebus.windows.net", wish: wish,
            clock: world.clock)
        let end = world.clock.now.advanced(by: .seconds(3600))
        let short = try await maker.token(until: end, isRenewable: true)
        #expect(short.expiresAt == world.clock.now.advanced(by: SignatureMaker.shortest))
        let long = try await maker.token(until: end, isRenewable: false)
        #expect(long.expiresAt == end)
        let signature = try long.secret.withRevealedText { try SharedAccessSignature(parsing: $0) }
        #expect(signature.isSigned(with: Secret("secondary-0")) && signature.keyName == "listen")
        #expect(signature.covers("amqps://n.servicebus.windows.net/orders/$management"))
        #expect(!signature.covers("amqps://n.servicebus.windows.net/invoices") && !signature.covers("amqps://n.servicebus.windows.net"))
        #expect(long.correlationIDs.count == 1)
        var text = wish
        text.isConnectionString = true
        let other = SignatureMaker(
            ring: keys, rule: keys.rule, key: { () throws(OperatorError) in .primary }, host: "n.servicebus.windows.net", wish: text,
            clock: world.clock)
        let connection = try await other.token(until: end, isRenewable: false).secret.withRevealedText { try ConnectionString(parsing: $0) }
        #expect(connection.entityPath?.name == "orders")
    }
}
