// The message box: drafts that survive, and after a slash the commands and values that fit.

import { byId, h, icon, keep, kept } from "./dom.js";
import { Listbox } from "./listbox.js";
import { post } from "./net.js";
import { draftKey, state, titleOf, channel } from "./state.js";

const PAUSE = 110; // milliseconds of no typing before completions are asked for

const text = byId("text");
const panel = byId("panel");
const panelHint = byId("panel-hint");
const refusal = byId("refusal");
const list = new Listbox(text, byId("panel-list"), (option) => accept(option));
let send = () => {};
let timer = 0;
let asked = 0;

/** `send(text)` is given what was typed, once it may be sent. */
export function startComposer(given) {
  send = given;
  byId("send").append(icon("send"));
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener("input", changed);
  text.addEventListener("click", complete);
  text.addEventListener("blur", () => setTimeout(() => document.activeElement === text || close(), 100));
  text.addEventListener("keydown", keys);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    text.focus();
    if (!text.value) write("/");
  });
}

/** Show the draft of the channel that is open now. */
export function openDraft() {
  const it = channel();
  text.setAttribute("aria-label", `Message ${titleOf(it)}`);
  const roomy = matchMedia("(min-width: 481px)").matches;
  text.placeholder = `Message ${titleOf(it)}${roomy ? ", or / for a command" : ""}`;
  refusal.textContent = "";
  write(kept(sessionStorage, draftKey(), ""), { quietly: true });
}

/** Give back what could not be sent, with the reason; what was typed meanwhile stays. */
export function giveBack(words, reason) {
  if (!text.value) write(words, { quietly: true });
  refusal.textContent = reason;
}

function write(words, { quietly = false } = {}) {
  text.value = words;
  text.setSelectionRange(words.length, words.length);
  if (quietly) {
    grow();
    close();
  } else changed();
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, innerHeight * 0.4)}px`;
}

function changed() {
  grow();
  keep(sessionStorage, draftKey(), text.value || null);
  const over = [...text.value].length - state.limit;
  refusal.textContent = over > 0
    ? `A message may have at most ${state.limit.toLocaleString("en")} characters; this has ${over.toLocaleString("en")} too many.`
    : "";
  complete();
}

function submit() {
  const words = text.value.trim();
  if (!words) {
    text.focus();
    return;
  }
  if ([...words].length > state.limit) return;
  write("", { quietly: true });
  keep(sessionStorage, draftKey(), null);
  text.focus();
  send(words);
}

function keys(event) {
  if (event.isComposing) return;
  if (!panel.hidden && list.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    list.move(event.key === "ArrowDown" ? 1 : -1);
  } else if (!panel.hidden && event.key === "Escape") close();
  else if (!panel.hidden && event.key === "Tab" && !event.shiftKey && list.first) accept(list.active ?? list.first);
  else if (event.key === "Enter" && !event.shiftKey) {
    if (!panel.hidden && list.active && !list.active.whole) accept(list.active);
    else submit();
  } else return;
  event.preventDefault();
}

function close() {
  clearTimeout(timer);
  asked += 1;
  panel.hidden = true;
  list.hide();
}

function accept(option) {
  const after = text.value.slice(text.selectionEnd);
  const before = option.before + option.insert + (after.startsWith(" ") ? "" : " ");
  text.value = before + after;
  text.setSelectionRange(before.length, before.length);
  text.focus();
  changed();
}

// Which command

/** How a command is typed: the group `cop` is its own prefix. */
export const typedPath = (path) => `/cop ${path.startsWith("cop ") ? path.slice(4) : path}`;

function parameters(command) {
  return command.fields.map((field) => (field.required ? field.name : `[${field.name}]`)).join(" ");
}

/** The words after `/` and `cop`, and the command they name once a space follows it. */
function readPath(typed) {
  const words = typed.slice(1).trimStart().replace(/^cop(\s+|$)/i, "").toLowerCase();
  const command = state.commands.find((it) => {
    const path = it.path.toLowerCase();
    return [path, path.replace(/^cop /, "")].some((form) => words.startsWith(`${form} `));
  });
  return { words: words.trimEnd(), command };
}

function fits(command, words) {
  const path = command.path.replace(/^cop /, "");
  if (path.startsWith(words) || command.path.startsWith(words)) return 0;
  const parts = words.split(/\s+/);
  if (parts.every((part) => path.split(" ").some((word) => word.startsWith(part)))) return 1;
  return parts.every((part) => `${path} ${command.summary}`.toLowerCase().includes(part)) ? 2 : 9;
}

function complete() {
  clearTimeout(timer);
  asked += 1;
  const typed = text.value.slice(0, text.selectionEnd);
  if (!typed.startsWith("/") || typed.includes("\n")) {
    close();
    return;
  }
  const { words, command } = readPath(typed);
  if (command) {
    list.hide(); // what was offered for the text before must not be taken for this one
    panelHint.replaceChildren(...signature(command));
    panel.hidden = false;
    timer = setTimeout(() => completeValue(typed, command), PAUSE);
    return;
  }
  const options = state.commands
    .map((it, place) => ({ it, rank: fits(it, words), place }))
    .filter(({ rank }) => rank < 9)
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ it }) => ({
      label: typedPath(it.path), side: parameters(it), detail: it.summary, before: "", insert: typedPath(it.path),
      whole: typed.trimEnd() === typedPath(it.path),
    }));
  panelHint.replaceChildren(options.length ? "Commands. Arrow keys choose, Tab or Enter takes." : "No command is called that. Send it to see the nearest ones.");
  list.show(options, 0);
  panel.hidden = false;
}

async function completeValue(typed, command) {
  const turn = asked;
  let found = { options: [] };
  try {
    found = await post("/chat/complete", { as: state.me.id, channel: state.here, text: typed });
  } catch {
    // Without completions the command can still be typed.
  }
  if (turn !== asked || document.activeElement !== text) return;
  const field = command.fields.find((it) => it.name === found.param);
  panelHint.replaceChildren(...signature(command, field));
  list.show(found.options.map((option) => ({
    label: option.label, side: option.value === option.label ? "" : option.value, before: found.before, insert: option.insert,
  })));
  panel.hidden = false;
}

/** The command with its parameters, the one being typed marked, and what is asked for there. */
function signature(command, field) {
  const names = command.fields.map((it) => h(
    it === field ? "strong" : "span", { class: "param" }, it.required ? it.name : `[${it.name}]`,
  ));
  const about = field
    ? h("span", { class: "panel-about" }, [field.label, field.hint].filter(Boolean).join(": "), field.required ? "" : " (optional)")
    : h("span", { class: "panel-about" }, command.summary);
  return [h("span", { class: "panel-path" }, typedPath(command.path)), " ", ...names.flatMap((name) => [name, " "]), about];
}
