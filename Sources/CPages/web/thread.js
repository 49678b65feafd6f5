// The opened conversation: its messages, who is typing, who has read, and what can be done with a message.
import { $, ago, arrange, clockTime, complain, dayName, formatted, fullTime, h, icon, iconButton, isSameDay, avatar } from "./dom.js";
import { summary } from "./list.js";
import { openMenu } from "./menu.js";

/** Messages of one sender within this time are a group. */
const GROUP = 5 * 60_000;
const QUICK = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "✅"];

export class Thread {
  #app;
  #drawn = new Map();
  #conversation = null;
  #isAtEnd = true;
  #target = null;

  constructor(app) {
    this.#app = app;
    const { store } = app;
    $("#back").append(icon("back"));
    $("#details").append(icon("info"));
    $("#to-end").append(icon("down"));
    store.addEventListener("change", ({ detail }) => {
      if (detail.has("thread") || detail.has("open") || detail.has("presence")) this.render();
      if (detail.has("typing") || detail.has("open")) this.#renderTyping();
      if (detail.has("sent")) this.toEnd();
    });
    store.addEventListener("arrived", ({ detail: { conversation, message } }) => {
      // What nobody was looking at is marked.
      if (conversation === store.open && message.senderId !== store.me.id && !this.#isWatched) conversation.newFrom ||= message.seq;
    });
    const scroller = $("#scroller");
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#look());
    // A keyboard that comes up, a composer that grows: the end stays in sight.
    new ResizeObserver(() => this.#isAtEnd && this.#scrollToEnd()).observe(scroller);
    $("#to-end").addEventListener("click", () => this.toEnd());
    // A picture has its height when it is there.
    $("#messages").addEventListener("load", () => this.#isAtEnd && this.#scrollToEnd(), true);
  }

  /** To the newest message, which may have to be read first. */
  async toEnd() {
    const conversation = this.#app.store.open;
    if (!conversation) return;
    if (conversation.newer) await this.#app.store.load(conversation).catch(complain);
    this.#isAtEnd = true;
    this.#scrollToEnd();
    this.#look();
  }

  /** Brings a message into sight once it is there. */
  aim(seq) {
    this.#target = seq;
    this.render();
  }

  #scrollToEnd() {
    const scroller = $("#scroller");
    scroller.scrollTop = scroller.scrollHeight;
  }

  #scrolled() {
    const scroller = $("#scroller");
    const conversation = this.#app.store.open;
    if (!conversation || scroller.hidden) return;
    const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    this.#isAtEnd = left < 60 && !conversation.newer;
    $("#to-end").hidden = this.#isAtEnd;
    this.#loadNear(conversation);
    this.#look();
  }

  get #isWatched() { return this.#isAtEnd && document.visibilityState === "visible" && this.#app.isThreadVisible; }

  /** What is on the screen is read. */
  #look() {
    const conversation = this.#app.store.open;
    if (conversation && this.#isWatched) this.#app.store.read(conversation);
  }

  render() {
    const { store, sends } = this.#app;
    const conversation = store.open;
    for (const id of ["thread-header", "scroller"]) $(`#${id}`).hidden = !conversation;
    $("#nothing-open").hidden = Boolean(conversation);
    $("#composer").hidden = !conversation || Boolean(conversation.entry.archivedAt);
    $("#read-only").hidden = !conversation?.entry.archivedAt;
    $("#read-only").textContent = "This conversation is archived: it can be read, and nothing more is written.";
    if (!conversation) {
      this.#conversation = null;
      $("#to-end").hidden = true;
      $("#messages").replaceChildren();
      return;
    }
    const isOther = this.#conversation !== conversation;
    if (isOther) {
      this.#conversation = conversation;
      this.#drawn.clear();
      this.#isAtEnd = true;
    }
    this.#renderTitle(conversation);

    const scroller = $("#scroller");
    const list = $("#messages");
    const first = $("#messages > .message");
    const firstTop = first?.offsetTop ?? 0;
    const elements = this.#elements(conversation, sends.of(conversation));
    // A screen reader is told of what arrives, and not of the history.
    $("#log").setAttribute("aria-live", isOther || conversation.loading ? "off" : "polite");
    arrange(list, elements);
    $("#older").textContent = conversation.loading ? "Loading …" : conversation.loaded && !conversation.older
      ? (conversation.messages.length ? "This is the beginning." : "No messages yet. Say something.") : "";
    this.#renderSeen(conversation);

    if (this.#target !== null) this.#reveal(conversation);
    else if (this.#isAtEnd && !conversation.newer) this.#scrollToEnd();
    // What was put above moves nothing.
    else if (first?.isConnected && !isOther) scroller.scrollTop += first.offsetTop - firstTop;
    if (conversation.newer) $("#to-end").hidden = false;
    this.#loadNear(conversation);
    this.#look();
  }

  /** More of the history, where one is near the edge of what is there. */
  #loadNear(conversation) {
    if (conversation.loading || !conversation.loaded || this.#target !== null || Date.now() < conversation.restsUntil) return;
    const scroller = $("#scroller");
    const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    if (scroller.scrollTop < 300) this.#app.store.loadOlder(conversation)?.catch(complain);
    else if (left < 300) this.#app.store.loadNewer(conversation)?.catch(complain);
  }

  #reveal(conversation) {
    const message = conversation.messages.find(({ seq }) => seq >= this.#target);
    if (conversation.loading || !conversation.loaded) return;
    if (!message) this.#target = null;
    const element = this.#drawn.get(message?.id)?.element;
    if (!element) return;
    this.#target = null;
    this.#isAtEnd = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("aimed");
    setTimeout(() => element.classList.remove("aimed"), 2500);
    this.#scrolled();
  }

  #renderTitle(conversation) {
    const { store } = this.#app;
    const { entry, members } = conversation;
    let about = "";
    let presence = null;
    if (entry.peer) {
      const status = store.presence.get(entry.peer.userId);
      presence = status?.status ?? null;
      about = status?.status === "online" ? "online" : status?.lastSeen ? `last seen ${ago(status.lastSeen)}` : status ? "offline" : "";
    } else if (members) {
      const online = [...members.keys()].filter((id) => id === store.me.id || store.presence.get(id)?.status === "online").length;
      about = `${members.size}${conversation.hasMoreMembers ? "+" : ""} ${members.size === 1 ? "member" : "members"}, ${online} online`;
    }
    const signature = JSON.stringify([conversation.id, conversation.title, about, presence]);
    const title = $("#thread-title");
    if (title.dataset.signature === signature) return;
    title.dataset.signature = signature;
    const picture = avatar(entry.peer?.userId ?? conversation.id, conversation.title, presence);
    if (entry.type === "channel") picture.replaceChildren(icon("hash"));
    title.replaceChildren(picture, h("h1", {}, conversation.title), h("p", { class: presence === "online" ? "online" : "" }, about));
  }

  #elements(conversation, pending) {
    const elements = [];
    const kept = new Map();
    const draw = (key, signature, make) => {
      let one = this.#drawn.get(key);
      if (!one || one.signature !== signature) one = { signature, element: this.#replaced(one?.element, make()) };
      kept.set(key, one);
      elements.push(one.element);
    };
    let before = null;
    for (const message of conversation.messages) {
      if (!before || !isSameDay(before.createdAt, message.createdAt)) {
        const day = dayName(message.createdAt);
        draw(`day ${message.id}`, day, () => h("li", { class: "divider day" }, h("span", {}, day)));
        before = null;
      }
      if (conversation.newFrom === message.seq) {
        draw("new", "", () => h("li", { class: "divider new" }, h("span", {}, "New messages")));
        before = null;
      }
      const isFollowing = before && before.senderId === message.senderId && before.type !== "system"
        && new Date(message.createdAt) - new Date(before.createdAt) < GROUP;
      const own = message.senderId === this.#app.store.me.id;
      const state = own ? this.#state(conversation, message) : null;
      const replied = message.replyTo ? conversation.byId.get(message.replyTo) : null;
      const name = this.#app.store.nameOf(message.senderId, message.senderName);
      const signature = JSON.stringify([
        message.version, message.body, message.reactions, Boolean(isFollowing), state, name, replied?.version ?? null, message.deletedAt,
        this.#app.attachments?.signature(message) ?? null,
      ]);
      draw(message.id, signature, () => this.#message(conversation, message, { own, state, isFollowing, replied, name }));
      before = message.type === "system" ? null : message;
    }
    for (const send of pending) {
      const signature = JSON.stringify([send.error, send.isWaiting]);
      draw(send.key, signature, () => this.#pending(send));
    }
    this.#drawn = kept;
    return elements;
  }

  /** Where the focus was in what is drawn anew, it stays. */
  #replaced(before, element) {
    if (before?.contains(document.activeElement)) {
      const label = document.activeElement.getAttribute("aria-label");
      queueMicrotask(() => {
        const again = [...element.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === label);
        (again ?? element.querySelector("button"))?.focus({ preventScroll: true });
      });
    }
    return element;
  }

  /** Of an own message: who has it. */
  #state(conversation, { seq, deletedAt, type }) {
    if (deletedAt || type === "system" || !conversation.members || conversation.members.size > 50) return "sent";
    const others = [...conversation.members.values()].filter(({ userId }) => userId !== this.#app.store.me.id);
    if (others.length === 0) return "sent";
    if (others.every(({ readSeq }) => readSeq >= seq)) return "read";
    return others.every(({ deliveredSeq }) => deliveredSeq >= seq) ? "delivered" : "sent";
  }

  #message(conversation, message, { own, state, isFollowing, replied, name }) {
    if (message.type === "system") return h("li", { class: "divider system" }, h("span", {}, message.body));
    const isDeleted = Boolean(message.deletedAt);
    const act = (item) => this.#app.act(item, conversation, message);
    const bubble = h(
      "div", { class: isDeleted ? "bubble deleted" : "bubble" },
      message.replyTo && !isDeleted && h(
        "button", { type: "button", class: "quoted", onclick: () => this.#toQuoted(conversation, message.replyTo) },
        replied && h("strong", {}, this.#app.store.nameOf(replied.senderId, replied.senderName)),
        h("span", {}, replied ? summary(replied) : "An earlier message")),
      !isDeleted && message.attachmentId && this.#app.attachments?.view(message),
      (message.body || isDeleted) && h("div", { class: "body" }, isDeleted ? "This message was deleted." : formatted(message.body, this.#app.store.me.username)),
      h(
        "span", { class: "meta" }, message.editedAt && !isDeleted && h("span", { title: fullTime(message.editedAt) }, "edited"),
        h("time", { datetime: message.createdAt, title: fullTime(message.createdAt) }, clockTime(message.createdAt)),
        own && !isDeleted && stateIcon(state)));
    const reactions = !isDeleted && message.reactions?.length > 0 && h(
      "div", { class: "reactions", role: "group", "aria-label": "Reactions" },
      message.reactions.map(({ emoji, total, own: isOwn }) =>
        h(
          "button", {
            type: "button", class: "reaction", "aria-pressed": String(isOwn),
            "aria-label": `${emoji}, ${total}${isOwn ? ", one of them yours" : ""}`, onclick: () => act({ react: emoji, added: !isOwn }),
          }, emoji, h("span", {}, String(total)))));
    const tools = !isDeleted && h(
      "div", { class: "tools" },
      iconButton("smile", "React", ({ currentTarget }) => this.#reactMenu(currentTarget, act), { tabIndex: -1 }),
      iconButton("reply", "Reply", () => act("reply"), { tabIndex: -1 }),
      iconButton("more", `Actions for the message of ${name}, ${clockTime(message.createdAt)}`,
        ({ currentTarget }) => this.#actions(currentTarget, conversation, message, own, act), { "aria-haspopup": "menu", class: "icon-button more" }));
    const element = h(
      "li", { class: `message${own ? " own" : ""}${isFollowing ? " following" : ""}`, "data-id": message.id, "data-seq": message.seq },
      !own && !conversation.isDirect && (isFollowing ? h("span", { class: "avatar none" }) : avatar(message.senderId, name)),
      h(
        "div", { class: "column" },
        h("span", { class: !own && !conversation.isDirect && !isFollowing ? "sender" : "sr" }, own ? "You" : name),
        h("div", { class: "line" }, bubble, tools), reactions));
    if (!isDeleted) {
      element.addEventListener("contextmenu", (event) => {
        if (event.target.closest("a, img") || String(getSelection())) return;
        event.preventDefault();
        this.#actions(bubble, conversation, message, own, act);
      });
    }
    return element;
  }

  #pending(send) {
    const { sends } = this.#app;
    return h(
      "li", { class: `message own pending${send.error ? " failed" : ""}` },
      h(
        "div", { class: "column" }, h("span", { class: "sr" }, "You"),
        h(
          "div", { class: "line" },
          h(
            "div", { class: "bubble" }, send.preview && h("img", { class: "picture", src: send.preview, alt: send.file?.name ?? "" }),
            send.file && !send.preview && h("span", { class: "file" }, icon("file"), send.file.name),
            send.body && h("div", { class: "body" }, formatted(send.body, "")),
            h("span", { class: "meta" }, send.error ? icon("alert") : h("span", {}, send.isWaiting ? "waiting for the connection" : "sending"), icon("clock")))),
        send.error && h(
          "p", { class: "failure", role: "alert" }, `Not sent: ${send.error} `,
          h("button", { type: "button", onclick: () => sends.retry(send) }, "Try again"),
          h("button", { type: "button", onclick: () => sends.drop(send) }, "Remove"))));
  }

  #reactMenu(anchor, act) {
    openMenu(anchor, [{ grid: QUICK.map((emoji) => ({ label: emoji, run: () => act({ react: emoji, added: true }) })) }]);
  }

  #actions(anchor, conversation, message, own, act) {
    const isAdmin = conversation.entry.role === "admin" && !conversation.isDirect;
    openMenu(anchor, [
      { grid: QUICK.map((emoji) => ({ label: emoji, run: () => act({ react: emoji, added: true }) })) },
      { label: "Reply", icon: "reply", run: () => act("reply") },
      { label: "Copy text", icon: "copy", run: () => act("copy") },
      own && message.type === "text" && { label: "Edit", icon: "edit", run: () => act("edit") },
      { label: "Who has read it", icon: "checks", run: () => act("receipts") },
      (own || isAdmin) && { label: "Delete", icon: "remove", isDangerous: true, run: () => act("delete") },
    ].filter(Boolean));
  }

  async #toQuoted(conversation, id) {
    try {
      const known = conversation.byId.get(id) ?? (await this.#app.session.get(`/api/messages/${id}`));
      if (!conversation.byId.has(id)) await this.#app.store.load(conversation, known.seq);
      this.aim(known.seq);
    } catch (error) {
      complain(error);
    }
  }

  /** Below the last own message of a small group: who has read it. */
  #renderSeen(conversation) {
    const seen = $("#seen");
    seen.textContent = "";
    const last = conversation.messages.at(-1);
    if (!last || conversation.newer || conversation.isDirect || !conversation.members || conversation.members.size > 50) return;
    const { me } = this.#app.store;
    const readers = [...conversation.members.values()]
      .filter(({ userId, readSeq }) => userId !== me.id && userId !== last.senderId && readSeq >= last.seq).map(({ displayName }) => displayName);
    if (readers.length === 0) return;
    seen.textContent = `Read by ${readers.length > 4 ? `${readers.slice(0, 3).join(", ")} and ${readers.length - 3} others` : readers.join(", ")}`;
  }

  #renderTyping() {
    const names = [...(this.#app.store.open?.typing.values() ?? [])].map(({ name }) => name);
    const text = names.length === 0 ? "" : names.length > 2 ? "Several people are typing …"
      : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing …`;
    const typing = $("#typing");
    if (typing.textContent !== text) typing.textContent = text;
  }
}

function stateIcon(state) {
  const [name, label] = { sent: ["check", "sent"], delivered: ["checks", "delivered"], read: ["checks", "read"] }[state];
  return h("span", { class: `state ${state}`, title: label }, icon(name), h("span", { class: "sr" }, label));
}
