// The rule as a tree of plain objects, as the server takes it. Each has a key beside, under which the page knows it.

const KEY = Symbol("key");
const GROUPS = ["all", "any", "none"];
const KINDS_OF_EVENT = ["track", "page", "screen"];
let last = 0;

export const isGroup = (node) => GROUPS.includes(node.type);
export const keyOf = (node) => node[KEY];

export function keyed(node) {
  node[KEY] = ++last;
  told(node);
  if (isGroup(node)) node.of.forEach(keyed);
  return node;
}

// what the server leaves out
function told(node) {
  if (node.type === "did" || node.type === "people_in") Object.assign(node, { op: "ge", value: 1, ...node });
  if (node.type === "company") leavesOf(node.where).forEach(told);
}

export const copied = (node) => keyed(JSON.parse(JSON.stringify(node)));

// a node becomes another, and stays where and who it is
export function become(node, other) {
  for (const name of Object.keys(node)) delete node[name];
  return Object.assign(node, other);
}

export function find(root, key, parent = null) {
  if (root[KEY] === key) return { node: root, parent, index: parent ? parent.of.indexOf(root) : 0 };
  if (!isGroup(root)) return null;
  for (const one of root.of) {
    const found = find(one, key, root);
    if (found) return found;
  }
  return null;
}

export const holds = (node, key) => Boolean(find(node, key));

export function remove(root, key) {
  const { node, parent, index } = find(root, key);
  parent.of.splice(index, 1);
  return { node, parent, index };
}

// every place where a node could be put, in the order of the page; none within itself
export function places(root, moved) {
  const found = [];
  const look = (group) => {
    if (group[KEY] === moved) return;
    const others = group.of.filter((one) => one[KEY] !== moved);
    others.forEach((one, index) => {
      found.push({ parent: group, index });
      if (isGroup(one)) look(one);
    });
    found.push({ parent: group, index: others.length });
  };
  look(root);
  return found;
}

export function put(root, key, parent, index) {
  const { node } = remove(root, key);
  parent.of.splice(index, 0, node);
}

export function depthOf(root, key, depth = 1) {
  if (root[KEY] === key) return depth;
  if (!isGroup(root)) return 0;
  return Math.max(0, ...root.of.map((one) => depthOf(one, key, depth + 1)));
}

export const heightOf = (node) => (isGroup(node) ? 1 + Math.max(0, ...node.of.map(heightOf)) : 0);
export const leavesOf = (node) => (isGroup(node) ? node.of.flatMap(leavesOf) : [node]);

// ---- what is not filled in yet

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const NEEDS = {
  text: (one) => one.values.length > 0,
  list: (one) => one.values.length > 0,
  part: (one) => one.value !== "",
  number: (one) => isNumber(one.value),
  range: (one) => isNumber(one.low) && isNumber(one.high),
  date: (one) => Boolean(one.first) && (one.op !== "between" || Boolean(one.last)),
  recent: (one) => isNumber(one.days),
  anniversary: (one) => isNumber(one.days),
  regex: (one) => one.pattern !== "",
};
const FIELDS = ["", "trait:", "computed:"];

// a condition about a field: of a person, an event or a company
export const isAsked = (one) => !FIELDS.includes(one.field) && (NEEDS[one.type]?.(one) ?? true);

const hasSpan = (span) => !span || isNumber(span.n);
const hasEvent = (event) => Boolean(event.name) || event.kind === "page" || event.kind === "screen";

function hasWindow(window = {}) {
  return hasSpan(window.last) && window.since !== "" && window.since_trait !== "";
}

const WHOLE = {
  did: (one) => hasEvent(one.event) && isNumber(one.value) && hasWindow(one.window) && (!("property" in one) || one.property !== ""),
  sequence: (one) =>
    hasSpan(one.window) &&
    one.steps.every((step) => hasEvent(step.event) && hasSpan(step.within) && (!step.without || hasEvent(step.without))) &&
    (!one.then_not || (hasEvent(one.then_not.event) && isNumber(one.then_not.within.n))),
  audience: (one) => isNumber(one.audience),
  listed: (one) => isNumber(one.list),
  consent: (one) => Boolean(one.purpose),
  people_in: (one) => isNumber(one.audience) && isNumber(one.value),
  company: (one) => leavesOf(one.where).every(isWhole) && leavesOf(one.where).length > 0,
  top: (one) => !FIELDS.includes(one.field) && isNumber(one.percent),
  sample: (one) => isNumber(one.percent),
};

export function isWhole(leaf) {
  return (WHOLE[leaf.type] ?? isAsked)(leaf);
}

export function eventsOf(leaf) {
  if (leaf.type === "did") return [leaf.event];
  if (leaf.type !== "sequence") return [];
  return [...leaf.steps.flatMap((one) => [one.event, one.without]), leaf.then_not?.event].filter(Boolean);
}

export const isFilled = (leaf) => isWhole(leaf) && eventsOf(leaf).every((one) => !one.where || leavesOf(one.where).every(isAsked));

// a list may hold 5 or "5"
function widened(leaf) {
  if (leaf.type !== "list") return;
  const texts = [...new Set(leaf.values.map(String))];
  leaf.values = [...texts, ...texts.filter((one) => /^-?\d{1,15}(\.\d{1,10})?$/.test(one)).map(Number)];
}

// how many conditions the server counts: those about companies and properties too
export function sizeOf(root) {
  const inner = (leaf) => [leaf.type === "company" ? leaf.where : null, ...eventsOf(leaf).map((one) => one.where)].filter(Boolean);
  return leavesOf(root).reduce((sum, leaf) => sum + 1 + inner(leaf).flatMap(leavesOf).length, 0);
}

// without conditions about properties that are not filled in
function trimmed(leaf) {
  const copy = JSON.parse(JSON.stringify(leaf));
  if (copy.type === "company") leavesOf(copy.where).forEach(widened);
  widened(copy);
  for (const event of eventsOf(copy)) {
    if (event.where) leavesOf(event.where).forEach(widened);
    if (!event.where) continue;
    if (!isGroup(event.where)) {
      if (!isAsked(event.where)) delete event.where;
      continue;
    }
    event.where.of = event.where.of.filter((one) => isGroup(one) || isAsked(one));
    if (!event.where.of.length) delete event.where;
  }
  return copy;
}

// the rule as it can be asked: without what is not filled in yet; by place, which node stands there, and what was left out
export function asked(root) {
  const keys = new Map();
  const gaps = [];
  const visit = (node, at) => {
    keys.set(at, node[KEY]);
    if (!isGroup(node)) {
      if (!isFilled(node)) gaps.push(node[KEY]);
      return trimmed(node);
    }
    const of = [];
    for (const one of node.of) {
      const isGap = isGroup(one) ? !leavesOf(one).some(isWhole) : !isWhole(one);
      if (isGap) gaps.push(...(isGroup(one) && leavesOf(one).length ? leavesOf(one) : [one]).map(keyOf));
      else of.push(visit(one, `${at}.of[${of.length}]`));
    }
    return { type: node.type, of };
  };
  return { rule: visit(root, "where"), keys, gaps };
}

export const kindOfEvent = (event) => (KINDS_OF_EVENT.includes(event.kind) ? event.kind : "track");
