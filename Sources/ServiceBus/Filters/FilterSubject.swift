/// What a filter is evaluated against: asked for a property at a time, so that a message is read where it lies and nothing is built for it.
///
/// Evaluation is generic over it: no existential stands between a filter and a message.
public protocol FilterSubject {
    /// A property of the service; unknown when the message does not have it.
    func systemValue(_ property: SystemProperty) -> FilterValue

    /// An application property, its name compared without regard to case; nil when there is none, unknown when it is null.
    func userValue(_ name: FoldedName) -> FilterValue?

    /// The body as text, or a field of a JSON body; unknown when there is none.
    func bodyValue(_ path: [String]) -> FilterValue
}
