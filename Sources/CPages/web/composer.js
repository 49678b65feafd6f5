// Writing: a message, a reply, an edit. Each conversation keeps its draft.
import { $, complain, h, icon, iconButton } from "./dom.js";
import { summary } from "./list.js";

/** While one types it is said again so often; the server forgets after 5 s. */
const TYPING_AGAIN = 3000;
const LONGEST_BYTES = 16 * 1024;

export class Composer {
  #app;
  #text = $("#composer-text");
  #conversation = null;
  #quoted = null;
  #edited = null;
  #saidAt = 0;
  #file = null;

  constructor(app) {
    this.#app = app;
    $("#send").append(icon("send"));
    $("#attach").append(icon("attach"));
    $("#composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => {
      this.#fit();
      this.#typing(this.#text.value.trim() !== "");
      if (this.#conversation && !this.#edited) this.#conversation.draft = this.#text.value;
    });
    this.#text.addEventListener("blur", () => this.#typing(false));
    $("#attach").addEventListener("click", () => $("#file").click());
    $("#file").addEventListener("change", ({ target }) => {
      this.#attach(target.files[0] ?? null);
      target.value = "";
    });
    this.#text.addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (!file || !this.#app.attachments) return;
      event.preventDefault();
      this.#attach(file);
    });
    const thread = $("#thread");
    thread.addEventListener("dragover", (event) => this.#app.attachments && event.preventDefault());
    thread.addEventListener("drop", (event) => {
      if (!this.#app.attachments || !this.#conversation) return;
      event.preventDefault();
      this.#attach(event.dataTransfer.files[0] ?? null);
    });
    app.store.addEventListener("change", ({ detail }) => {
      if (detail.has("open") && app.store.open !== this.#conversation) this.#show(app.store.open);
    });
  }

  focus() { this.#text.focus(); }

  reply(message) {
    this.#edited = null;
    this.#quoted = message;
    this.#renderQuote();
    this.focus();
  }

  edit(message) {
    this.#quoted = null;
    this.#edited = message;
    this.#text.value = message.body;
    this.#fit();
    this.#renderQuote();
    this.focus();
    this.#text.setSelectionRange(message.body.length, message.body.length);
  }

  #show(conversation) {
    this.#typing(false);
    this.#conversation = conversation;
    this.#quoted = this.#edited = null;
    this.#attach(null);
    this.#text.value = conversation?.draft ?? "";
    this.#text.placeholder = conversation ? `Message ${conversation.title}` : "Message";
    this.#fit();
    this.#renderQuote();
    // On a phone the keyboard would cover what one wants to read.
    if (conversation && matchMedia("(hover: hover)").matches) this.focus();
  }

  #cancel() {
    if (this.#edited) this.#text.value = this.#conversation?.draft ?? "";
    this.#quoted = this.#edited = null;
    this.#attach(null);
    this.#fit();
    this.#renderQuote();
    this.focus();
  }

  #attach(file) {
    if (this.#file?.preview && this.#file.isHeld) URL.revokeObjectURL(this.#file.preview);
    this.#file = null;
    if (file) {
      const trouble = this.#app.attachments?.trouble(file);
      if (trouble) complain(new Error(trouble));
      else this.#file = { file, preview: file.type.startsWith("image/") ? URL.createObjectURL(file) : null, isHeld: true };
    }
    this.#renderQuote();
    if (file) this.focus();
  }

  #renderQuote() {
    const quote = $("#quote");
    const what = this.#edited ?? this.#quoted;
    quote.hidden = !what && !this.#file;
    if (quote.hidden) return quote.replaceChildren();
    const { store } = this.#app;
    quote.replaceChildren(
      this.#file?.preview ? h("img", { src: this.#file.preview, alt: "" }) : icon(this.#file ? "file" : this.#edited ? "edit" : "reply"),
      h(
        "div", {},
        h("strong", {}, this.#file ? this.#file.file.name : this.#edited ? "Edit your message" : `Reply to ${store.nameOf(what.senderId, what.senderName)}`),
        h("span", {}, this.#file ? sizeText(this.#file.file.size) : summary(what))),
      iconButton("close", "Cancel", () => this.#cancel()));
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && !$("#quote").hidden) {
      event.stopPropagation();
      this.#cancel();
    } else if (event.key === "ArrowUp" && this.#text.value === "" && !this.#edited) {
      const last = this.#conversation?.messages.findLast(({ senderId, deletedAt, type }) =>
        senderId === this.#app.store.me.id && !deletedAt && type === "text");
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  #submit() {
    const body = this.#text.value.trim();
    const conversation = this.#conversation;
    if (!conversation || (!body && !this.#file)) return;
    if (new TextEncoder().encode(body).length > LONGEST_BYTES) {
      return complain(new Error("This is too long for one message: 16 KiB at most. Send it in parts."));
    }
    const edited = this.#edited;
    const quoted = this.#quoted;
    const file = this.#file;
    this.#file = this.#edited = this.#quoted = null;
    this.#typing(false);
    if (edited) {
      this.#text.value = conversation.draft;
      if (body !== edited.body) this.#app.act({ change: body }, conversation, edited);
    } else {
      this.#text.value = conversation.draft = "";
      this.#app.sends.add(conversation, { body, replyTo: quoted?.id, file: file?.file, preview: file?.preview });
    }
    this.#fit();
    this.#renderQuote();
    this.focus();
  }

  #fit() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, 180)}px`;
  }

  #typing(isTyping) {
    const now = Date.now();
    if (isTyping ? now - this.#saidAt < TYPING_AGAIN : this.#saidAt === 0) return;
    if (this.#edited) return;
    this.#saidAt = isTyping ? now : 0;
    const conversation = this.#conversation;
    if (!conversation?.joined) return;
    // Nobody misses it.
    this.#app.socket.emit("typing", { conversationId: conversation.id, isTyping }).catch(() => {});
  }
}

export function sizeText(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1024 ** 2 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
