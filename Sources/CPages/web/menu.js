// A menu at an element: arrows, Home, End and Escape as people expect them.
import { $, h, icon } from "./dom.js";

let opener = null;

/** Items are {label, icon?, isDangerous?, run}, or {grid: [{label, run}]} for a row of small ones. */
export function openMenu(anchor, items) {
  const menu = $("#menu");
  if (!menu.hidden) closeMenu();
  opener = anchor.closest("button") ?? document.activeElement;
  const button = ({ label, icon: name, isDangerous, run }, isSmall) =>
    h(
      "button", {
        type: "button", role: "menuitem", tabIndex: -1, class: isSmall ? "small" : isDangerous ? "dangerous" : "",
        onclick: () => { closeMenu(); run(); },
      }, name && icon(name), label);
  menu.replaceChildren(...items.map((item) =>
    item.grid ? h("div", { class: "grid", role: "group", "aria-label": "Reactions" }, item.grid.map((one) => button(one, true))) : button(item, false)));
  menu.hidden = false;
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(8, Math.min(at.right - width, innerWidth - width - 8));
  const below = at.bottom + 4;
  const top = below + height < innerHeight - 8 ? below : Math.max(8, at.top - height - 4);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
  $("button", menu)?.focus();
}

export function closeMenu() {
  const menu = $("#menu");
  if (menu.hidden) return;
  menu.hidden = true;
  menu.replaceChildren();
  if (opener?.isConnected) opener.focus({ preventScroll: true });
  opener = null;
}

/** Once, at the start. */
export function setUpMenu() {
  const menu = $("#menu");
  document.addEventListener("pointerdown", (event) => !menu.contains(event.target) && closeMenu(), true);
  addEventListener("resize", closeMenu);
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    const to = {
      ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[(to + items.length) % items.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      closeMenu();
    }
  });
}
