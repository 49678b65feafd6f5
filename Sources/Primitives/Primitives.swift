// Primitives: values that every module above speaks of and that need neither I/O nor Foundation: identifiers, times,
// encodings. Each is a file of its own.
