/// Why a node's metrics could not be read.
struct CollectionFailure: Error { let reason: String }
