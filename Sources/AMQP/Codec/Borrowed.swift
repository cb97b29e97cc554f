/// An array's element, looked at where it lies.
///
/// The compiler must assume that writing to raw memory could change an array, so a loop over values that writes each one retains and
/// releases whatever every value refers to: two atomic operations apiece, a third of the time of encoding a message. A type that cannot
/// be copied leaves it no choice but to borrow.
@usableFromInline
package struct Borrowed<Element>: ~Copyable {
    /// The element.
    @usableFromInline package let element: Element
}

extension Array {
    /// Calls the closure with each element, borrowed.
    @inlinable @inline(__always)
    package func forEachBorrowed(_ body: (borrowing Borrowed<Element>) -> Void) {
        withUnsafeBufferPointer { elements in
            // A struct of one stored property is laid out as that property.
            elements.withMemoryRebound(to: Borrowed<Element>.self) { borrowed in
                for index in 0..<borrowed.count { body(borrowed[index]) }
            }
        }
    }
}
