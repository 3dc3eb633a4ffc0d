// Speaking with the server: requests, actions that are kept until they arrive, and the live connection.

import { keep, kept, randomId } from "./dom.js";
import { zone } from "./time.js";

/** The server understood and said no; the message is a sentence for the person. */
export class Refused extends Error {}

async function answerOf(response) {
  const data = await response.json().catch(() => ({}));
  if (response.ok && !data.problem) return data;
  throw new Refused(data.problem || "That did not work. Please try again in a moment.");
}

export async function get(path, parameters) {
  return answerOf(await fetch(`${path}?${new URLSearchParams(parameters)}`));
}

export async function post(path, body, options = {}) {
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify({ zone, ...body }), ...options });
  if ([502, 503, 504].includes(response.status)) throw new TypeError("not reachable just now");
  return answerOf(response);
}

const WAIT_FIRST = 400;
const WAIT_LONGEST = 6_000;
const PATIENCE = 30_000;

/**
 * What the person did, in order, each thing until the server has answered it. It survives a reload and a
 * lost connection; ids make a second arrival harmless, so whatever is uncertain is simply sent again.
 */
export class Outbox {
  #key;
  #window = randomId();
  #count = 0;
  #items;
  #waiting = new Map();
  #running = false;
  #wake = () => {};

  /** `settled(item, answer)` and `refused(item, sentence)` are told the outcome, `changed()` of every change. */
  constructor(key, { settled, refused, changed }) {
    this.#key = key;
    this.#items = kept(sessionStorage, key, []);
    Object.assign(this, { settled, refused, changed });
  }

  get items() {
    return this.#items;
  }

  /** Keep an action and send it when its turn comes. `about` comes back with the outcome. */
  add(path, body, about = {}) {
    this.#count += 1;
    const item = { id: `${this.#window}.${this.#count}`, path, body, about, at: new Date().toISOString() };
    this.#items.push(item);
    this.#save();
    this.run();
    return new Promise((resolve) => this.#waiting.set(item.id, resolve));
  }

  /** The connection may be back: do not sit out the pause. */
  hurry() {
    this.#wake();
  }

  async run() {
    if (this.#running) return;
    this.#running = true;
    let pause = WAIT_FIRST;
    while (this.#items.length) {
      const item = this.#items[0];
      let outcome;
      try {
        const answer = await post(item.path, { id: item.id, ...item.body }, { signal: AbortSignal.timeout(PATIENCE) });
        outcome = () => this.settled(item, answer);
      } catch (failure) {
        if (!(failure instanceof Refused)) {
          await new Promise((resolve) => {
            this.#wake = resolve;
            setTimeout(resolve, pause);
          });
          pause = Math.min(pause * 2, WAIT_LONGEST);
          continue;
        }
        outcome = () => this.refused(item, failure.message);
      }
      pause = WAIT_FIRST;
      this.#items.shift();
      this.#save();
      outcome();
      this.#waiting.get(item.id)?.();
      this.#waiting.delete(item.id);
    }
    this.#running = false;
  }

  #save() {
    keep(sessionStorage, this.#key, this.#items.length ? this.#items : null);
    this.changed();
  }
}

/** The WebSocket that tells what changes; it comes back by itself and asks for what was missed. */
export class Live {
  #socket = null;
  #pause = WAIT_FIRST;
  #timer = 0;
  #ended = false;

  /** `address()` is asked for each attempt; `heard(frame)`, `up()` and `down()` are told what happens. */
  constructor({ address, heard, up, down }) {
    Object.assign(this, { address, heard, up, down });
    addEventListener("online", () => this.#soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.#soon());
    addEventListener("pagehide", () => (this.#ended = true));
    addEventListener("pageshow", (event) => {
      this.#ended = false;
      if (event.persisted) this.#soon();
    });
  }

  connect() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.address());
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = WAIT_FIRST;
      this.up();
    };
    socket.onmessage = (event) => this.heard(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.#ended) return;
      this.down();
      this.#timer = setTimeout(() => this.connect(), this.#pause * (0.7 + Math.random() * 0.6));
      this.#pause = Math.min(this.#pause * 2, WAIT_LONGEST);
    };
  }

  #soon() {
    if (this.#socket?.readyState === WebSocket.CLOSED) this.connect();
  }
}
