/// Which fields of entities a backend is asked for.
public enum EntityFields {
    /// What ``Entity`` reads. Left out is what a catalogue has most of and nobody here looks at: definitions of APIs, relations (they are computed from `spec`), what
    /// providers noted.
    public static let model: [String] =
        [
            "apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.title", "metadata.description", "metadata.annotations",
            "metadata.labels",
            "metadata.tags", "metadata.links", "metadata.etag", "spec.type", "spec.lifecycle", "spec.profile.displayName",
        ] + RelationField.keys.map { "spec.\($0)" }

    /// What tells whether an entity is another than it was. Backstage makes `etag` from everything the entity holds, its relations included.
    static let identity = ["kind", "metadata.name", "metadata.namespace", "metadata.etag"]
}
