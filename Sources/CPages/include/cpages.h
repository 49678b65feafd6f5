#ifndef CPAGES_H
#define CPAGES_H

#include <stddef.h>

/// A file of a page, which is part of the program.
typedef struct {
  /// Where it is asked for.
  const char *path;
  const char *type;
  const unsigned char *bytes;
  size_t count;
} cpages_file;

/// All files; how many they are in `count`.
const cpages_file *cpages_files(size_t *count);

#endif
