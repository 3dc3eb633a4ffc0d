// The conversation: messages, private replies and what is still on its way, drawn by difference.

import { cardElement, words } from "./card.js";
import { byId, disc, h, icon, unseen } from "./dom.js";
import { openPicker, reactionRow } from "./reactions.js";
import { channel, nameOf, state, titleOf } from "./state.js";
import { dayName, refreshMoments, stamp } from "./time.js";

const TOGETHER = 5 * 60 * 1000; // messages of one author this close share a heading
const NEAR = 90; // pixels from the end that still count as reading along

const log = byId("log");
const newer = byId("newer");
let drawn = new Map();
let drawnFor = "";
let actions = {};

/** `actions`: press(call, source), react(message, emoji, added), dismiss(id), older(), read(). */
export function startTimeline(given) {
  actions = given;
  newer.prepend(icon("down"));
  newer.addEventListener("click", () => toEnd("smooth"));
  log.addEventListener("scroll", () => {
    if (atEnd()) {
      newer.hidden = true;
      actions.read();
    }
  }, { passive: true });
  setInterval(() => refreshMoments(log), 30_000);
  new ResizeObserver(() => stuck && toEnd()).observe(log);
}

let stuck = true;
export const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;

export function toEnd(behavior = "instant") {
  log.scrollTo({ top: log.scrollHeight, behavior });
  stuck = true;
  newer.hidden = true;
}

/** Bring the page in line with the state; `pending` is what the outbox still holds. */
export function drawTimeline(pending) {
  const fresh = drawnFor !== state.here;
  if (fresh) {
    log.replaceChildren();
    drawn = new Map();
    drawnFor = state.here;
  }
  stuck = fresh || atEnd();
  const before = log.scrollHeight - log.scrollTop;
  const wasFirst = log.querySelector(".message")?.dataset.id;
  const items = entries(pending);
  place(items);
  const first = log.querySelector(".message")?.dataset.id;
  if (stuck) toEnd();
  else if (wasFirst && first !== wasFirst) log.scrollTop = log.scrollHeight - before; // older ones came on top
}

/** Say that something new stands below what is being read. */
export function noticeNewer() {
  if (!stuck) newer.hidden = false;
}

/** Show a private reply from its beginning, also when it is taller than the window. */
export function showPrivate(id) {
  toEnd();
  const element = log.querySelector(`[data-private="${id}"]`);
  if (!element || element.offsetHeight <= log.clientHeight) return;
  stuck = false;
  element.scrollIntoView({ block: "start" });
}

export function showMessage(id) {
  const element = log.querySelector(`[data-id="${id}"]`);
  if (!element) return;
  stuck = false;
  element.scrollIntoView({ block: "center" });
  element.classList.add("pointed");
}

function entries(pending) {
  const { list, more } = state.messages.get(state.here) ?? { list: [], more: false };
  const privates = state.privates[state.here] ?? [];
  const things = list.map((message) => ({ sort: [message.id, 0, 0], message, at: message.at, author: message.author }));
  const first = list[0]?.id ?? 0;
  privates.forEach((entry, place) => {
    if (!more || entry.after >= first) things.push({ sort: [entry.after, 1, place], entry, at: entry.at });
  });
  things.sort((a, b) => a.sort[0] - b.sort[0] || a.sort[1] - b.sort[1] || a.sort[2] - b.sort[2]);

  const items = [];
  if (more) items.push({ key: "more", mark: "", make: moreButton });
  else items.push({ key: "start", mark: String(things.length > 0), make: () => beginning(things.length === 0) });
  let last = null;
  for (const thing of things) {
    const date = new Date(thing.at);
    const day = dayName(date);
    if (last?.day !== day) items.push({ key: `day-${date.toDateString()}`, mark: day, make: () => dayLine(day) });
    const joins = thing.message && last?.message && last.day === day && last.author === thing.author
      && date - last.date < TOGETHER && !thing.message.card && !last.message.card;
    if (thing.message) {
      const { message } = thing;
      items.push({
        key: `message-${message.id}`, mark: `${message.seq} ${joins} ${nameOf(message.author)}`,
        make: () => messageElement(message, date, joins),
      });
    } else {
      const { entry } = thing;
      items.push({ key: `private-${entry.id}`, mark: entry.at, make: () => privateElement(entry, date) });
    }
    last = { ...thing, day, date };
  }
  for (const item of pending) {
    if (item.path === "/chat/say" && item.body.channel === state.here) {
      items.push({ key: `pending-${item.id}`, mark: "", make: () => pendingElement(item) });
    }
  }
  return items;
}

