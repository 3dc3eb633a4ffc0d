// Puts the pieces together: starts the window, carries actions out, and shows what comes back.

import { giveBack, openDraft, startComposer } from "./composer.js";
import { byId, disc, h, icon, keep, kept, randomId, unseen } from "./dom.js";
import { closeForm, formRefused, showForm } from "./form.js";
import { get, Live, Outbox, Refused } from "./net.js";
import { addChannel, switchPeople, welcome } from "./people.js";
import {
  addPrivate, apply, begin, changePrivate, channel, hear, isUnread, markRead, nameOf, outboxKey, state, titleOf,
} from "./state.js";
import { atEnd, drawTimeline, noticeNewer, showMessage, showPrivate, startTimeline, toEnd } from "./timeline.js";

const HINT_SEEN = "hearth:hint-seen";
let outbox = null;
let connected = true;
let trouble = "";

// Who and where

async function start() {
  const query = new URLSearchParams(location.search);
  const who = query.get("as") ?? "";
  begin(await patiently(() => get("/chat/state", { as: who })));
  byId("brand-name").textContent = state.bot;
  document.title = state.bot;
  for (const [id, name] of [["menu", "menu"], ["side-close", "close"], ["channel-add", "plus"]]) byId(id).append(icon(name));
  if (!state.me) {
    byId("app").inert = true;
    welcome(who);
    return;
  }
  byId("me").append(disc(state.me.id, state.me.name), h("span", { class: "me-name" }, state.me.name), unseen(": change who you are"), icon("people"));
  byId("me").addEventListener("click", switchPeople);
  byId("channel-add").addEventListener("click", () => addChannel((made) => {
    apply({ kind: "channel", thing: made });
    go(made.id);
  }));
  startSide();
  startTimeline({ press, react, dismiss, older, read: readHere });
  startComposer(say);
  outbox = new Outbox(outboxKey(), { settled, refused, changed: () => state.here && draw() });
  showHint();
  const wanted = query.get("channel") ?? "";
  await go(state.channels.has(wanted) ? wanted : firstChannel(), { message: Number(query.get("message")) || 0, replace: true });
  outbox.run();
  new Live({ address: liveAddress, heard, up, down }).connect();
  addEventListener("popstate", () => {
    const there = new URLSearchParams(location.search).get("channel");
    if (state.channels.has(there)) go(there, { silent: true });
  });
  document.addEventListener("visibilitychange", readHere);
}

const firstChannel = () => (state.channels.has("general") ? "general" : [...state.channels.keys()][0]);

/** Ask until the server can be reached. */
async function patiently(ask) {
  for (let pause = 300; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const data = await ask();
      showStatus();
      return data;
    } catch (failure) {
      if (failure instanceof Refused) throw failure;
      trouble = "Cannot reach the chat just now. Trying again…";
      showStatus();
      await new Promise((resolve) => setTimeout(resolve, pause));
      trouble = "";
    }
  }
}

async function go(id, { message = 0, replace = false, silent = false } = {}) {
  state.here = id;
  const query = new URLSearchParams({ as: state.me.id, channel: id });
  if (!silent) history[replace ? "replaceState" : "pushState"](null, "", `?${query}`);
  closeSide();
  byId("log").setAttribute("aria-busy", "true");
  if (!state.messages.has(id) || message) {
    const page = await patiently(() => get("/chat/messages", { as: state.me.id, channel: id, around: message }));
    if (!state.messages.has(id) || message) state.messages.set(id, { list: page.messages, more: page.more });
    if (state.here !== id) return;
  }
  byId("where").textContent = titleOf(channel());
  byId("log").setAttribute("aria-label", `Messages in ${titleOf(channel())}`);
  openDraft();
  draw();
  byId("log").removeAttribute("aria-busy");
  if (message) showMessage(message);
  else toEnd();
  readHere();
  if (matchMedia("(hover: hover)").matches) byId("text").focus();
}

async function older() {
  const loaded = state.messages.get(state.here);
  const here = state.here;
  try {
    const page = await get("/chat/messages", { as: state.me.id, channel: here, before: loaded.list[0].id });
    loaded.list.unshift(...page.messages);
    loaded.more = page.more;
    draw();
  } catch {
    showTrouble("The earlier messages could not be read just now. Please try again.");
  }
}

function readHere() {
  const it = channel();
  if (it && !document.hidden && atEnd() && markRead(it.id, it.last)) drawSide();
}

// Doing

const where = () => ({ as: state.me.id, channel: state.here });

function say(text) {
  outbox.add("/chat/say", { ...where(), text });
  toEnd();
}

function press(call, source) {
  return outbox.add("/chat/press", { ...where(), call, message: source.message ?? null }, { source });
}

function react(message, emoji, added) {
  outbox.add("/chat/react", { ...where(), message: message.id, emoji, added });
}

function dismiss(id) {
  changePrivate(id, null);
  draw();
  byId("text").focus();
}

function settled({ body, about }, answer) {
  const asked = body.text ?? "";
  const source = about.source ?? {};
  if (answer.kind === "ask") {
    const form = answer.form;
    const submit = (values) => outbox.add(
      "/chat/submit",
      { as: body.as, channel: body.channel, call: form.call, values, message: source.message ?? null },
      { source: { ...source, asked: source.asked ?? asked }, form: true },
    );
    showForm(answer, submit);
    return;
  }
  if (about.form) closeForm();
  if (answer.kind === "said" || answer.kind === "posted") take({ kind: "message", thing: answer.message }, apply);
  if (answer.kind === "redraw" && source.entry && changePrivate(source.entry, { card: answer.card, at: answer.at })) draw();
  else if (answer.kind === "private" || answer.kind === "redraw") {
    const id = randomId();
    addPrivate(body.channel, { id, card: answer.card, at: answer.at, asked: asked || source.asked || "" });
    draw();
    if (body.channel === state.here) showPrivate(id);
  }
}

