// Pages of audiences: "why" pops up beside its button, the form of computed traits shows the fields that apply (its event
// is audience/computed.js), and a list's name is suggested by its file.

const GAP = 8;
const why = document.getElementById("why");
let asked = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === why) asked = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!why || event.detail.target !== why) return;
  if (!why.matches(":popover-open")) why.showPopover();
  const near = asked.getBoundingClientRect();
  const own = why.getBoundingClientRect();
  why.style.left = `${Math.max(GAP, Math.min(near.right - own.width, innerWidth - own.width - GAP))}px`;
  why.style.top = `${Math.max(GAP, Math.min(near.bottom + GAP, innerHeight - own.height - GAP))}px`;
});

why?.addEventListener("toggle", (toggle) => {
  if (toggle.newState === "closed") asked?.focus({ preventScroll: true });
});

// ---- computed traits

const WITHOUT_PROPERTY = ["count", "days_since"];
const OF_NUMBERS = ["sum", "average", "min", "max"];
const form = document.querySelector("[data-computed]");

function showFields() {
  const { measure, window: span } = form.elements;
  const show = (selector, isShown) => {
    const part = form.querySelector(selector);
    part.hidden = !isShown;
    part.querySelectorAll("input, select").forEach((one) => (one.disabled = !isShown));
  };
  show("[data-needs-window]", measure.value !== "days_since");
  if (measure.value !== "days_since") {
    show("[data-window=last]", span.value === "last");
    show("[data-window=since]", span.value === "since");
  }
  show("[data-needs-property]", !WITHOUT_PROPERTY.includes(measure.value));
  if (!WITHOUT_PROPERTY.includes(measure.value)) show("[data-needs-type]", !OF_NUMBERS.includes(measure.value));
}

form?.addEventListener("change", showFields);
if (form) showFields();

// ---- uploaded lists

document.getElementById("list-file")?.addEventListener("change", (change) => {
  const name = document.getElementById("list-name");
  const [file] = change.target.files;
  if (file && !name.value) name.value = file.name.replace(/\.\w+$/, "").slice(0, 120);
});
