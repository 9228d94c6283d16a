// How fields can be compared: by what they hold, which operators there are, what each takes, and its leaf of the tree.

import { boot } from "./page.js";

const make = (type, more) => (field) => ({ type, field, ...more });

// code → [what it takes, a new leaf]
const OPERATORS = {
  "text.is": ["values", make("text", { op: "is", values: [] })],
  "text.is_not": ["values", make("text", { op: "is_not", values: [] })],
  "part.contains": ["text", make("part", { op: "contains", value: "" })],
  "part.contains_not": ["text", make("part", { op: "contains_not", value: "" })],
  "part.starts": ["text", make("part", { op: "starts", value: "" })],
  regex: ["pattern", make("regex", { pattern: "" })],
  "number.ge": ["number", make("number", { op: "ge", value: null })],
  "number.gt": ["number", make("number", { op: "gt", value: null })],
  "number.le": ["number", make("number", { op: "le", value: null })],
  "number.lt": ["number", make("number", { op: "lt", value: null })],
  "number.eq": ["number", make("number", { op: "eq", value: null })],
  "number.ne": ["number", make("number", { op: "ne", value: null })],
  range: ["numbers", make("range", { low: null, high: null })],
  "recent.within": ["count", make("recent", { op: "within", days: 30 })],
  "recent.longer_ago": ["count", make("recent", { op: "longer_ago", days: 30 })],
  "recent.ahead": ["count", make("recent", { op: "ahead", days: 30 })],
  "date.before": ["day", make("date", { op: "before", first: "" })],
  "date.after": ["day", make("date", { op: "after", first: "" })],
  "date.between": ["days", make("date", { op: "between", first: "", last: "" })],
  anniversary: ["count", make("anniversary", { days: 7 })],
  "flag.true": ["nothing", make("flag", { value: true })],
  "flag.false": ["nothing", make("flag", { value: false })],
  "list.has": ["values", make("list", { op: "has", values: [] })],
  "list.has_not": ["values", make("list", { op: "has_not", values: [] })],
  "present.true": ["nothing", make("present", { value: true })],
  "present.false": ["nothing", make("present", { value: false })],
};
const THERE = ["present.true", "present.false"];
const TEXT = ["text.is", "text.is_not", "part.contains", "part.contains_not", "part.starts", "regex"];
const NUMBER = ["number.ge", "number.gt", "number.le", "number.lt", "number.eq", "number.ne", "range"];
const DAY = ["date.before", "date.after", "date.between"];
const TIMED = ["recent.within", "recent.longer_ago", "recent.ahead", "anniversary"];
const FLAG = ["flag.true", "flag.false"];
const LIST = ["list.has", "list.has_not"];
const OF = { text: TEXT, number: NUMBER, date: [...TIMED, ...DAY], flag: FLAG, list: LIST };
const COLUMNS = { name: "text", email: "text", phone: "text", first_seen: "date", last_seen: "date", known: "flag" };
const COMPANY = { name: "text", key: "text", first_seen: "date", last_seen: "date" };

export const columnsOf = (scope) => Object.keys(scope === "company" ? COMPANY : scope === "person" ? COLUMNS : {});

// what a field holds: text, number, date, flag, list; "" = not known
export function holdsOf(field, scope, known = []) {
  if (scope === "property") return kindOf(known.find((one) => one.name === field)?.kind);
  const columns = scope === "company" ? COMPANY : COLUMNS;
  if (field in columns) return columns[field];
  const [source, name] = field.startsWith("computed:") ? [boot.computed, field.slice(9)] : [scope === "company" ? boot.company_traits : boot.traits, field.slice(6)];
  return kindOf(source.find((one) => one.name === name)?.kind);
}

const kindOf = (kind) => (kind in OF ? kind : "");

// the operators of a field: those of what it holds, and the others, which only traits and properties can be asked
export function operatorsOf(field, scope, holds) {
  const isFixed = field in COLUMNS && scope === "person" ? true : field in COMPANY && scope === "company" ? true : field.startsWith("computed:");
  const all = ["text", "number", "date", "flag", "list"].flatMap((kind) => OF[kind]).filter((one) => scope !== "property" || !TIMED.includes(one));
  if (field === "known" && scope === "person") return [FLAG, []];
  const first = holds ? OF[holds].filter((one) => all.includes(one)) : all;
  return [[...first, ...THERE], isFixed || !holds ? [] : all.filter((one) => !first.includes(one))];
}

export function codeOf(leaf) {
  if (["regex", "range", "anniversary"].includes(leaf.type)) return leaf.type;
  return `${leaf.type}.${leaf.type === "flag" || leaf.type === "present" ? leaf.value ?? true : leaf.op}`;
}

export const takenBy = (leaf) => OPERATORS[codeOf(leaf)]?.[0] ?? "nothing";

// the leaf of another operator, with as much of what was typed as it can take
export function withOperator(leaf, code) {
  const fresh = OPERATORS[code][1](leaf.field);
  const text = leaf.values?.[0] ?? (typeof leaf.value === "string" ? leaf.value : leaf.pattern) ?? "";
  const number = typeof leaf.value === "number" ? leaf.value : leaf.low ?? null;
  if ("values" in fresh) fresh.values = leaf.values ?? (text === "" ? (number === null ? [] : [String(number)]) : [text]);
  if (fresh.type === "part") fresh.value = String(text);
  if (fresh.type === "regex") fresh.pattern = String(text);
  if (fresh.type === "number") fresh.value = number;
  if (fresh.type === "range") fresh.low = number;
  if ("days" in fresh && leaf.days) fresh.days = leaf.days;
  if ("first" in fresh) fresh.first = leaf.first ?? "";
  return fresh;
}

// a new condition about a field, by what it holds
export function leafOf(field, holds) {
  const codes = { text: "text.is", number: "number.ge", date: "recent.within", flag: "flag.true", list: "list.has" };
  if (holds === "date" && /birth|anniversar/i.test(field)) return OPERATORS.anniversary[1](field);
  return OPERATORS[codes[holds] ?? "text.is"][1](field);
}
