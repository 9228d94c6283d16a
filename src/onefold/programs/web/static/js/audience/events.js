// What people did: an event with conditions about its properties; how often, within what time; sequences.

import { choice, day, name, number, span, suggested } from "./inputs.js";
import { nested } from "./nested.js";
import { boot, button, count, icon, make, t } from "./page.js";
import { become, kindOfEvent } from "./tree.js";

const ICONS = { track: "bolt", page: "file-text", screen: "device-mobile" };
const SUMS = ["sum", "average", "min", "max", "distinct"];

export function eventsKnown(kind) {
  return boot.events.filter((one) => !kind || one.kind === kind).map((one) => ({ value: one.name, kind: one.kind, icon: ICONS[one.kind], hint: count(one.n) }));
}

function words(text, className = "") {
  return make("span", { textContent: text, className });
}

const rowBreak = () => make("span", { className: "turn" });

export function eventName(event, use, label = t("event")) {
  const kind = kindOfEvent(event);
  const options = () => eventsKnown(kind).concat(kind === "track" ? [] : { value: "", title: t(`any_${kind}`), icon: ICONS[kind] });
  return name({
    label,
    value: event.name ?? "",
    titleOf: (one) => one || (kind === "track" ? "" : t(`any_${kind}`)),
    placeholder: t("choose_event"),
    options,
    change: (value) => {
      event.name = value;
      use.changed();
    },
  });
}

// "where category is Tents and total ≥ 200 +"
export function whereOf(event, use) {
  const begins = () => make("button", { type: "button", className: "btn plain small", attrs: { "aria-label": `${t("where_short")}: ${t("add_property")}` } }, icon("filter"), t("where_short"));
  return nested(event, { ...use, scope: "property", event, head: t("where"), opener: begins });
}

// ---- the time that counts

function windowOf(leaf, use) {
  const box = make("span", { className: "asks" });
  const draw = (focus) => {
    const now = leaf.window ?? {};
    const kind = now.last ? "last" : "since" in now ? "since" : "since_trait" in now ? "since_trait" : "ever";
    const set = (value) => {
      if (value) leaf.window = value;
      else delete leaf.window;
      use.changed();
    };
    const select = choice({
      label: t("period"),
      value: kind,
      options: ["last", "ever", "since", "since_trait"].map((one) => [one, t(`window_${one}`)]),
      change: (one) => {
        set({ last: { last: { n: 30, unit: "days" } }, ever: null, since: { since: "" }, since_trait: { since_trait: "" } }[one]);
        draw(true);
      },
    });
    const more = {
      last: () => span({ value: now.last, change: (last) => set({ last }) }),
      ever: () => [],
      since: () => [day({ label: t("day"), value: now.since, change: (since) => set({ since }) })],
      since_trait: () => [traitOfDate(now, set)],
    }[kind]();
    box.replaceChildren(select, ...more);
    if (focus) (more[0] ?? select).focus();
  };
  draw();
  return box;
}

function traitOfDate(now, set) {
  const options = () => boot.traits.filter((one) => one.kind === "date").map((one) => ({ value: one.name, icon: "calendar" }));
  return name({ label: t("date_trait"), value: now.since_trait, placeholder: t("choose_trait"), options, change: (one) => set({ since_trait: one }) });
}

// ---- a figure

const isNever = (leaf) => (leaf.measure ?? "count") === "count" && leaf.op === "eq" && leaf.value === 0;

export function did(leaf, use) {
  const kind = kindOfEvent(leaf.event);
  const measure = isNever(leaf) ? "never" : leaf.measure ?? "count";
  const verb = choice({
    label: t("what_counts"),
    value: measure,
    options: [["count", t(`did_${kind}`)], ["never", t(`never_${kind}`)], ...SUMS.map((one) => [one, t(`measure_${one}`)])],
    change: (one) => {
      const { property, property_type: _, ...rest } = leaf;
      const fresh = { ...rest, measure: one, op: "ge", value: SUMS.includes(one) ? null : 1 };
      if (one === "count") delete fresh.measure;
      if (one === "never") Object.assign(fresh, { op: "eq", value: 0 }) && delete fresh.measure;
      if (SUMS.includes(one)) fresh.property = property ?? "";
      become(leaf, fresh);
      use.rebuild("select");
      use.changed();
    },
  });
  verb.classList.toggle("not", measure === "never");
  const head = [verb];
  if (SUMS.includes(measure)) head.push(propertyOf(leaf, use), words(t("of")));
  head.push(eventName(leaf.event, use));
  if (measure !== "never") head.push(...figure(leaf, use, measure));
  return [...head, windowOf(leaf, use), whereOf(leaf.event, use)];
}

