// Reactions under messages, and the small picker that adds one.

import { h } from "./dom.js";
import { nameOf, state } from "./state.js";

export const spoken = (emoji) => emoji.replaceAll("_", " ");
const drawn = (emoji) => state.emoji[emoji] ?? `:${emoji}:`;

function names(people) {
  const all = people.map((id) => (id === state.me.id ? "you" : nameOf(id)));
  return all.length > 1 ? `${all.slice(0, -1).join(", ")} and ${all.at(-1)}` : (all[0] ?? "");
}

/** The reactions of a message as toggles; nothing when there are none. */
export function reactionRow(message, toggle) {
  if (!message.reactions.length) return null;
  const chips = message.reactions.map(({ emoji, people }) => {
    const mine = people.includes(state.me.id);
    const chip = h("button", {
      type: "button", class: "chip", "aria-pressed": String(mine), data: { key: `react-${emoji}` },
      "aria-label": `${spoken(emoji)}: ${names(people)}`, title: `${names(people)} · ${spoken(emoji)}`,
    }, h("span", { class: "emoji" }, drawn(emoji)), h("span", { class: "count" }, String(people.length)));
    chip.addEventListener("click", () => toggle(emoji, !mine));
    return chip;
  });
  return h("div", { class: "reactions", role: "group", "aria-label": "Reactions" }, chips);
}

const COLUMNS = 8;
let open = null;

/** Show the picker beside `anchor`; `choose` gets the short name. Escape or a click elsewhere closes it. */
export function openPicker(anchor, message, choose) {
  if (open) {
    const again = open.anchor === anchor;
    open.close();
    if (again) return;
  }
  const order = state.picker;
  const buttons = order.map((name, place) => h("button", {
    type: "button", class: "pick", tabindex: place === 0 ? "0" : "-1", "aria-label": spoken(name), title: spoken(name),
  }, drawn(name)));
  const picker = h("div", { class: "picker", role: "dialog", "aria-label": "Choose a reaction" }, buttons);

  const close = () => {
    picker.remove();
    document.removeEventListener("pointerdown", outside, true);
    open = null;
  };
  const outside = (event) => {
    if (!picker.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const go = (place) => {
    const target = buttons[Math.max(0, Math.min(place, buttons.length - 1))];
    buttons.forEach((button) => button.setAttribute("tabindex", button === target ? "0" : "-1"));
    target.focus();
  };
  buttons.forEach((button, place) => button.addEventListener("click", () => {
    close();
    if (anchor.isConnected) anchor.focus();
    choose(order[place]);
  }));
  picker.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (step) go(buttons.indexOf(document.activeElement) + step);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(buttons.length - 1);
    else if (event.key === "Escape" || event.key === "Tab") {
      close();
      anchor.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  document.body.append(picker);
  const spot = anchor.getBoundingClientRect();
  const { width, height } = picker.getBoundingClientRect();
  const below = spot.bottom + height + 8 < innerHeight;
  picker.style.left = `${Math.max(8, Math.min(spot.right - width, innerWidth - width - 8))}px`;
  picker.style.top = `${below ? spot.bottom + 4 : Math.max(8, spot.top - height - 4)}px`;
  document.addEventListener("pointerdown", outside, true);
  open = { anchor, close };
  buttons[0].focus();
}
