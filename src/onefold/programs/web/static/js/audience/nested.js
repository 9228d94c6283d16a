// Conditions within a condition: about an event's properties or a company's fields, with groups as deep as a rule goes.

import { comparison } from "./compared.js";
import { choice } from "./inputs.js";
import { button, make, t } from "./page.js";
import { innerOf, isGroup } from "./tree.js";

const blank = () => ({ type: "text", field: "", op: "is", values: [] });
const inputOf = (node) => `[data-inner="${innerOf(node)}"] input`;

// `holder.where` is the tree; it may be missing where there is an `opener`, the button that begins it. `use`: { scope,
// event, head, opener, changed(), room(), mayGrow(), draws(leaf), adds(add) }, of which `room` is how many groups deep
// it may go, `draws` a condition that isn't a comparison, and `adds` the buttons for such.
// One group is a line with "and" or "or" between its conditions; several, or one that excludes, are boxes.
export function nested(holder, use) {
  const box = make("span", { className: "where" });
  const draw = (focus) => {
    if (holder.where && !isGroup(holder.where)) holder.where = { type: "all", of: [holder.where] };
    const root = holder.where;
    box.classList.toggle("none", !root);
    if (root) {
      const head = make("span", { className: "t3", textContent: use.head });
      box.replaceChildren(...(root.type === "none" || root.of.some(isGroup) ? [boxed(root, 1, head)] : [head, ...flat(root)]));
    } else {
      const first = use.opener();
      first.addEventListener("click", () => grow(() => {
        holder.where = { type: "all", of: [blank()] };
        return inputOf(holder.where.of[0]);
      }));
      box.replaceChildren(first);
    }
    if (focus) (box.querySelector(focus) ?? box.querySelector("button, select"))?.focus();
  };
  const keep = (focus) => {
    if (use.opener && !holder.where.of.length) delete holder.where;
    draw(focus);
    use.changed();
  };
  // `act` makes the tree longer, and says where one goes on
  const grow = (act) => use.mayGrow() && keep(act());

  function flat(root) {
    const parts = [];
    root.of.forEach((leaf, n) => {
      if (n) parts.push(joint(root));
      parts.push(line(leaf, root, n));
    });
    return [...parts, ...additions(root, 1)];
  }

  function boxed(group, depth, head) {
    const kind = choice({
      label: t("match"),
      value: group.type,
      options: ["all", "any", "none"].map((one) => [one, t(`inner_${one}`)]),
      change: (one) => {
        group.type = one;
        keep(`[data-inner="${innerOf(group)}"] select`);
      },
    });
    kind.className = group.type === "none" ? "joins not" : "joins";
    const items = group.of.map((one, n) => (isGroup(one) ? boxed(one, depth + 1) : line(one, group, n)));
    if (!items.length) items.push(make("span", { className: "small t3", textContent: t("empty_inner") }));
    const top = make("span", { className: "line" }, head, kind, ...additions(group, depth), depth > 1 ? drop(group) : "");
    return make("span", { className: "within", data: { inner: innerOf(group) }, attrs: { role: "group", "aria-label": t(`inner_${group.type}`) } }, top, ...items);
  }

  function drop(group) {
    const parent = parentOf(holder.where, group);
    const one = button(t("remove_inner_group"), "x");
    one.addEventListener("click", () => {
      parent.of.splice(parent.of.indexOf(group), 1);
      keep(`[data-inner="${innerOf(parent)}"] select`);
    });
    return one;
  }

  function line(leaf, group, n) {
    const isOnly = !use.opener && group === holder.where && group.of.length === 1;
    const away = button(t("remove_property"), "x", { hidden: isOnly });
    away.addEventListener("click", () => {
      group.of.splice(n, 1);
      keep(group.of.length ? inputOf(group.of[Math.min(n, group.of.length - 1)]) : "");
    });
    return make("span", { className: "with", data: { inner: innerOf(leaf) } }, use.draws ? use.draws(leaf) : comparison(leaf, { scope: use.scope, event: use.event, changed: use.changed }), away);
  }

  function additions(group, depth) {
    const add = button(t("add_property"), "plus", { className: "btn plain small square grows" });
    add.addEventListener("click", () => grow(() => inputOf(group.of[group.of.push(blank()) - 1])));
    const more = button(t("add_inner_group"), "folder-plus", { hidden: depth >= use.room() });
    more.addEventListener("click", () => grow(() => {
      const inner = { type: group.type === "any" ? "all" : "any", of: [blank()] };
      group.of.push(inner);
      return inputOf(inner.of[0]);
    }));
    const others = use.adds?.((leaf) => grow(() => `[data-inner="${innerOf(group.of[group.of.push(leaf) - 1])}"] select`)) ?? [];
    return [add, ...others, more];
  }

  function joint(group) {
    const link = make("button", { type: "button", className: "link-word", textContent: t(group.type === "all" ? "and" : "or"), title: t("switch_and_or") });
    link.addEventListener("click", () => {
      group.type = group.type === "all" ? "any" : "all";
      keep(".link-word");
    });
    return link;
  }

  draw();
  return box;
}

function parentOf(group, wanted) {
  for (const one of group.of) {
    if (one === wanted) return group;
    const found = isGroup(one) && parentOf(one, wanted);
    if (found) return found;
  }
  return null;
}

