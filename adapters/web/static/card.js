// Cards and people's words, drawn. Every string ends in a text node; links are http(s) or stay text.

import { h, icon } from "./dom.js";
import { momentElement } from "./time.js";

const ADDRESS = /https?:\/\/[^\s<>"“”]+/gi;
const LOOKS_LIKE_HOST = /[\p{L}\d-]+\.\p{L}{2,}/u;

function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
}

function link(address, text) {
  const url = webAddress(address);
  if (!url) return text;
  const element = h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: url.href }, text);
  // A text that names one site must not lead to another unseen.
  if (LOOKS_LIKE_HOST.test(text) && !text.includes(url.hostname)) return [element, ` (${url.hostname})`];
  return element;
}

/** What a person wrote: literal, with its addresses made into links. */
export function words(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = match[0].replace(/[.,;:!?'’*_~…]+$/u, "");
    while (address.endsWith(")") && address.split(")").length > address.split("(").length) {
      address = address.slice(0, -1).replace(/[.,;:!?]+$/u, "");
    }
    parts.push(text.slice(at, match.index), link(address, address));
    at = match.index + address.length;
  }
  parts.push(text.slice(at));
  return parts.flat();
}

function span(piece, me) {
  if (typeof piece === "string") return piece;
  switch (piece.t) {
    case "bold": return h("strong", {}, piece.text);
    case "code": return h("code", {}, piece.text);
    case "link": return link(piece.url, piece.text);
    case "mention": return h("span", { class: piece.accounts.web === me ? "mention mine" : "mention" }, `@${piece.name}`);
    case "moment": return momentElement(piece.at);
    default: return "";
  }
}

const line = (spans, me) => spans.flatMap((piece) => span(piece, me));

function picture(block) {
  const url = new URL(block.url, location.href);
  // Pictures from elsewhere would tell that site who reads here; a link lets the reader decide.
  if (url.origin !== location.origin) return h("p", {}, link(url.href, block.alt || "Open the picture"));
  return h("img", { src: url.href, alt: block.alt, loading: "lazy" });
}

function save(block) {
  const address = URL.createObjectURL(new Blob([block.content], { type: block.media }));
  h("a", { href: address, download: block.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function button(spec, key, press) {
  const element = h("button", { type: "button", class: `button ${spec.style}`, data: { key } }, spec.label);
  element.addEventListener("click", () => {
    if (element.getAttribute("aria-disabled") === "true") return;
    // Not `disabled`: that would drop the keyboard's place.
    element.setAttribute("aria-disabled", "true");
    press(spec.call).finally(() => element.removeAttribute("aria-disabled"));
  });
  return element;
}

function block(part, index, { me, press }) {
  switch (part.t) {
    case "text": return h("p", {}, line(part.spans, me));
    case "facts":
      return h("dl", {}, part.pairs.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, line(value, me)))));
    case "image": return picture(part);
    case "file":
      return h("button", { type: "button", class: "button file", on: { click: () => save(part) } }, icon("file"), `Save ${part.name}`);
    case "rule": return h("hr");
    case "buttons":
      return h("div", { class: "row" }, part.row.map((spec, place) => button(spec, `button-${index}-${place}`, press)));
    default: return null;
  }
}

/** A card; `press(call)` is told of a pressed button and returns a promise of its being done. */
export function cardElement(card, context) {
  const titled = card.title ? h("h3", {}, card.title) : null;
  const bare = !card.title && card.blocks.every((part) => part.t === "text");
  return h("div", { class: bare ? "card bare" : "card" }, titled, card.blocks.map((part, index) => block(part, index, context)));
}