function refused({ path, body, about }, sentence) {
  if (about.form && formRefused(sentence)) return;
  if (path === "/chat/say" && body.channel === state.here) giveBack(body.text, sentence);
  else showTrouble(sentence);
}

// Hearing

const liveAddress = () =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat/live?${new URLSearchParams({ as: state.me.id, since: state.seq })}`;

function heard(frame) {
  if (frame.kind === "hello") {
    // Another store under the same address: a demo that was started anew. Nothing here is true any more.
    if (frame.store !== state.store) location.reload();
    else if (frame.version !== state.version) showUpdated();
    return;
  }
  if (frame.kind === "reset") {
    reread();
    return;
  }
  take(frame, hear);
}

function take(frame, how) {
  const arrived = how(frame);
  const here = frame.kind === "message" && frame.thing.channel === state.here;
  if (here || frame.kind === "person") draw();
  if (arrived && here && arrived.author !== state.me.id) noticeNewer();
  readHere();
  drawSide();
}

/** Too much was missed to be told one by one. */
async function reread() {
  const privates = state.privates;
  begin(await patiently(() => get("/chat/state", { as: state.me.id })));
  state.privates = privates;
  state.messages.clear();
  await go(state.here, { replace: true });
}

function up() {
  connected = true;
  outbox.hurry();
  showStatus();
}

function down() {
  connected = false;
  showStatus();
}

// Showing

function draw() {
  drawTimeline(outbox.items);
  showStatus();
  drawSide();
}

function showStatus() {
  const waiting = outbox?.items.length ?? 0;
  let words = trouble;
  if (!connected) {
    words = "The connection is lost. Trying again…";
    if (waiting) words += waiting === 1 ? " What you did is kept and will be sent." : ` The ${waiting} things you did are kept and will be sent.`;
  }
  const status = byId("status");
  if (status.dataset.words === words) return;
  status.dataset.words = words;
  status.replaceChildren(words);
}

let troubleTimer = 0;
function showTrouble(sentence) {
  trouble = sentence;
  showStatus();
  clearTimeout(troubleTimer);
  troubleTimer = setTimeout(() => {
    trouble = "";
    showStatus();
  }, 8000);
}

function showUpdated() {
  byId("status").replaceChildren(`${state.bot} has been updated. `, h("button", { type: "button", class: "text-button", on: { click: () => location.reload() } }, "Reload"));
}

function showHint() {
  const hint = byId("hint");
  if (kept(localStorage, HINT_SEEN, false)) return;
  const done = h("button", { type: "button", class: "text-button", "aria-label": "Hide this hint" }, "Got it");
  done.addEventListener("click", () => {
    keep(localStorage, HINT_SEEN, true);
    hint.hidden = true;
    byId("text").focus();
  });
  hint.append("Try ", h("code", {}, "/cop list"), ", or press ", h("kbd", {}, "/"), ` to see what ${state.bot} can do.`, done);
  hint.hidden = false;
}

// The side

function startSide() {
  byId("menu").addEventListener("click", openSide);
  byId("side-close").addEventListener("click", () => closeSide({ focus: true }));
  byId("shade").addEventListener("click", () => closeSide({ focus: true }));
  byId("side").addEventListener("keydown", (event) => event.key === "Escape" && closeSide({ focus: true }));
}

function openSide() {
  document.body.classList.add("side-open");
  byId("menu").setAttribute("aria-expanded", "true");
  byId("shade").hidden = false;
  byId("side-close").focus();
}

function closeSide({ focus = false } = {}) {
  if (!document.body.classList.contains("side-open")) return;
  document.body.classList.remove("side-open");
  byId("menu").setAttribute("aria-expanded", "false");
  byId("shade").hidden = true;
  if (focus) byId("menu").focus();
}

function sideRow(it) {
  const unread = isUnread(it) && it.id !== state.here;
  const mark = it.direct
    ? h("img", { class: "side-flame", src: new URL("flame.svg", import.meta.url).pathname, alt: "" })
    : h("span", { class: "hash", "aria-hidden": "true" }, "#");
  const row = h(
    "a",
    {
      class: unread ? "side-row unread" : "side-row", data: { channel: it.id },
      href: `?${new URLSearchParams({ as: state.me.id, channel: it.id })}`, "aria-current": it.id === state.here ? "page" : null,
    },
    mark, h("span", { class: "side-name" }, it.direct ? state.bot : it.name),
    unread ? h("span", { class: "dot" }, unseen("unread")) : null,
  );
  row.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(it.id);
  });
  return h("li", {}, row);
}

let sideDrawn = "";
function drawSide() {
  const all = [...state.channels.values()].sort((a, b) => a.name.localeCompare(b.name));
  const signature = JSON.stringify([state.here, all.map((it) => [it.id, it.name, isUnread(it)])]);
  if (signature === sideDrawn) return;
  sideDrawn = signature;
  const focused = document.activeElement?.dataset?.channel;
  byId("channels").replaceChildren(...all.filter((it) => !it.direct).map(sideRow));
  byId("directs").replaceChildren(...all.filter((it) => it.direct).map(sideRow));
  if (focused) document.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
  const unread = all.filter((it) => isUnread(it) && it.id !== state.here).length;
  byId("menu").classList.toggle("unread", unread > 0);
  byId("menu").setAttribute("aria-label", unread ? `Channels and people, ${unread} unread` : "Channels and people");
  document.title = `${unread ? `(${unread}) ` : ""}${titleOf(channel())} · ${nameOf(state.me.id)} · ${state.bot}`;
}

start();
