// The web client: signs in, then keeps list, thread and composer on one Store. docs/WEB.md says how it fits together.
import { Attachments } from "./attachments.js";
import { Composer } from "./composer.js";
import { Dialogs, applyTheme } from "./dialogs.js";
import { $, avatar, complain, h, tell } from "./dom.js";
import { List } from "./list.js";
import { setUpMenu } from "./menu.js";
import { Sends } from "./sends.js";
import { Session } from "./session.js";
import { SignIn } from "./sign-in.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";
import { Thread } from "./thread.js";

class App {
  session = new Session();
  socket = new Socket(async () => ({ token: await this.session.ticket() }));
  store = new Store(this.session, this.socket);
  sends = new Sends(this.session, this.store, this.socket);
  /** Null where the server has none. */
  attachments = null;
  dialogs = new Dialogs(this);
  #list = new List(this);
  #thread = new Thread(this);
  #composer = new Composer(this);

  constructor() {
    applyTheme();
    setUpMenu();
    const signIn = new SignIn(this.session, () => this.#begin());
    // A clean slate: nothing of one user is left in the page for the next.
    this.session.addEventListener("end", () => {
      this.socket.close();
      location.reload();
    });
    this.#listen();
    this.#restore(signIn);
  }

  /** On a phone the thread may be behind the list. */
  get isThreadVisible() { return !$("#chat").hidden && getComputedStyle($("#thread")).display !== "none"; }

  async #restore(signIn) {
    try {
      if (await this.session.restore()) this.#begin();
      else signIn.show();
    } catch (problem) {
      // The server is away, and the session may well hold.
      $("#starting p").textContent = problem.advice;
      setTimeout(() => this.#restore(signIn), 3000);
    }
  }

  async #begin() {
    $("#sign-in").hidden = true;
    $("#starting").hidden = true;
    $("#chat").hidden = false;
    this.#showMe();
    this.sends.restore();
    this.socket.open();
    this.#findAttachments();
    try {
      await this.store.loadList();
    } catch (error) {
      complain(error);
    }
    this.#route();
  }

