// Elements made by hand: text only ever becomes text nodes, so nothing people write can turn into markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  menu: "M2.500 4h11M2.500 8h11M2.500 12h11",
  send: "M2.500 8L13.500 2.800L10.500 13.500L7.500 9ZM7.500 9L13.500 2.800",
  smile: "M8 1.700a6.300 6.300 0 1 0 0 12.600a6.300 6.300 0 1 0 0-12.600M5.500 9.500q2.500 2.600 5 0M6 6v.6M10 6v.6",
  lock: "M4 7.300h8v6H4zM5.700 7.300V5.200a2.300 2.300 0 0 1 4.600 0v2.100",
  window: "M6.500 3H3v10h10V9.500M9 3h4v4M13 3L7.500 8.500",
  people: "M8 8a2.600 2.600 0 1 0 0-5.200A2.600 2.600 0 1 0 8 8M3 13.500q.5-3.600 5-3.600t5 3.600",
  file: "M4 1.800h5l3.500 3.500v9H4zM9 1.800v3.500h3.500",
  down: "M8 3v10M4 9l4 4l4-4",
  up: "M4 10l4-4l4 4",
};

/** Make an element. Attributes: `on` maps events to handlers, `data` fills dataset, null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A line icon; it is decoration, the control around it carries the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Words for screen readers only. */
export const unseen = (text) => h("span", { class: "unseen" }, text);

/** A random id; crypto.randomUUID exists on secure origins only, and a chat in the house may have plain http. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Browser storage that does without when it is full or forbidden. */
export function keep(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // Kept in memory only, then.
  }
}

export function kept(storage, key, otherwise) {
  try {
    return JSON.parse(storage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** A person's disc with their initials; the colour is made from the id, so it is the same everywhere. */
export function disc(id, name) {
  let sum = 0;
  for (const character of id) sum = (sum * 33 + character.codePointAt(0)) % 65_521;
  const words = name.split(/[\s-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 2);
  return h("span", { class: `disc tone-${sum % 8}`, "aria-hidden": "true" }, letters.join("").toUpperCase());
}
