import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Workspace")
struct WorkspaceTests {
    private let orders: EntityPath
    private let gateway = MemoryGateway()

    init() throws { orders = try EntityPath.queue("orders") }

    private func workspace(_ context: OperatorContext = OperatorContext(name: "demo"), on gateway: MemoryGateway? = nil) -> Workspace {
        Workspace(context: context, gateway: gateway ?? self.gateway, now: { Timestamp(milliseconds: 1000) })
    }

    @Test(
        "is read-only unless the file says otherwise or it is an emulator",
        arguments: [
            (nil, false, AccessMode.readOnly), (nil, true, .readWrite), (.readOnly, true, .readOnly), (.readWrite, false, .readWrite),
        ] as [(AccessMode?, Bool, AccessMode)])
    func mode(configured: AccessMode?, isEmulator: Bool, expected: AccessMode) {
        let gateway = MemoryGateway(NamespaceEndpoint(host: "h", isEmulator: isEmulator, identity: "dana"))
        let workspace = workspace(OperatorContext(name: "c", environment: "prod", isProduction: true, mode: configured), on: gateway)
        #expect(
            workspace.title
                == ContextTitle(
                    name: "c", endpoint: "h", environment: "prod", isProduction: true, mode: expected, identity: "dana",
                    isEmulator: isEmulator, isMasking: true))
    }

    @Test("peek asks page by page until it has enough, and goes on after the last number")
    func peekPages() async throws {
        let messages = try Messages.run(1...600)
        gateway.with { [orders] in
            $0.messages[orders] = messages
            $0.pageLimit = 100
        }
        let found = try await workspace().peek(orders, from: SequenceNumber(11), count: 270)
        #expect(found.map(\.sequenceNumber.rawValue) == Array(11...280))
        #expect(gateway.with { $0.asked.map(\.from) } == [11, 111, 211])
        #expect(gateway.with { $0.asked.map(\.count) } == [250, 170, 70])
    }

    @Test("a short page is not the end; an empty one is")
    func shortPages() async throws {
        let messages = try Messages.run(1...5)
        gateway.with { [orders] in
            $0.messages[orders] = messages
            $0.pageLimit = 2
        }
        #expect(try await workspace().peek(orders, count: 100).count == 5)
        #expect(gateway.with { $0.asked.count } == 4)
    }

    @Test("a server that repeats itself is not asked for ever")
    func stuckPeek() async throws {
        let page = [try Messages.make(3)]
        gateway.with { $0.stuckPage = page }
        #expect(try await workspace().peek(orders, from: SequenceNumber(10), count: 50).count == 1)
        #expect(try await workspace().peek(orders, from: SequenceNumber(3), count: 50).count == 2)
        let last = [try Messages.make(.max)]
        gateway.with { $0.stuckPage = last }
        #expect(try await workspace().peek(orders, count: 50).count == 1)
    }

    @Test("peeking nothing asks for nothing", arguments: [0, -1])
    func peekNothing(count: Int) async throws {
        #expect(try await workspace().peek(orders, count: count).isEmpty)
        #expect(gateway.with { $0.asked.isEmpty })
    }

    @Test("sending is refused without leave for it, and to what takes no messages")
    func sending() async throws {
        let writing = workspace()
        let other = try writing.leave(for: .createEntity, on: orders)
        await #expect { try await writing.send([OutgoingMessage()], to: orders, with: other) } throws: {
            ($0 as? OperatorError)?.exitCode == 3
        }
        let leave = try writing.leave(for: .sendMessage, on: orders)
        let subscription = try EntityPath.subscription(topic: "t", name: "s")
        for path in [orders.deadLetter, subscription] {
            let theirs = try writing.leave(for: .sendMessage, on: path)
            await #expect { try await writing.send([OutgoingMessage()], to: path, with: theirs) } throws: {
                ($0 as? OperatorError)?.exitCode == 2
            }
        }
        let elsewhere = try EntityPath.queue("others")
        await #expect { try await writing.send([OutgoingMessage()], to: elsewhere, with: leave) } throws: {
            ($0 as? OperatorError)?.exitCode == 3
        }
        try await writing.send([OutgoingMessage(body: .data([1]))], to: orders, with: leave)
        #expect(gateway.with { $0.sent } == [orders: [OutgoingMessage(body: .data([1]))]])
    }

    @Test("entities come in order of path with the time of the answer")
    func listing() async throws {
        let descriptions = try ["b", "A", "c"].map { EntityDescription(path: try .queue($0), kind: .queue) }
        gateway.with { $0.descriptions = descriptions }
        let listing = try await workspace().entities()
        #expect(listing.entities.map(\.path.name) == ["A", "b", "c"])
        #expect(listing.asOf == Timestamp(milliseconds: 1000))
        #expect(try await workspace().entity(.queue("B").deadLetter).path.name == "b")
        let missing = try EntityPath.queue("none")
        await #expect { try await workspace().entity(missing) } throws: { ($0 as? OperatorError)?.exitCode == 4 }
    }

    @Test("the catalogue is read once, and again when asked")
    func estate() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: a}\nspec: {type: service}\n")
        let workspace = workspace(OperatorContext(name: "c", cataloguePaths: [file]))
        #expect(await workspace.estate().services.map(\.name) == ["a"])
        try folder.write("a.yaml", "apiVersion: v1\nkind: Component\nmetadata: {name: b}\nspec: {type: service}\n")
        #expect(await workspace.estate().services.map(\.name) == ["a"])
        #expect(await workspace.reloadEstate().services.map(\.name) == ["b"])
    }

    @Test("where entities may not be listed, the board says which right is missing")
    func boardWithoutRights() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "a.yaml",
            "apiVersion: v1\nkind: Component\nmetadata: {name: a, annotations: {azure-service-bus/queues: orders}}\nspec: {type: service}\n"
        )
        gateway.with { $0.listingError = OperatorError(.notPermitted, "No.", neededRight: "Manage") }
        let board = await workspace(OperatorContext(name: "c", cataloguePaths: [file])).board()
        #expect(board.rows.map(\.deadLetters) == [.notPermitted(needs: "Manage")])
        #expect(board.rows.map(\.service.entities) == [[orders]])
        #expect(board.totals == .notPermitted(needs: "Manage"))
        gateway.with { $0.listingError = OperatorError(.unreachable, "Nobody answers.") }
        let unreachable = await workspace(OperatorContext(name: "c", cataloguePaths: [file])).board()
        #expect(unreachable.rows.map(\.active) == [.unavailable("Nobody answers.")])
    }

    @Test("closing closes the gateway")
    func closing() async {
        await workspace().close()
        #expect(gateway.with { $0.isClosed })
    }
}
