// One comparison: a field, how, with what. Of a person, of an event's properties, or of a company.

import { choice, day, name, number, suggested, text, tokens } from "./inputs.js";
import { codeOf, columnsOf, holdsOf, leafOf, operatorsOf, takenBy, withOperator } from "./operators.js";
import { boot, count, make, t } from "./page.js";
import { become } from "./tree.js";

const ICONS = { text: "language", number: "math-function", date: "calendar", flag: "check", list: "list", other: "code" };

export function titleOf(field) {
  if (field.startsWith("trait:") || field.startsWith("computed:")) return field.slice(field.indexOf(":") + 1);
  return boot.words[`field_${field}`] ?? field;
}

export function fieldsOf(scope, properties) {
  if (scope === "property") return properties.map((one) => ({ value: one.name, icon: ICONS[one.kind] }));
  const traits = scope === "company" ? boot.company_traits : boot.traits;
  const computed = scope === "company" ? [] : boot.computed;
  return [
    ...traits.map((one) => ({ value: `trait:${one.name}`, title: one.name, icon: ICONS[one.kind], hint: count(one.n), group: t("traits") })),
    ...computed.map((one) => ({ value: `computed:${one.name}`, title: one.name, icon: "math-function", group: t("computed_traits") })),
    ...columnsOf(scope).map((one) => ({ value: one, title: titleOf(one), icon: "id", group: t(scope === "company" ? "company" : "person") })),
  ];
}

function valuesOf(leaf, scope, event) {
  const asText = (found) => found.map((one) => ({ value: one.name, hint: count(one.n) }));
  if (scope === "property") return suggested("value", { kind: event.kind ?? "track", name: event.name ?? "", property: leaf.field }).then(asText);
  if (scope === "company") return suggested("company_value", { name: leaf.field.replace(/^trait:/, "") }).then(asText);
  return leaf.field.startsWith("trait:") ? suggested("trait_value", { name: leaf.field.slice(6) }).then(asText) : [];
}

// `use`: { scope, event, changed() } ; the element redraws itself when field or operator change
export function comparison(leaf, use) {
  const box = make("span", { className: "asks" });
  const known = () => (use.scope === "property" ? suggested("property", { kind: use.event.kind ?? "track", name: use.event.name ?? "" }) : Promise.resolve([]));
  let properties = [];
  const draw = (focus) => {
    const holds = holdsOf(leaf.field, use.scope, properties);
    const field = name({
      label: t(use.scope === "property" ? "property" : use.scope === "company" ? "company_field" : "field"),
      value: leaf.field,
      placeholder: t(use.scope === "property" ? "choose_property" : "choose_field"),
      titleOf,
      options: async () => fieldsOf(use.scope, (properties = await known())),
      change: (value) => {
        const [fresh, others] = operatorsOf(value, use.scope, holdsOf(value, use.scope, properties));
        const code = codeOf(leaf);
        const keeps = fresh.includes(code) || (others.includes(code) && !holdsOf(value, use.scope, properties));
        become(leaf, keeps ? { ...leaf, field: value } : leafOf(value, holdsOf(value, use.scope, properties)));
        if (keeps && leaf.values) leaf.values = [];
        draw("value");
        use.changed();
      },
    });
    field.classList.add("q");
    if (use.scope !== "property") field.dataset.prefix = "trait:";
    const [first, others] = operatorsOf(leaf.field, use.scope, holds);
    const how = choice({
      label: t("compare"),
      value: codeOf(leaf),
      options: first.map((one) => [one, t(`op_${one}`)]),
      others: others.map((one) => [one, t(`op_${one}`)]),
      change: (code) => {
        become(leaf, withOperator(leaf, code));
        draw("operator");
        use.changed();
      },
    });
    const values = valueInputs(leaf, use);
    box.replaceChildren(field, how, ...values);
    if (focus === "operator") how.focus();
    if (focus === "value") (values.map((one) => (one.matches?.("input, select") ? one : one.querySelector?.("input"))).find(Boolean) ?? how).focus();
  };
  draw();
  if (use.scope === "property" && leaf.field) known().then((found) => ((properties = found).length && !box.contains(document.activeElement) ? draw() : null));
  return box;
}

function valueInputs(leaf, use) {
  const set = (key) => (value) => {
    leaf[key] = value;
    use.changed();
  };
  const options = () => valuesOf(leaf, use.scope, use.event);
  const label = t("value");
  switch (takenBy(leaf)) {
    case "values":
      return [tokens({ label, values: leaf.values, options, change: set("values") })];
    case "text":
      return [text({ label, value: leaf.value, options, change: set("value") })];
    case "pattern":
      return [text({ label: t("pattern"), value: leaf.pattern, placeholder: "^[A-Z]{3}-\\d+", most: 200, change: set("pattern") })];
    case "number":
      return [number({ label, value: leaf.value, change: set("value") })];
    case "numbers":
      return [number({ label: t("from"), value: leaf.low, change: set("low") }), make("span", { textContent: t("and") }), number({ label: t("to"), value: leaf.high, change: set("high") })];
    case "day":
      return [day({ label: t("day"), value: leaf.first, change: set("first") })];
    case "days":
      return [day({ label: t("from"), value: leaf.first, change: set("first") }), make("span", { textContent: t("and") }), day({ label: t("to"), value: leaf.last, change: set("last") })];
    case "count":
      return [number({ label: t("days"), value: leaf.days, least: leaf.type === "anniversary" ? 0 : 1, step: 1, change: set("days") }), make("span", { textContent: t("days") })];
  }
  return [];
}
