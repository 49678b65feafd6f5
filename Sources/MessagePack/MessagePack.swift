// MessagePack: what the buses of the Socket.IO family speak, by cursor and without a tree.
//
// `MessagePackReader` walks over bytes that it does not own: headers, scalars, slices. `MessagePackWriter` appends to one
// array. `MessagePackToJSON` and `JSONToMessagePack` go from one format to the other directly, and carry binary values as
// Socket.IO does, as attachments beside a text with placeholders.
//
// Invariants. Nothing is read beyond the end. A length is believed only where the bytes for it are there (an element
// has at least one), so a header cannot make anyone reserve memory. Whatever descends is limited in depth; `skip` is
// iterative and needs no limit.
//
// The flavour is that of JavaScript's `notepack.io`, which the adapters use: `undefined` and `ArrayBuffer` arrive as
// extension 0, dates as extension 0 (old) or as the specification's timestamp, extension -1.
