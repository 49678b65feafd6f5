// YAML: libyaml's events made into nodes that know their line and column, nodes made into Decodable values, and a
// writer for what a program prints.
//
// Pattern. `YAMLEvents` owns a yaml_parser_t and is the only one who sees C. `YAMLComposer` builds the tree from its
// events and holds it to `YAMLLimits`; `YAMLSchema` says what a plain scalar is (the core schema of YAML 1.2, in which
// `no` is a string). `YAMLNode` is the result: read it by hand, or let `YAMLDecoder` make a Decodable of it.
// `YAMLWriter` goes the other way and needs no tree.
//
// Concurrency. All are values; parsing and decoding are pure functions of the bytes, and nothing here blocks.
//
// Invariants.
// - Every error is a `YAMLError` with file, line and column, those of the writer of the file and not of the parser.
// - What an input can cost is bounded before it is spent: its size, depth, nodes (after aliases are followed), anchors,
//   aliases and documents.
// - A mapping has no key twice, and its keys are scalars.
// - A decoder refuses keys that nobody asked for. A typed value is never guessed: 1.10 is not a string, "5" no number.