function figure(leaf, use, measure) {
  const how = choice({
    label: t("compare"),
    value: leaf.op ?? "ge",
    options: ["ge", "gt", "le", "lt", "eq", "ne"].map((one) => [one, t(measure === "count" ? `times_${one}` : `op_number.${one}`)]),
    change: (op) => {
      leaf.op = op;
      use.changed();
    },
  });
  const value = number({ label: t(measure === "count" ? "times" : "value"), value: leaf.value ?? 1, least: measure === "count" || measure === "distinct" ? 0 : undefined, change: (one) => {
    leaf.value = one;
    use.changed();
  } });
  if (leaf.value === null) value.value = "";
  return [how, value, ...(measure === "count" ? [words(t("times"))] : [])];
}

function propertyOf(leaf, use) {
  const options = async () => {
    const found = await suggested("property", { kind: kindOfEvent(leaf.event), name: leaf.event.name ?? "" });
    const fits = (one) => (leaf.measure === "distinct" ? one.kind !== "other" : one.kind === "number");
    return found.filter(fits).map((one) => ({ value: one.name, kind: one.kind, icon: one.kind === "number" ? "math-function" : "language" }));
  };
  return name({ label: t("property"), value: leaf.property ?? "", placeholder: t("choose_property"), options, change: async (one) => {
    leaf.property = one;
    const known = (await options()).find((other) => other.value === one);
    if (leaf.measure === "distinct" && known?.kind === "number") leaf.property_type = "number";
    else delete leaf.property_type;
    use.changed();
  } });
}

// ---- one after another

export function sequence(leaf, use) {
  const parts = [words(t("sequence_within"), "t3"), ...span({ value: leaf.window ?? { n: 30, unit: "days" }, change: (one) => set(leaf, "window", one, use) })];
  leaf.steps.forEach((step, n) => parts.push(rowBreak(), ...stepOf(leaf, step, n, use)));
  if (leaf.then_not) parts.push(rowBreak(), ...endOf(leaf, use));
  parts.push(rowBreak(), ...growth(leaf, use));
  return parts;
}

function set(node, key, value, use) {
  if (value === null) delete node[key];
  else node[key] = value;
  use.changed();
}

function stepOf(leaf, step, n, use) {
  const parts = [make("span", { className: "ordinal", textContent: n + 1 })];
  if (n) {
    const timed = choice({
      label: t("step_time"),
      value: step.within ? "within" : "any",
      options: [["within", t("then_within")], ["any", t("then_any")]],
      change: (one) => {
        set(step, "within", one === "within" ? { n: 3, unit: "days" } : null, use);
        use.rebuild("select");
      },
    });
    parts.push(timed, ...(step.within ? span({ value: step.within, change: (one) => set(step, "within", one, use) }) : []));
  }
  parts.push(eventName(step.event, use, t("step_event", { n: n + 1 })), whereOf(step.event, use));
  if (n) parts.push(...withoutOf(step, use));
  if (leaf.steps.length > 1) parts.push(removal(t("remove_step", { n: n + 1 }), () => {
    leaf.steps.splice(n, 1);
    const { within: _w, without: _o, ...first } = leaf.steps[0];
    leaf.steps[0] = first;
  }, use));
  return parts;
}

function withoutOf(step, use) {
  if (!step.without) {
    const add = make("button", { type: "button", className: "btn plain small" }, icon("ban"), t("without_short"));
    add.addEventListener("click", () => {
      set(step, "without", { name: "" }, use);
      use.rebuild();
    });
    return [add];
  }
  return [words(t("without"), "strong bad"), eventName(step.without, use, t("without_event")), words(t("in_between"), "t3"), whereOf(step.without, use), removal(t("remove_without"), () => delete step.without, use)];
}

function endOf(leaf, use) {
  const end = leaf.then_not;
  return [
    make("span", { className: "ordinal bad" }, icon("ban")),
    words(t("then"), ""), words(t("not"), "strong bad"), words(t("within")),
    ...span({ value: end.within, change: (one) => set(end, "within", one, use) }),
    eventName(end.event, use, t("not_event")), whereOf(end.event, use),
    removal(t("remove_end"), () => delete leaf.then_not, use),
  ];
}

function removal(label, act, use) {
  const drop = button(label, "x");
  drop.addEventListener("click", () => {
    act();
    use.rebuild("select");
    use.changed();
  });
  return drop;
}

function growth(leaf, use) {
  const add = (label, act, isOff) => {
    const one = make("button", { type: "button", className: "chip add", hidden: isOff }, icon("plus"), label);
    one.addEventListener("click", () => {
      act();
      use.changed();
      use.rebuild("last");
    });
    return one;
  };
  return [
    add(t("step"), () => leaf.steps.push({ event: { name: "" }, within: { n: 3, unit: "days" } }), leaf.steps.length >= 8),
    add(t("then_not"), () => (leaf.then_not = { event: { name: "" }, within: { n: 7, unit: "days" } }), Boolean(leaf.then_not)),
  ];
}
