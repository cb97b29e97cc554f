internal import Backstage
internal import Identity

/// Where one goes from a service.
enum ServiceLinks {
    /// The most links of one service.
    private static let most = 20

    /// Who is on call, the catalogue's own links, the page in Backstage, its documentation, where the annotations lead. Every address once.
    /// - Parameters:
    ///   - onCall: where the on-call annotation leads.
    ///   - app: the base URL of Backstage's pages.
    static func of(_ entity: Entity, onCall: String?, app: String?) -> [ServiceSummary.Link] {
        let values = Dictionary(entity.annotations.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        var links: [ServiceSummary.Link] = []
        func add(_ title: String, _ url: String?) {
            guard let url, links.count < most, !links.contains(where: { $0.url == url }) else { return }
            links.append(ServiceSummary.Link(title: title, url: url))
        }
        add("On call", onCall)
        for link in entity.links { add(link.title ?? link.url, link.url) }
        if let app {
            add("Backstage", "\(app)/catalog/\(place(of: entity.ref))")
            if values["backstage.io/techdocs-ref"]?.isEmpty == false { add("Documentation", "\(app)/docs/\(place(of: entity.ref))") }
        }
        add("View", values["backstage.io/view-url"].flatMap(web))
        add("Source", values["backstage.io/source-location"].flatMap { $0.hasPrefix("url:") ? web(String($0.dropFirst(4))) : nil })
        return links
    }

    /// `namespace/kind/name`, as Backstage's pages have it.
    private static func place(of ref: EntityRef) -> String {
        [ref.namespace.lowercased(), ref.kind.lowercased(), ref.name].map { PercentEncoding.encode($0) }.joined(separator: "/")
    }

    /// An address that a browser can open; nil for anything else that an annotation may hold.
    private static func web(_ text: String) -> String? {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.utf8.count <= 2_000,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else { return nil }
        return text
    }
}