  async #findAttachments() {
    const redraw = () => this.store.changed("thread");
    this.attachments = this.sends.attachments = await Attachments.find(this.session, redraw).catch(() => null);
    $("#attach").hidden = !this.attachments?.canSend;
    redraw();
  }

  #listen() {
    addEventListener("hashchange", () => this.#route());
    this.store.addEventListener("failed", ({ detail }) => complain(detail));
    this.store.addEventListener("left", () => this.go(null));
    this.store.addEventListener("arrived", ({ detail: { conversation, message } }) => {
      if (message.senderId === this.store.me.id) this.sends.arrived(conversation, message);
    });
    this.store.addEventListener("change", ({ detail }) => {
      if (detail.has("me")) this.#showMe();
      if (detail.has("list")) {
        const unread = this.store.totalUnread;
        document.title = unread > 0 ? `(${unread}) Chat` : "Chat";
      }
    });
    // Short interruptions are nobody's business.
    let patience = 0;
    const say = (text) => {
      clearTimeout(patience);
      patience = setTimeout(() => ($("#connection").textContent = text), text ? 1500 : 0);
    };
    this.socket.addEventListener("connect", () => say(""));
    this.socket.addEventListener("disconnect", () => say("Connection lost. It is tried again by itself; what you write is sent then."));
    this.socket.addEventListener("refused", ({ detail }) => {
      if (!detail.final) say(detail.advice ?? `${detail.message} It is tried again by itself.`);
    });
    addEventListener("beforeunload", (event) => {
      if (this.session.user && !this.sends.isEmpty && this.sends.hasFiles) event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "k" && this.session.user) {
        event.preventDefault();
        $("#search").focus();
      } else if (event.key === "Escape" && !event.defaultPrevented && !$("#dialog").open && this.store.open && innerWidth < 720) {
        this.go(null);
      }
    });
  }

  #showMe() {
    const { user } = this.session;
    $("#me").replaceChildren(avatar(user.id, user.displayName), h("span", {}, user.displayName, h("small", {}, `@${user.username}`)));
    $("#me").setAttribute("aria-label", `${user.displayName}: profile and settings`);
  }

  // Where one is: #/c/<conversation>[/<seq>].

  /** To a conversation, at a message's seq, or to the list. */
  go(id, seq = null) {
    const hash = id ? `#/c/${id}${seq ? `/${seq}` : ""}` : "#/";
    if (location.hash === hash) this.#route();
    else location.hash = hash;
  }

  async #route() {
    if (!this.session.user) return;
    const [, id, seq] = /^#\/c\/([0-9a-f-]{36})(?:\/(\d+))?$/.exec(location.hash) ?? [];
    document.body.classList.toggle("in-thread", Boolean(id));
    if (!id) {
      this.store.open = null;
      this.store.changed("open", "thread", "list");
      return;
    }
    try {
      const conversation = this.store.conversations.get(id) ?? (await this.store.fetch(id));
      const isThere = seq && conversation.messages.some((message) => message.seq === Number(seq));
      await this.store.show(conversation, seq && !isThere ? Number(seq) : null);
      if (seq) this.#thread.aim(Number(seq));
    } catch (problem) {
      complain(problem.status === 404 ? new Error("This conversation does not exist, or you are not in it.") : problem);
      if (problem.status === 404) this.go(null);
    }
  }

  async startDirect(userId) {
    const { id } = await this.session.request("POST", "/api/conversations", { body: { type: "direct", participants: [userId] } });
    await this.store.fetch(id);
    this.go(id);
  }

  async joinChannel({ id }) {
    await this.session.request("POST", `/api/conversations/${id}/join`);
    await this.store.fetch(id);
    this.go(id);
  }

  /** What is done with a message: "reply", "edit", "copy", "receipts", "delete", {react, added}, {change}. */
  async act(what, conversation, message) {
    try {
      switch (what) {
        case "reply": return this.#composer.reply(message);
        case "edit": return this.#composer.edit(message);
        case "receipts": return await this.dialogs.receipts(conversation, message);
        case "copy":
          await navigator.clipboard.writeText(message.body);
          return tell("Copied.");
        case "delete":
          if (!(await this.dialogs.confirm("Delete this message for everybody?", "Delete"))) return;
          this.store.put(await this.session.request("DELETE", `/api/messages/${message.id}`));
          return;
      }
      if (what.react) await this.#react(what, conversation, message);
      else await this.#change(what.change, message);
    } catch (error) {
      complain(error);
    }
  }

  /** Shown at once, and taken back when it is refused. */
  async #react({ react: emoji, added }, conversation, message) {
    const before = message.reactions?.find((one) => one.emoji === emoji) ?? { total: 0, own: false };
    if (before.own === added) return;
    this.store.setReaction(conversation, message.id, { emoji, total: before.total + (added ? 1 : -1), seq: message.asOf }, added);
    const path = `/api/messages/${message.id}/reactions`;
    try {
      if (added) await this.session.request("POST", path, { body: { emoji } });
      else await this.session.request("DELETE", path, { query: { emoji } });
    } catch (error) {
      this.store.setReaction(conversation, message.id, { emoji, total: before.total, seq: message.asOf }, before.own);
      throw error;
    }
  }

  async #change(body, message) {
    const known = { body: message.body, version: message.version, editedAt: message.editedAt };
    Object.assign(message, { body, editedAt: new Date().toISOString() });
    this.store.changed("thread");
    try {
      const headers = { "If-Match": `"${known.version}"` };
      this.store.put(await this.session.request("PATCH", `/api/messages/${message.id}`, { body: { body }, headers }));
    } catch (error) {
      // What others wrote meanwhile has come as an event.
      if (message.version === known.version) Object.assign(message, known);
      this.store.changed("thread");
      if (error.status === 412) this.store.put(await this.session.get(`/api/messages/${message.id}`));
      throw error;
    }
  }
}

new App();
