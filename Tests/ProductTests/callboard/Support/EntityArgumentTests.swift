import CallboardCore
import ServiceBus
import Testing

@testable import callboard

@Suite("An entity, as an operator types it")
struct EntityArgumentTests {
    private func missing(_ path: EntityPath) -> OperatorError { OperatorError(.notFound, "There is no \(path.displayName).", entity: path) }

    @Test("is tried as what it likelier means first, and as the other where that does not exist")
    func order() async throws {
        let argument = try #require(EntityArgument(argument: "eu/orders"))
        var tried: [String] = []
        let found = try await argument.resolve(nil) { path throws(OperatorError) in
            tried.append(path.address)
            if path.subscription != nil { throw missing(path) }
            return path.address
        }
        #expect(tried.count == 2 && found == tried.last)
        #expect(try #require(EntityArgument(argument: "orders")).candidates.count == 1)
        #expect(try #require(EntityArgument(argument: "a/b/c")).candidates.count == 1)
    }

    @Test("is not there where nothing that it may mean is: the likelier one is named; another failure ends the search")
    func failures() async throws {
        let argument = try #require(EntityArgument(argument: "eu/orders"))
        let error = await #expect(throws: OperatorError.self) {
            try await argument.resolve(nil) { path throws(OperatorError) in throw missing(path) }
        }
        #expect(error?.code == .notFound && error?.entity?.subscription == "orders")
        var tried = 0
        let refused = await #expect(throws: OperatorError.self) {
            try await argument.resolve(nil) { path throws(OperatorError) in
                tried += 1
                throw OperatorError(.notPermitted, "No.", entity: path)
            }
        }
        #expect(refused?.code == .notPermitted && tried == 1)
    }

    @Test("takes its sub-queue from the option or from its spelling, and not two of them")
    func subQueues() async throws {
        let plain = try #require(EntityArgument(argument: "orders"))
        #expect(try await plain.resolve(.deadLetter) { path throws(OperatorError) in path.subQueue } == .deadLetter)
        let spelt = try #require(EntityArgument(argument: "orders/$deadletterqueue"))
        #expect(try await spelt.resolve(nil) { path throws(OperatorError) in path.subQueue } == .deadLetter)
        #expect(try await spelt.resolve(.deadLetter) { path throws(OperatorError) in path.subQueue } == .deadLetter)
        let error = await #expect(throws: OperatorError.self) {
            try await spelt.resolve(.transferDeadLetter) { path throws(OperatorError) in path.subQueue }
        }
        #expect(error?.code == .usage)
    }

    @Test("is none where no entity can be called so", arguments: ["", "/", "a//b", "a?b"])
    func none(_ text: String) {
        #expect(EntityArgument(argument: text) == nil)
    }
}
