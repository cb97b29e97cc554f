/// What keeps a namespace, so that it can be opened again.
protocol NamespaceKeeper: AnyObject {
    /// Keeps what has changed, all of it or nothing, and clears the journal.
    /// - Throws: ``StoreError``; then nothing can be kept any more.
    func keep(_ journal: BrokerJournal) throws(StoreError)
    /// Gives the place where it is kept back.
    func close()
}
