internal import Identity

/// The id of something in Azure Resource Manager: `/subscriptions/{id}/resourceGroups/{name}/providers/...`.
///
/// Azure compares ids without regard to case and answers with casings of its own; two ids are equal when their lower-cased texts are.
public struct ResourceID: Sendable, CustomStringConvertible {
    /// The id as it was given, with one leading slash and none at the end.
    public let text: String

    /// The id of a text; a missing leading slash is added, slashes at the end are dropped.
    public init(_ text: String) {
        self.text = Self.isTidy(text) ? text : "/" + Self.parts(of: text).joined(separator: "/")
    }

    /// Whether a text is as an id has to be, as Azure's own are.
    private static func isTidy(_ text: String) -> Bool {
        var last: UInt8?
        for byte in text.utf8 {
            if last == nil ? byte != UInt8(ascii: "/") : byte == UInt8(ascii: "/") && last == byte { return false }
            last = byte
        }
        return text == "/" || last != nil && last != UInt8(ascii: "/")
    }

    /// What is compared. Not kept: an estate has tens of thousands of long ids, and most are never looked up.
    var key: String { text.lowercased() }

    /// What is between the slashes, by bytes: a slash is one whatever accent follows it.
    private static func parts(of text: String) -> [Substring] { text.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) } }

    /// The text.
    public var description: String { text }
}

extension ResourceID: Hashable {
    /// Whether both name the same.
    public static func == (left: ResourceID, right: ResourceID) -> Bool {
        if FoldedASCII.isSame(left.text, right.text) { return true }
        // Other letters than those of ASCII may change their length with their case.
        if left.isASCII, right.isASCII { return false }
        return left.key.utf8.elementsEqual(right.key.utf8)
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) { FoldedASCII.hash(isASCII ? text : key, into: &hasher) }

    var isASCII: Bool { FoldedASCII.isASCII(text) }
}

// MARK: Structure

extension ResourceID {
    /// The id of everything: the scope of assignments that hold in the whole tenant.
    public static let root = ResourceID("/")

    /// The parts between the slashes, in the id's own casing.
    public var segments: [Substring] { Self.parts(of: text) }

    /// The last part: the name of what it identifies; empty for the root.
    public var name: String { segments.last.map(String.init) ?? "" }

    /// The Azure subscription it is in: the id that is the subscription's; nil for management groups and the tenant.
    public var subscription: ResourceID? {
        let segments = segments
        guard segments.count >= 2, segments[0].lowercased() == "subscriptions" else { return nil }
        return ResourceID("/subscriptions/\(segments[1])")
    }

    /// The name of its resource group; nil when it is in none.
    public var resourceGroup: String? {
        let segments = segments
        guard segments.count >= 4, segments[0].lowercased() == "subscriptions", segments[2].lowercased() == "resourcegroups" else {
            return nil
        }
        return String(segments[3])
    }

    /// What manages it, such as `Microsoft.ServiceBus`, and the parts behind that; nil for groups, subscriptions and the root. Found by its place:
    /// names can be anything.
    var provider: (name: Substring, path: ArraySlice<Substring>)? {
        let segments = segments
        var start = 0
        if segments.first?.lowercased() == "subscriptions" { start = segments.dropFirst(2).first?.lowercased() == "resourcegroups" ? 4 : 2 }
        guard segments.count > start + 1, segments[start].lowercased() == "providers" else { return nil }
        return (segments[start + 1], segments[(start + 2)...])
    }

    /// Whether it is a management group.
    public var isManagementGroup: Bool {
        let beginning = "/providers/microsoft.management/managementgroups/"
        return Substring(text.utf8.prefix(beginning.utf8.count)).lowercased() == beginning
    }

    /// The Service Bus namespace it is or is in.
    public var serviceBusNamespace: ResourceID? {
        guard let provider, provider.name.lowercased() == "microsoft.servicebus", provider.path.count >= 2,
            provider.path.first?.lowercased() == "namespaces"
        else { return nil }
        return ResourceID(segments.dropLast(provider.path.count - 2).joined(separator: "/"))
    }

    /// The id with further parts behind it.
    public func appending(_ parts: String...) -> ResourceID { ResourceID(text + "/" + parts.joined(separator: "/")) }

    /// Whether `other` is this or lies below it, part by part. The root contains everything; what a management group contains cannot be
    /// told from ids, so it contains only itself here.
    public func contains(_ other: ResourceID) -> Bool {
        if text == "/" { return true }
        let (key, other) = isASCII && other.isASCII ? (text, other.text) : (key, other.key)
        guard FoldedASCII.begins(other, with: key) else { return false }
        // Where the other goes on, it goes on with a part of its own.
        let rest = other.utf8.dropFirst(key.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    /// This id and all above it that roles can be assigned at, narrowest first, the root last: a subscription of a topic, the topic, the namespace,
    /// the resource group, the Azure subscription, the root. (Management groups are not part of ids.)
    public var scopes: [ResourceID] {
        let segments = segments
        var result: [ResourceID] = []
        var end = segments.count
        while end > 0 {
            // A provider's name alone (`/subscriptions/s/providers/Microsoft.ServiceBus`) is no scope, nor is a type without a name.
            let isProvider = end >= 2 && segments[end - 2].lowercased() == "providers"
            if !isProvider { result.append(ResourceID(segments[..<end].joined(separator: "/"))) }
            end -= 2
        }
        if result.last?.text != "/" { result.append(.root) }
        return result
    }
}
