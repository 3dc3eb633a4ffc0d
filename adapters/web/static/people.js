// Who this window is: the welcome, the people switcher, and the small dialog that adds a channel.

import { disc, h, icon } from "./dom.js";
import { post } from "./net.js";
import { state } from "./state.js";

/** The address of this place as that person; a conversation with the bot is each person's own. */
function addressOf(id) {
  const query = new URLSearchParams(location.search);
  query.set("as", id);
  if (query.get("channel")?.startsWith("@")) query.set("channel", `@${id}`);
  return `?${query}`;
}

/** A dialog with one line to fill in; `done(name)` sends it and may throw a sentence for the person. */
function nameForm(label, action, done, value = "") {
  const input = h("input", { type: "text", id: "name-input", name: "name", autocomplete: "off", required: true, "aria-describedby": "name-problem" });
  input.value = value;
  const problem = h("p", { class: "field-problem", id: "name-problem", role: "alert" });
  const form = h("form", { class: "name-form", novalidate: true }, h("label", { for: "name-input" }, label),
    h("div", { class: "name-row" }, input, h("button", { type: "submit", class: "button primary" }, action)), problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!input.value.trim()) {
      problem.textContent = "Type a name first.";
      input.focus();
      return;
    }
    try {
      await done(input.value);
    } catch (failure) {
      problem.textContent = failure instanceof TypeError ? "The connection is lost just now. Please try again." : failure.message;
      input.focus();
    }
  });
  return { form, input };
}

function dialog(title, intro, content, { closable = true } = {}) {
  const shut = h("button", { type: "button", class: "icon-button", "aria-label": "Close" }, icon("close"));
  const element = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" },
    h("header", {}, h("h2", { id: "dialog-title" }, title), closable ? shut : null),
    intro ? h("p", { class: "form-intro" }, intro) : null, content);
  shut.addEventListener("click", () => element.close());
  element.addEventListener("cancel", (event) => closable || event.preventDefault());
  element.addEventListener("close", () => (closable ? element.remove() : element.showModal()));
  document.body.append(element);
  element.showModal();
  return element;
}

async function becomeNew(name) {
  const { person } = await post("/chat/people", { name });
  location.search = addressOf(person.id);
}

function personRow(person) {
  const mine = person.id === state.me?.id;
  return h(
    "li",
    {},
    h("a", { class: "person", href: addressOf(person.id), "aria-current": mine ? "true" : null },
      disc(person.id, person.name), h("span", { class: "person-name" }, person.name), mine ? h("span", { class: "badge" }, "you") : null),
    h("a", {
      class: "icon-button", href: addressOf(person.id), target: "_blank", rel: "noopener",
      "aria-label": `Open another window as ${person.name}`, title: `Open another window as ${person.name}`,
    }, icon("window")),
  );
}

const peopleList = () => h("ul", { class: "people" }, [...state.people.values()].sort((a, b) => a.name.localeCompare(b.name)).map(personRow));

/** The first thing a newcomer sees; it stays until a name is chosen. */
export function welcome(unknown) {
  const { form, input } = nameForm(state.people.size ? "Someone else" : "Your name", "Come in", becomeNew, unknown);
  const intro = unknown
    ? `Nobody here is called ${unknown} yet. Come in under that name, or be someone who is here already.`
    : "This chat lives on this machine. No account is needed: any name will do, and you can be several people in several windows.";
  const people = state.people.size
    ? [h("h3", { class: "dialog-sub" }, "Be one of these"), peopleList()] : [];
  dialog(`Welcome to ${state.bot}`, intro, h("div", {}, people, form), { closable: false });
  if (!state.people.size || unknown) input.focus();
}

export function switchPeople() {
  const { form } = nameForm("Someone new", "Add", becomeNew);
  dialog("Who are you?", "Change who this window is, or open a second window as someone else and talk between the two.", h("div", {}, peopleList(), form));
}

/** Ask for a channel's name; `made(channel)` is told of it. */
export function addChannel(made) {
  const { form, input } = nameForm("Name", "Add", async (name) => {
    const { channel } = await post("/chat/channels", { name });
    element.close();
    made(channel);
  });
  const element = dialog("Add a channel", "Everyone here will see it. If there is one of that name already, it opens.", form);
  input.focus();
}
