// Making elements. Text is always text: nothing here, or elsewhere in this client, reads HTML from a string.

/** An element: `h("button", {class: "x", onclick: f, "aria-label": "…"}, child, …)`. null and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (selector, within = document) => within.querySelector(selector);

const PATHS = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  send: "M4 12l16-8-5 16-3-7-8-1z",
  attach: "M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.4 3.4 0 015 5l-8.500 8.500a1.700 1.700 0 01-2.500-2.500L14.500 7.500",
  more: "M12 6h.01M12 12h.01M12 18h.01",
  smile: "M12 3a9 9 0 100 18 9 9 0 000-18zM8.500 14.500a4.500 4.500 0 007 0M9 9.500h.01M15 9.500h.01",
  reply: "M10 6L4 12l6 6M4 12h9a7 7 0 017 7",
  edit: "M4 20l1-5L16 4l4 4L9 19l-5 1z",
  remove: "M4 7h16M10 7V4h4v3M6 7l1 13h10l1-13",
  close: "M6 6l12 12M18 6L6 18",
  info: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 8h.01",
  search: "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5",
  people: "M9 4a4 4 0 100 8 4 4 0 000-8zM2 20c0-4 3-6 7-6s7 2 7 6M16 4.500a4 4 0 010 7.500M18.500 14.500c2 .8 3.500 2.700 3.500 5.500",
  muted: "M18 16V11a6 6 0 00-9-5.200M6 10v6l-2 2h13M10 21h4M3 3l18 18",
  down: "M12 5v14M6 13l6 6 6-6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M3 13l5 5L20 6",
  checks: "M1 13l5 5L17 6M11 17l1 1L23 6",
  clock: "M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4l3 2",
  alert: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v6M12 16.500h.01",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
  settings: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4",
};

/** A picture that says nothing: whoever uses it has a label. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button that is an icon. */
export function iconButton(name, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties }, icon(name));
}

/** The first letters of a name on a colour that is always the same for it. */
export function avatar(id, name, presence = null) {
  const letters = [...name.trim()].length ? name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("") : "?";
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return h(
    "span", { class: `avatar hue-${sum % 8}`, "aria-hidden": "true" }, letters.toUpperCase(),
    presence && h("span", { class: `dot ${presence}` }));
}

/** Makes `parent`'s children these, moving as few as possible, and keeps the focus where it is. */
export function arrange(parent, elements) {
  const focused = document.activeElement;
  const wanted = new Set(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  if (focused && focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

let toastTimer = 0;

/** Tells what went wrong, and what to do. */
export function complain(error) {
  if (error?.name === "AbortError" || error?.final) return;
  tell(error?.advice ?? error?.message ?? String(error), true);
}

export function tell(text, isError = false) {
  const toast = $("#toast");
  toast.textContent = text;
  toast.className = isError ? "shown error" : "shown";
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.className = ""), isError ? 8000 : 4000);
}

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const dateFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export const clockTime = (time) => timeFormat.format(new Date(time));
export const fullTime = (time) => fullFormat.format(new Date(time));
export const isSameDay = (a, b) => dayOf(new Date(a)) === dayOf(new Date(b));

export function dayName(time) {
  const days = Math.round((dayOf(new Date()) - dayOf(new Date(time))) / 86_400_000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : dayFormat.format(new Date(time));
}

export function shortTime(time) {
  const date = new Date(time);
  const days = Math.round((dayOf(new Date()) - dayOf(date)) / 86_400_000);
  return days === 0 ? timeFormat.format(date) : days < 7 ? weekdayFormat.format(date) : dateFormat.format(date);
}

/** "just now", "5 minutes ago", "yesterday". */
export function ago(time) {
  const minutes = Math.round((Date.now() - new Date(time)) / 60_000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (minutes < 1) return "just now";
  if (minutes < 60) return format.format(-minutes, "minute");
  if (minutes < 24 * 60) return format.format(-Math.round(minutes / 60), "hour");
  return format.format(-Math.round(minutes / 1440), "day");
}

/** A body as nodes: links, code, and mentions; line breaks are the style's. */
export function formatted(body, ownName) {
  const parts = [];
  let rest = 0;
  for (const match of body.matchAll(/```([\s\S]+?)```|`([^`\n]+)`|https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]|@[A-Za-z0-9._-]{3,32}/g)) {
    const [text, block, code] = match;
    if (text[0] === "@" && match.index > 0 && /\w/.test(body[match.index - 1])) continue;
    parts.push(body.slice(rest, match.index));
    rest = match.index + text.length;
    if (block !== undefined) {
      parts.push(h("pre", {}, block.replace(/^\n|\n$/g, "")));
      if (body[rest] === "\n") rest += 1;
    } else if (code !== undefined) parts.push(h("code", {}, code));
    else if (text[0] === "@") {
      const isOwn = text.slice(1).toLowerCase() === ownName.toLowerCase();
      parts.push(h("span", { class: isOwn ? "mention own" : "mention" }, text));
    } else parts.push(h("a", { href: text, target: "_blank", rel: "noopener noreferrer nofollow" }, text));
  }
  parts.push(body.slice(rest));
  return parts;
}
