// The files of the pages that chatd serves, put into the program by the compiler. To add one: an array, and a line in the
// table. They are tested with a browser, in ClientTests.

#include "cpages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char docs_html[] = {
#embed "docs/index.html"
};
static const unsigned char docs_css[] = {
#embed "docs/docs.css"
};
static const unsigned char docs_js[] = {
#embed "docs/docs.js"
};

static const cpages_file files[] = {
    {"/docs", "text/html; charset=utf-8", docs_html, sizeof docs_html},
    {"/docs/docs.css", "text/css; charset=utf-8", docs_css, sizeof docs_css},
    {"/docs/docs.js", "text/javascript; charset=utf-8", docs_js, sizeof docs_js},
};

const cpages_file *cpages_files(size_t *count) {
  *count = sizeof files / sizeof files[0];
  return files;
}
