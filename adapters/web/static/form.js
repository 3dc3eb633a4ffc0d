// Forms as dialogs: known values filled in, problems beside their fields, nothing typed ever lost.

import { h, icon } from "./dom.js";
import { Listbox } from "./listbox.js";
import { post } from "./net.js";
import { state } from "./state.js";

const LONG = 9; // a form of more fields goes in steps
const RADIOS = 5; // more choices than this become a list to open
const PAUSE = 150;
const COMPLETED = ["line", "person", "moment"]; // kinds whose values the bot may complete

let current = null;

/**
 * Open the form an answer asks for, or show its problems in the same form if that is open already.
 * `submit(values)` sends it and returns a promise of its being answered.
 */
export function showForm(answer, submit) {
  if (current?.same(answer.form)) {
    current.again(answer, submit);
    return;
  }
  current?.close();
  current = new OpenForm(answer, submit);
}

export function closeForm() {
  current?.close();
}

export function formRefused(sentence) {
  current?.refused(sentence);
  return current !== null;
}

class OpenForm {
  #form;
  #submit;
  #step = 0;
  #steps = [];
  #controls = new Map();
  #back = document.activeElement;
  #dialog;
  #notice = h("p", { class: "form-notice", role: "alert" });
  #progress = h("p", { class: "form-step" });
  #prior = h("button", { type: "button", class: "button plain" }, "Back");
  #next = h("button", { type: "submit", class: "button primary" });

  constructor({ form, known, problems }, submit) {
    this.#form = form;
    this.#submit = submit;
    const each = Math.ceil(form.fields.length / Math.ceil(form.fields.length / LONG));
    for (let at = 0; at < form.fields.length; at += each) {
      const fields = form.fields.slice(at, at + each);
      this.#steps.push({ fields, element: h("div", { class: "form-fields" }, fields.map((field) => this.#row(field, known[field.name] || field.usual || ""))) });
    }
    // A command's own form is called by what it does; its short title serves platforms with less room.
    const own = state.commands.some((it) => it.path === form.call.path && it.summary === form.intro);
    const [title, intro] = own ? [form.intro, ""] : [form.title, form.intro];
    const cancel = h("button", { type: "button", class: "button plain", on: { click: () => this.close() } }, "Cancel");
    const shut = h("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: () => this.close() } }, icon("close"));
    this.#prior.addEventListener("click", () => this.#go(this.#step - 1));
    const body = h(
      "form",
      { novalidate: true, autocomplete: "off" },
      h("header", {}, h("h2", { id: "form-title" }, title), shut),
      intro ? h("p", { class: "form-intro" }, intro) : null,
      this.#progress,
      h("div", { class: "form-scroll" }, this.#steps.map((step) => step.element)),
      this.#notice,
      h("footer", {}, cancel, h("span", { class: "spring" }), this.#prior, this.#next),
    );
    body.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#forward();
    });
    this.#dialog = h("dialog", { class: "dialog form", "aria-labelledby": "form-title" }, body);
    this.#dialog.addEventListener("close", () => this.#closed());
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#show(problems, { opening: true });
  }

  same(form) {
    const names = (it) => it.fields.map((field) => field.name).join();
    return form.call.path === this.#form.call.path && names(form) === names(this.#form);
  }

  again({ form, problems }, submit) {
    this.#form = form;
    this.#submit = submit;
    this.#show(problems);
  }

  refused(sentence) {
    this.#busy(false);
    this.#notice.textContent = sentence;
  }

  close() {
    this.#dialog.close();
  }

  #closed() {
    this.#dialog.remove();
    if (current === this) current = null;
    const back = this.#back?.isConnected ? this.#back : document.getElementById("text");
    back.focus();
  }

  // Steps

  #show(problems, { opening = false } = {}) {
    this.#busy(false);
    this.#notice.textContent = "";
    for (const field of this.#form.fields) {
      const control = this.#controls.get(field.name);
      const asking = opening && !control.value();
      const words = problems[field.name] ?? "";
      control.problem(asking && words === `${field.label} is missing.` ? "" : words, { asking });
    }
    const elsewhere = Object.entries(problems).filter(([name]) => !this.#controls.has(name)).map(([, words]) => words);
    this.#notice.textContent = elsewhere.join(" ");
    const bad = this.#form.fields.find((field) => problems[field.name]);
    const step = bad ? this.#steps.findIndex(({ fields }) => fields.some((field) => field.name === bad.name)) : 0;
    this.#go(step, bad);
  }

