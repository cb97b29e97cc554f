import AMQP
import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Trace: ids")
struct TraceIDTests {
    private static let guid = "5d0c3f0e-2b41-4c8a-9e57-088000a1f3b2"
    private static let trace = "7c1d52e08fb94a3d9a60c2f81e5b7d34"

    private func match(_ id: String, id messageID: String? = nil, correlation: String? = nil, property: (String, String)? = nil) throws
        -> TraceMatch?
    {
        let message = try Messages.make(1, id: messageID) { content in
            content.properties?.correlationID = correlation.map { .string($0) }
            if let property {
                content.applicationProperties = AMQPMap([.init(key: .string(property.0), value: .string(property.1))])
            }
        }
        return try #require(TraceID(id)).match(message)
    }

    @Test("a message id or a correlation id, whole and in its own case")
    func ids() throws {
        #expect(try match("order-1", id: "order-1") == .messageID)
        #expect(try match("order-1", id: "x", correlation: "order-1") == .correlationID)
        #expect(try match("order-1", id: "order-1", correlation: "order-1") == .messageID)
        #expect(try match("order-1", id: "order-12", correlation: "Order-1") == nil)
        #expect(try match(" order-1\n", id: "order-1") == .messageID)
        #expect(try match("order-1") == nil)
    }

    @Test("a GUID in any of its spellings", arguments: [guid, guid.uppercased(), guid.filter { $0 != "-" }])
    func guids(_ spelling: String) throws {
        #expect(try match(spelling, id: Self.guid) == .messageID)
        #expect(try match(Self.guid, correlation: spelling) == .correlationID)
        #expect(try match(spelling, id: "5d0c3f0e-2b41-4c8a-9e57-088000a1f3b3") == nil)
        #expect(try match(spelling, id: "5d0c3f0e-2b41-4c8a-9e57.088000a1f3b2") == nil)
    }

    @Test("ids that are no strings: a UUID, a number")
    func otherTypes() throws {
        let uuid = UUIDBytes(high: 0x5d0c_3f0e_2b41_4c8a, low: 0x9e57_0880_00a1_f3b2)
        let message = try Messages.make(1) { content in
            content.properties?.messageID = .uuid(uuid)
            content.properties?.correlationID = .ulong(42)
        }
        #expect(TraceID(Self.guid)?.match(message) == .messageID)
        #expect(TraceID("42")?.match(message) == .correlationID)
    }

    @Test("a trace id in Diagnostic-Id or traceparent", arguments: ["Diagnostic-Id", "traceparent"])
    func traceIDs(_ property: String) throws {
        let parent = "00-\(Self.trace)-00f067aa0ba902b7-01"
        #expect(try match(Self.trace, property: (property, parent)) == .traceID)
        #expect(try match(Self.trace.uppercased(), property: (property, parent)) == .traceID)
        #expect(try match("00-\(Self.trace)-ffffffffffffffff-00", property: (property, parent)) == .traceID)
        #expect(try match(Self.trace, property: ("other", parent)) == nil)
        #expect(try match(Self.trace, property: (property, parent.replacing("7c1d", with: "7c1e"))) == nil)
        #expect(try match(Self.trace, property: (property, "|\(Self.trace).1.")) == nil)
        // A GUID with hyphens is not how a trace is named.
        #expect(try match(Self.guid, property: (property, "00-\(Self.guid.filter { $0 != "-" })-00f067aa0ba902b7-01")) == nil)
    }

    @Test("nothing is no id, and neither is a payload")
    func unusable() {
        #expect(TraceID("") == nil)
        #expect(TraceID(" \t") == nil)
        #expect(TraceID(String(repeating: "x", count: 1025)) == nil)
        #expect(TraceID(String(repeating: "0", count: 32))?.traceDigits == nil)
        #expect(TraceID(Self.trace.uppercased())?.traceDigits == Self.trace)
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        hasPrefix("00-" + text) ? "00-" + other + dropFirst(3 + text.count) : self
    }
}
