// A list of completions under the control of a text field that keeps the keyboard.

import { h } from "./dom.js";

let lists = 0;

/** Options are {label, detail?, side?, ...}; `chosen(option)` is told which one was taken. */
export class Listbox {
  #field;
  #list;
  #options = [];
  #active = -1;
  #chosen;
  #prefix = `option-${(lists += 1)}-`;

  constructor(field, list, chosen) {
    this.#field = field;
    this.#list = list;
    this.#chosen = chosen;
    // The field keeps the focus when an option is pressed.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const place = [...list.children].indexOf(event.target.closest("[role=option]"));
      if (place >= 0) this.#chosen(this.#options[place]);
    });
  }

  get open() {
    return this.#options.length > 0;
  }

  get active() {
    return this.#options[this.#active] ?? null;
  }

  get first() {
    return this.#options[0] ?? null;
  }

  /** Show these; `active` is the place of the one that is chosen to begin with, -1 for none. */
  show(options, active = -1) {
    this.#options = options;
    this.#list.replaceChildren(...options.map((option, place) => h(
      "li",
      { role: "option", id: this.#prefix + place, "aria-selected": "false" },
      h("span", { class: "option-label" }, option.label),
      option.side ? h("span", { class: "option-side" }, option.side) : null,
      option.detail ? h("span", { class: "option-detail" }, option.detail) : null,
    )));
    this.#list.hidden = !options.length;
    this.#list.scrollTop = 0;
    this.#activate(options.length ? active : -1);
  }

  hide() {
    this.show([]);
  }

  move(step) {
    const count = this.#options.length;
    const from = this.#active < 0 && step < 0 ? 0 : this.#active;
    if (count) this.#activate((from + step + count) % count);
  }

  #activate(place) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = place;
    const element = this.#list.children[place];
    if (!element) {
      this.#field.removeAttribute("aria-activedescendant");
      return;
    }
    element.setAttribute("aria-selected", "true");
    element.scrollIntoView({ block: "nearest" });
    this.#field.setAttribute("aria-activedescendant", element.id);
  }
}