  #go(step, field = null) {
    this.#step = step;
    this.#steps.forEach(({ element }, place) => (element.hidden = place !== step));
    const last = step === this.#steps.length - 1;
    this.#prior.hidden = step === 0;
    this.#next.textContent = last ? "Send" : "Next";
    this.#progress.textContent = this.#steps.length > 1 ? `Step ${step + 1} of ${this.#steps.length}` : "";
    this.#controls.get((field ?? this.#steps[step].fields[0]).name).focus();
  }

  #forward() {
    if (this.#next.getAttribute("aria-disabled") === "true") return;
    const { fields } = this.#steps[this.#step];
    const bad = fields.filter((field) => !this.#check(field))[0];
    if (bad) {
      this.#controls.get(bad.name).focus();
      return;
    }
    if (this.#step < this.#steps.length - 1) {
      this.#go(this.#step + 1);
      return;
    }
    const values = {};
    for (const [name, control] of this.#controls) {
      const value = control.value().trim();
      if (value) values[name] = value;
    }
    this.#busy(true);
    this.#submit(values).then(() => this.#busy(false));
  }

  #check(field) {
    const control = this.#controls.get(field.name);
    const value = control.value().trim();
    const length = [...value].length;
    let words = "";
    if (field.required && !value) words = "Please fill this in.";
    else if (length > field.limit) words = `At most ${field.limit.toLocaleString("en")} characters; this has ${length.toLocaleString("en")}.`;
    control.problem(words);
    return !words;
  }

  #busy(yes) {
    this.#next.setAttribute("aria-disabled", String(yes));
    this.#next.classList.toggle("busy", yes);
  }

  // Fields

  #row(field, known) {
    const id = `field-${field.name}`;
    const hint = field.hint ? h("p", { class: "field-hint", id: `${id}-hint` }, field.hint) : null;
    const problem = h("p", { class: "field-problem", id: `${id}-problem` });
    const optional = field.required ? null : h("span", { class: "optional" }, " optional");
    const described = [hint && `${id}-hint`, `${id}-problem`].filter(Boolean).join(" ");
    const options = field.kind === "yesno" ? [{ value: "yes", label: "Yes" }, { value: "no", label: "No" }] : field.choices;
    const row = options.length && options.length <= RADIOS
      ? this.#radios(field, options, known, { id, hint, problem, optional, described })
      : this.#input(field, options, known, { id, hint, problem, optional, described });
    const control = this.#controls.get(field.name);
    // What was never filled in is asked for; only what was typed, or sent, can be wrong.
    control.problem = (words, { asking = false } = {}) => {
      problem.textContent = words;
      row.classList.toggle("missing", Boolean(words) && asking);
      row.classList.toggle("bad", Boolean(words) && !asking);
      control.inputs.forEach((input) => {
        if (words && !asking) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      });
    };
    return row;
  }

  #radios(field, options, known, { id, hint, problem, optional, described }) {
    const all = field.required || known ? options : [...options, { value: "", label: "Leave as it is" }];
    const inputs = all.map((option, place) => {
      const input = h("input", { type: "radio", name: field.name, id: `${id}-${place}`, "aria-describedby": described });
      input.value = option.value;
      input.checked = option.value === known;
      return input;
    });
    this.#controls.set(field.name, {
      inputs,
      value: () => inputs.find((input) => input.checked)?.value ?? "",
      focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
    });
    return h(
      "fieldset",
      { class: "field", role: "radiogroup", "aria-required": String(field.required) },
      h("legend", {}, field.label, optional),
      hint,
      h("div", { class: "radios" }, inputs.map((input, place) => h("label", { class: "radio" }, input, h("span", {}, all[place].label)))),
      problem,
    );
  }

  #input(field, options, known, { id, hint, problem, optional, described }) {
    const shared = { id, name: field.name, "aria-describedby": described, "aria-required": String(field.required) };
    let input;
    let list = null;
    if (options.length) {
      input = h("select", shared, h("option", { value: "" }, field.required ? "Choose…" : "Leave as it is"),
        options.map((option) => h("option", { value: option.value }, option.label)));
    } else if (field.kind === "paragraph") input = h("textarea", { ...shared, rows: "4" });
    else {
      input = h("input", { ...shared, type: "text", inputmode: field.kind === "number" ? "decimal" : null });
      if (COMPLETED.includes(field.kind)) list = this.#completing(field, input);
    }
    input.value = known;
    const count = h("span", { class: "field-count" });
    const counted = () => {
      const length = [...input.value].length;
      count.textContent = length > field.limit * 0.8 ? `${length.toLocaleString("en")} of ${field.limit.toLocaleString("en")}` : "";
    };
    input.addEventListener("input", counted);
    this.#controls.set(field.name, { inputs: [input], value: () => input.value, focus: () => input.focus() });
    return h("div", { class: "field" }, h("label", { for: id }, field.label, optional, count), hint, h("div", { class: "field-box" }, input, list), problem);
  }

  #completing(field, input) {
    const element = h("ul", { role: "listbox", class: "field-list", id: `${input.id}-list`, "aria-label": "Completions", hidden: true });
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": element.id })) {
      input.setAttribute(name, value);
    }
    const show = (options) => {
      list.show(options);
      input.setAttribute("aria-expanded", String(options.length > 0));
    };
    const list = new Listbox(input, element, (option) => take(option));
    const take = (option) => {
      input.value = option.value;
      input.focus();
      show([]);
    };
    let timer = 0;
    let turn = 0;
    const ask = async (mine) => {
      const call = { ...this.#form.call, args: { ...this.#form.call.args } };
      const found = await post("/chat/complete", { as: state.me.id, channel: state.here, call, param: field.name, typed: input.value })
        .catch(() => ({ options: [] }));
      if (mine !== turn || document.activeElement !== input) return;
      show(found.options.filter((option) => option.value !== input.value)
        .map((option) => ({ ...option, side: option.value === option.label ? "" : option.value })));
    };
    const soon = () => {
      clearTimeout(timer);
      turn += 1;
      const mine = turn;
      timer = setTimeout(() => ask(mine), PAUSE);
    };
    input.addEventListener("input", soon);
    input.addEventListener("blur", () => {
      clearTimeout(timer);
      turn += 1;
      show([]);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && !list.open) soon();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") list.move(event.key === "ArrowDown" ? 1 : -1);
      else if (event.key === "Enter" && list.active) take(list.active);
      else if (event.key === "Escape" && list.open) show([]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return element;
  }
}
