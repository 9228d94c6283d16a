// The form of a computed trait: its event is made as in the builder, and kept in a hidden field as the server takes it.

import { suggests } from "./combobox.js";
import { eventName, whereOf } from "./events.js";
import { choice, suggested } from "./inputs.js";
import { make, t } from "./page.js";
import { eventAsked, isFull, kindOfEvent } from "./tree.js";
import { say as toast } from "../toasts.js";

const KINDS = [["track", "kind_event"], ["page", "kind_page"], ["screen", "kind_screen"]];
const OF_NUMBERS = ["sum", "average", "min", "max"];
const MOST_DEEP = 8;
const form = document.querySelector("[data-computed]");
const { event: kept, measure, prop, prop_type: holds } = form.elements;
const box = document.getElementById("computed-event");
const event = kept.value ? JSON.parse(kept.value) : { name: "" };
const use = { changed: keep, room: () => MOST_DEEP, mayGrow: () => true };

function keep() {
  kept.value = JSON.stringify(eventAsked(event));
}

function draw() {
  const kind = choice({
    label: t("what_counts"),
    value: kindOfEvent(event),
    options: KINDS.map(([one, words]) => [one, t(words)]),
    change: (one) => {
      if (one === "track") delete event.kind;
      else event.kind = one;
      draw();
      box.querySelector("input").focus();
    },
  });
  box.replaceChildren(kind, eventName(event, use), make("span", { className: "turn" }), whereOf(event, use));
  keep();
}

// properties that the measure can take, of the event as it is now
async function properties() {
  const found = await suggested("property", { kind: kindOfEvent(event), name: event.name ?? "" });
  const fits = (one) => (OF_NUMBERS.includes(measure.value) ? one.kind === "number" : one.kind !== "other");
  return found.filter(fits).map((one) => ({ value: one.name, kind: one.kind, icon: one.kind === "number" ? "math-function" : "language" }));
}

suggests(prop, {
  options: properties,
  pick: (one) => {
    prop.value = one.value;
    if ([...holds.options].some((other) => other.value === one.kind)) holds.value = one.kind;
  },
});

// Enter takes what was typed; only the button makes the trait
box.addEventListener("keydown", (press) => {
  if (press.key !== "Enter" || !press.target.matches("input")) return;
  press.preventDefault();
  press.target.dispatchEvent(new Event("change", { bubbles: true }));
});

form.addEventListener("submit", (submit) => {
  const isNamed = Boolean(event.name) || kindOfEvent(event) !== "track";
  if (isNamed && (!event.where || isFull(event.where))) return;
  submit.preventDefault();
  submit.stopPropagation(); // it is not sent: js/copy.js would let no second click pass
  const empty = [...box.querySelectorAll("input")].find((one) => one.value === "" && !one.closest(".many")?.querySelector(".token"));
  toast({ tone: "warn", text: t(isNamed ? "needs_filling" : "choose_event") });
  empty?.focus();
});

draw();
