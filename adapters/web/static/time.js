// Times in the browser's own zone, with how far away they are.

import { h } from "./dom.js";

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// The page speaks English; only the way of writing dates follows an English browser's country.
const locale = navigator.language?.startsWith("en") ? navigator.language : "en-GB";
const format = (options) => new Intl.DateTimeFormat(locale, options);
const CLOCK = format({ hour: "numeric", minute: "2-digit" });
const FULL = format({ dateStyle: "full", timeStyle: "long" });
const DAY = format({ weekday: "long", day: "numeric", month: "long" });
const DAY_YEAR = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const SHORT = format({ weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const SHORT_YEAR = format({
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit",
});
const RELATIVE = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

const STEPS = [
  ["minute", 60, 60 * 60],
  ["hour", 60 * 60, 24 * 60 * 60],
  ["day", 24 * 60 * 60, 14 * 24 * 60 * 60],
  ["week", 7 * 24 * 60 * 60, 60 * 24 * 60 * 60],
  ["month", 30.44 * 24 * 60 * 60, 365 * 24 * 60 * 60],
  ["year", 365.25 * 24 * 60 * 60, Infinity],
];

/** How far away a moment is: "in 3 days", "2 hours ago", "now". */
export function distance(date, now = new Date()) {
  const seconds = (date - now) / 1000;
  if (Math.abs(seconds) < 45) return "now";
  for (const [unit, length, until] of STEPS) {
    if (Math.abs(seconds) < until * 0.97) return RELATIVE.format(Math.round(seconds / length), unit);
  }
  return "";
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

/** The line between two days of conversation. */
export function dayName(date) {
  const today = new Date();
  if (sameDay(date, today)) return "Today";
  if (sameDay(date, new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1))) return "Yesterday";
  return (date.getFullYear() === today.getFullYear() ? DAY : DAY_YEAR).format(date);
}

export const clock = (date) => CLOCK.format(date);

/** When a message was written: the clock, with the whole date for whoever asks. */
export function stamp(date, className = "stamp") {
  return h("time", { class: className, datetime: date.toISOString(), title: FULL.format(date) }, clock(date));
}

/** A moment in a card: the date and time here, and how far away; `refreshMoments` keeps that true. */
export function momentElement(iso) {
  const date = new Date(iso);
  const sameYear = date.getFullYear() === new Date().getFullYear();
  return h(
    "time",
    { class: "moment", datetime: iso, title: FULL.format(date) },
    (sameYear ? SHORT : SHORT_YEAR).format(date),
    " ",
    h("span", { class: "distance" }, `(${distance(date)})`),
  );
}

export function refreshMoments(root) {
  for (const element of root.querySelectorAll("time.moment")) {
    const words = `(${distance(new Date(element.dateTime))})`;
    const shown = element.querySelector(".distance");
    if (shown.textContent !== words) shown.textContent = words;
  }
}
