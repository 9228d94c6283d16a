// The rule as a tree of plain objects, as the server takes it. Each has a key beside, under which the page knows it.

const KEY = Symbol("key");
const GROUPS = ["all", "any", "none"];
const KINDS_OF_EVENT = ["track", "page", "screen"];
let last = 0;

export const isGroup = (node) => GROUPS.includes(node.type);
export const keyOf = (node) => node[KEY];

// of conditions about a property or a company, which are known only while they are drawn
export const innerOf = (node) => (node[KEY] ??= ++last);

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
const isAsked = (one) => !FIELDS.includes(one.field) && (NEEDS[one.type]?.(one) ?? true);

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

function isWhole(leaf) {
  return (WHOLE[leaf.type] ?? isAsked)(leaf);
}

function eventsOf(leaf) {
  if (leaf.type === "did") return [leaf.event];
  if (leaf.type !== "sequence") return [];
  return [...leaf.steps.flatMap((one) => [one.event, one.without]), leaf.then_not?.event].filter(Boolean);
}

const wheresOf = (leaf) => [leaf.type === "company" ? leaf.where : null, ...eventsOf(leaf).map((one) => one.where)].filter(Boolean);
export const isFull = (where) => (isGroup(where) ? where.of.length > 0 && where.of.every(isFull) : isAsked(where));

export const isFilled = (leaf) => isWhole(leaf) && wheresOf(leaf).every(isFull);

// a list may hold 5 or "5"
function widened(leaf) {
  if (leaf.type !== "list") return leaf;
  const texts = [...new Set(leaf.values.map(String))];
  return { ...leaf, values: [...texts, ...texts.filter((one) => /^-?\d{1,15}(\.\d{1,10})?$/.test(one)).map(Number)] };
}

// how many conditions the server counts: those about companies and properties too
export function sizeOf(root) {
  return leavesOf(root).reduce((sum, leaf) => sum + 1 + wheresOf(leaf).flatMap(leavesOf).length, 0);
}

// conditions about a property or company as they can be asked; null if none is filled in. `keys`: notes who stands where
function asksOf(where, at, keys) {
  keys.set(at, where[KEY]);
  if (!isGroup(where)) return isAsked(where) ? widened(where) : null;
  const of = [];
  for (const one of where.of) {
    const asks = asksOf(one, `${at}.of[${of.length}]`, keys);
    if (asks) of.push(asks);
  }
  return of.length ? { type: where.type, of } : null;
}

// one condition needs no group, which would count as depth
const unboxed = (where) => (isGroup(where) && where.type !== "none" && where.of.length === 1 ? where.of[0] : where);

export function eventAsked(event, at = "event", keys = new Map()) {
  const { where, ...rest } = event;
  const asks = where && asksOf(unboxed(where), `${at}.where`, keys);
  return asks ? { ...rest, where: asks } : rest;
}

function leafAsked(leaf, at, keys) {
  const event = (one, name) => eventAsked(one, `${at}.${name}`, keys);
  if (leaf.type === "did") return { ...leaf, event: event(leaf.event, "event") };
  if (leaf.type === "company") return { ...leaf, where: asksOf(unboxed(leaf.where), `${at}.where`, keys) };
  if (leaf.type !== "sequence") return widened(leaf);
  const asks = { ...leaf };
  asks.steps = leaf.steps.map((step, n) => ({ ...step, event: event(step.event, `steps[${n}].event`), ...(step.without && { without: event(step.without, `steps[${n}].without`) }) }));
  if (leaf.then_not) asks.then_not = { ...leaf.then_not, event: event(leaf.then_not.event, "then_not.event") };
  return asks;
}

// the rule as it can be asked: without what is not filled in yet; by place, which node stands there, and
// which condition within one (`inner`); and what was left out
export function asked(root) {
  const keys = new Map();
  const gaps = [];
  const inner = new Map();
  const visit = (node, at) => {
    keys.set(at, node[KEY]);
    if (!isGroup(node)) {
      if (!isFilled(node)) gaps.push(node[KEY]);
      return leafAsked(node, at, inner);
    }
    const of = [];
    for (const one of node.of) {
      const isGap = isGroup(one) ? !leavesOf(one).some(isWhole) : !isWhole(one);
      if (isGap) gaps.push(...(isGroup(one) && leavesOf(one).length ? leavesOf(one) : [one]).map(keyOf));
      else of.push(visit(one, `${at}.of[${of.length}]`));
    }
    return { type: node.type, of };
  };
  return { rule: visit(root, "where"), keys, inner, gaps };
}

export const kindOfEvent = (event) => (KINDS_OF_EVENT.includes(event.kind) ? event.kind : "track");
