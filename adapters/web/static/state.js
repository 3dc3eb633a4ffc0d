// What this window knows: who it is, the people and channels, and the messages it has read so far.

import { keep, kept } from "./dom.js";

const PRIVATE_KEPT = 30;

export const state = {
  bot: "Hearth",
  me: null,
  people: new Map(),
  channels: new Map(),
  commands: [],
  emoji: {},
  picker: [],
  limit: 4000,
  store: "",
  version: "",
  seq: 0,
  here: "",
  /** channel id → {list: messages, oldest first; more: whether older ones exist} */
  messages: new Map(),
  /** channel id → private replies, which live in this tab only */
  privates: {},
  /** channel id → id of the last message read */
  read: {},
};

const privatesKey = () => `hearth:private:${state.store}:${state.me.id}`;
const readKey = () => `hearth:read:${state.store}:${state.me.id}`;
export const outboxKey = () => `hearth:outbox:${state.store}:${state.me.id}`;
export const draftKey = () => `hearth:draft:${state.store}:${state.me.id}:${state.here}`;

/** Take in what the server knows; what was read counts from the first visit on. */
export function begin(data) {
  Object.assign(state, {
    bot: data.bot, me: data.me, commands: data.commands, emoji: data.emoji, picker: data.picker,
    limit: data.limit, store: data.store, version: data.version, seq: data.seq,
  });
  state.people = new Map(data.people.map((person) => [person.id, person]));
  state.channels = new Map(data.channels.map((channel) => [channel.id, channel]));
  if (!state.me) return;
  state.privates = kept(sessionStorage, privatesKey(), {});
  state.read = kept(localStorage, readKey(), null) ?? Object.fromEntries(data.channels.map((c) => [c.id, c.last]));
  keep(localStorage, readKey(), state.read);
}

/**
 * Take in one change that the live connection told. Only these move the number to catch up from: an answer to
 * an action may be ahead of changes that are still to be told.
 */
export function hear(frame) {
  state.seq = Math.max(state.seq, frame.thing.seq);
  return apply(frame);
}

/** Take in one change. Returns the message if it is new here, so that its arrival can be noticed. */
export function apply({ kind, thing }) {
  if (kind === "person") state.people.set(thing.id, thing);
  if (kind === "channel") {
    const known = state.channels.get(thing.id);
    state.channels.set(thing.id, { ...thing, last: Math.max(thing.last, known?.last ?? 0) });
  }
  return kind === "message" ? applyMessage(thing) : null;
}

function applyMessage(message) {
  const channel = state.channels.get(message.channel);
  const isNew = channel && message.id > channel.last;
  if (isNew) channel.last = message.id;
  if (isNew && message.author === state.me.id) markRead(message.channel, message.id);
  const loaded = state.messages.get(message.channel);
  if (loaded) {
    const place = loaded.list.findIndex((known) => known.id >= message.id);
    const known = loaded.list[place];
    if (known?.id === message.id) {
      if (message.seq >= known.seq) loaded.list[place] = message;
    } else if (place === -1) loaded.list.push(message);
    else if (place > 0 || !loaded.more) loaded.list.splice(place, 0, message);
  }
  return isNew ? message : null;
}

export const channel = () => state.channels.get(state.here);
export const nameOf = (id) => (id === "" ? state.bot : (state.people.get(id)?.name ?? id));
export const titleOf = (it) => (it.direct ? state.bot : `#${it.name}`);
export const isUnread = (it) => it.last > (state.read[it.id] ?? 0);

export function markRead(channelId, messageId) {
  if ((state.read[channelId] ?? 0) >= messageId) return false;
  // Another window of the same person may have read on elsewhere meanwhile.
  state.read = { ...kept(localStorage, readKey(), {}), ...state.read, [channelId]: messageId };
  keep(localStorage, readKey(), state.read);
  return true;
}

/** Keep a private reply in this tab; it stands after the last message there was. */
export function addPrivate(channelId, entry) {
  const list = (state.privates[channelId] ??= []);
  list.push({ after: state.channels.get(channelId)?.last ?? 0, ...entry });
  list.splice(0, Math.max(0, list.length - PRIVATE_KEPT));
  keep(sessionStorage, privatesKey(), state.privates);
}

export function changePrivate(id, change) {
  for (const list of Object.values(state.privates)) {
    const place = list.findIndex((entry) => entry.id === id);
    if (place === -1) continue;
    if (change) list[place] = { ...list[place], ...change };
    else list.splice(place, 1);
    keep(sessionStorage, privatesKey(), state.privates);
    return true;
  }
  return false;
}