function place(items) {
  const wanted = new Set(items.map((item) => item.key));
  for (const [key, { element }] of drawn) {
    if (wanted.has(key)) continue;
    element.remove();
    drawn.delete(key);
  }
  let cursor = log.firstChild;
  for (const item of items) {
    const known = drawn.get(item.key);
    if (known?.mark === item.mark) {
      if (known.element === cursor) cursor = cursor.nextSibling;
      else log.insertBefore(known.element, cursor);
      continue;
    }
    const element = item.make();
    if (known) {
      const focused = known.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      if (known.element === cursor) cursor = cursor.nextSibling;
      known.element.replaceWith(element);
      // The control that had the keyboard keeps it, or its successor, or at least its message.
      if (focused) (element.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? element.querySelector("button"))?.focus();
    } else log.insertBefore(element, cursor);
    drawn.set(item.key, { element, mark: item.mark });
  }
}

function moreButton() {
  const button = h("button", { type: "button", class: "button more" }, "Show earlier messages");
  button.addEventListener("click", () => actions.older());
  return button;
}

function beginning(empty) {
  const it = channel();
  const welcome = it.direct
    ? `What ${state.bot} tells you alone appears here: reminders, answers, things waiting for you. You can also talk to it here with /cop.`
    : empty
      ? "Nothing has been said here yet. Say hello, or press / to see what Hearth can do.".replace("Hearth", state.bot)
      : "This is where the channel begins.";
  const title = it.direct ? `You and ${state.bot}` : titleOf(it);
  return h("div", { class: empty ? "beginning empty" : "beginning" }, h("p", { class: "beginning-title" }, title), h("p", {}, welcome));
}

const dayLine = (day) => h("div", { class: "day" }, h("span", {}, day));

function face(author) {
  if (author !== "") return disc(author, nameOf(author));
  return h("img", { class: "disc", src: new URL("flame.svg", import.meta.url).pathname, alt: "" });
}

function heading(author, date, note = null) {
  const badge = author === "" ? h("span", { class: "badge" }, "bot") : null;
  return h("div", { class: "heading" }, h("span", { class: "author" }, nameOf(author)), badge, stamp(date), note);
}

function messageElement(message, date, joins) {
  const label = `${nameOf(message.author)}, ${stamp(date).textContent}`;
  const press = (call) => actions.press(call, { message: message.id });
  const content = message.card
    ? cardElement(message.card, { me: state.me.id, press })
    : h("p", { class: "said" }, words(message.text));
  const add = h("button", {
    type: "button", class: "icon-button add-reaction", data: { key: "add-reaction" },
    "aria-label": `React to the message of ${nameOf(message.author)}`, "aria-haspopup": "dialog", title: "React",
  }, icon("smile"));
  add.addEventListener("click", () => openPicker(add, message, (emoji) => actions.react(message, emoji, true)));
  return h(
    "article",
    { class: joins ? "message joined" : "message", "aria-label": label, data: { id: message.id } },
    joins ? stamp(date, "stamp gutter") : face(message.author),
    h("div", { class: "body" }, joins ? null : heading(message.author, date), content,
      reactionRow(message, (emoji, added) => actions.react(message, emoji, added))),
    add,
  );
}

function privateElement(entry, date) {
  const press = (call) => actions.press(call, { entry: entry.id });
  const dismiss = h("button", {
    type: "button", class: "text-button", "aria-label": "Dismiss this message only you can see", data: { key: "dismiss" },
  }, "Dismiss");
  dismiss.addEventListener("click", () => actions.dismiss(entry.id));
  return h(
    "article",
    { class: "message private", "aria-label": `${state.bot}, only visible to you`, data: { private: entry.id } },
    face(""),
    h("div", { class: "body" },
      h("p", { class: "only-you" }, icon("lock"), "Only visible to you", entry.asked ? h("code", {}, entry.asked) : null, dismiss),
      heading("", date),
      cardElement(entry.card, { me: state.me.id, press })),
  );
}

function pendingElement(item) {
  const command = item.body.text.startsWith("/");
  return h(
    "article",
    { class: "message pending", "aria-label": `${state.me.name}, on its way` },
    disc(state.me.id, state.me.name),
    h("div", { class: "body" },
      h("div", { class: "heading" }, h("span", { class: "author" }, state.me.name), h("span", { class: "stamp" }, command ? "one moment…" : "sending…")),
      h("p", { class: "said" }, item.body.text), unseen("on its way")),
  );
}
