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
static const unsigned char web_index_html[] = {
#embed "web/index.html"
};
static const unsigned char web_app_css[] = {
#embed "web/app.css"
};
static const unsigned char web_icon_svg[] = {
#embed "web/icon.svg"
};
static const unsigned char web_app_js[] = {
#embed "web/app.js"
};
static const unsigned char web_attachments_js[] = {
#embed "web/attachments.js"
};
static const unsigned char web_composer_js[] = {
#embed "web/composer.js"
};
static const unsigned char web_conversation_js[] = {
#embed "web/conversation.js"
};
static const unsigned char web_dialogs_js[] = {
#embed "web/dialogs.js"
};
static const unsigned char web_dom_js[] = {
#embed "web/dom.js"
};
static const unsigned char web_list_js[] = {
#embed "web/list.js"
};
static const unsigned char web_menu_js[] = {
#embed "web/menu.js"
};
static const unsigned char web_sends_js[] = {
#embed "web/sends.js"
};
static const unsigned char web_session_js[] = {
#embed "web/session.js"
};
static const unsigned char web_sign_in_js[] = {
#embed "web/sign-in.js"
};
static const unsigned char web_socket_js[] = {
#embed "web/socket.js"
};
static const unsigned char web_store_js[] = {
#embed "web/store.js"
};
static const unsigned char web_thread_js[] = {
#embed "web/thread.js"
};

static const cpages_file files[] = {
    {"/docs", "text/html; charset=utf-8", docs_html, sizeof docs_html},
    {"/docs/docs.css", "text/css; charset=utf-8", docs_css, sizeof docs_css},
    {"/docs/docs.js", "text/javascript; charset=utf-8", docs_js, sizeof docs_js},
    {"/", "text/html; charset=utf-8", web_index_html, sizeof web_index_html},
    {"/web/app.css", "text/css; charset=utf-8", web_app_css, sizeof web_app_css},
    {"/web/icon.svg", "image/svg+xml", web_icon_svg, sizeof web_icon_svg},
    {"/web/app.js", "text/javascript; charset=utf-8", web_app_js, sizeof web_app_js},
    {"/web/attachments.js", "text/javascript; charset=utf-8", web_attachments_js, sizeof web_attachments_js},
    {"/web/composer.js", "text/javascript; charset=utf-8", web_composer_js, sizeof web_composer_js},
    {"/web/conversation.js", "text/javascript; charset=utf-8", web_conversation_js, sizeof web_conversation_js},
    {"/web/dialogs.js", "text/javascript; charset=utf-8", web_dialogs_js, sizeof web_dialogs_js},
    {"/web/dom.js", "text/javascript; charset=utf-8", web_dom_js, sizeof web_dom_js},
    {"/web/list.js", "text/javascript; charset=utf-8", web_list_js, sizeof web_list_js},
    {"/web/menu.js", "text/javascript; charset=utf-8", web_menu_js, sizeof web_menu_js},
    {"/web/sends.js", "text/javascript; charset=utf-8", web_sends_js, sizeof web_sends_js},
    {"/web/session.js", "text/javascript; charset=utf-8", web_session_js, sizeof web_session_js},
    {"/web/sign-in.js", "text/javascript; charset=utf-8", web_sign_in_js, sizeof web_sign_in_js},
    {"/web/socket.js", "text/javascript; charset=utf-8", web_socket_js, sizeof web_socket_js},
    {"/web/store.js", "text/javascript; charset=utf-8", web_store_js, sizeof web_store_js},
    {"/web/thread.js", "text/javascript; charset=utf-8", web_thread_js, sizeof web_thread_js},
};

const cpages_file *cpages_files(size_t *count) {
  *count = sizeof files / sizeof files[0];
  return files;
}
