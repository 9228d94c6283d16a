// The dialog of nested groups: drawn from the tree in the page, sent back as JSON in the address.

const MAX_DEPTH = 4;
let fields = null; // of the list's records
let relations = []; // what else groups can be asked of, each with the fields there
let dialog, box; // a search puts new ones in their place

export async function openGroups() {
  [dialog, box] = [document.getElementById("groups"), document.getElementById("tree")];
  if (!fields) ({ fields, relations } = await (await fetch(`${dialog.dataset.path}/filter/fields?${dialog.dataset.asked}`)).json());
  const tree = dialog.dataset.tree ? JSON.parse(dialog.dataset.tree).where : { type: "all", of: [newLeaf(fields)] };
  box.replaceChildren(drawGroup(tree, 1, fields));
  document.getElementById("tree-fault").textContent = "";
  dialog.showModal();
}

function newLeaf(known) {
  return { type: "present", field: known[0].field, value: true };
}

function make(name, props = {}, ...children) {
  const element = Object.assign(document.createElement(name), props);
  element.append(...children);
  return element;
}

function adder(text, act) {
  const button = make("button", { className: "btn small plain", textContent: `+ ${text}`, type: "button" });
  button.addEventListener("click", act);
  return button;
}

// a group of conditions on `known` fields; those on the list's own records may lead to others
function drawGroup(group, depth, known, canGo = depth > 1) {
  const kind = make("select", { ariaLabel: box.dataset.match });
  for (const one of ["all", "any", "none"]) kind.append(new Option(box.dataset[one], one, false, one === group.type));
  const rows = make("div", { className: "stack" });
  const add = adder(box.dataset.add, () => rows.append(drawLeaf(newLeaf(known), known)));
  const head = make("div", { className: "tree-head" }, kind, make("span", { className: "space" }), add);
  if (depth < MAX_DEPTH) head.append(adder(box.dataset.group, () => rows.append(drawGroup({ type: "any", of: [newLeaf(known)] }, depth + 1, known))));
  if (depth < MAX_DEPTH && known === fields && relations.length)
    head.append(adder(box.dataset.related, () => rows.append(drawRelated(newRelated(relations[0]), depth + 1))));
  const element = make("div", { className: "tree-group" }, head, rows);
  if (canGo) head.append(removeButton(element));
  rows.append(...group.of.map((one) => drawNode(one, depth + 1, known)));
  element.read = () => ({ type: kind.value, of: [...rows.children].map((one) => one.read()) });
  return element;
}

function drawNode(one, depth, known) {
  if (one.of) return drawGroup(one, depth, known);
  if (one.type !== "related") return drawLeaf(one, known);
  const isKnown = known === fields && relations.some((relation) => relation.field === one.field);
  return isKnown ? drawRelated(one, depth) : drawKept(one);
}

// what an address asks and this dialog can't show: it stays as it is
function drawKept(node) {
  const element = make("div", { className: "tree-row" }, make("code", { className: "wrap small", textContent: JSON.stringify(node) }));
  element.append(removeButton(element));
  element.read = () => node;
  return element;
}

function newRelated(relation) {
  return { type: "related", field: relation.field, where: { type: "all", of: [newLeaf(relation.fields)] } };
}

// conditions that one and the same related record meets
function drawRelated(node, depth) {
  const op = make("select", { ariaLabel: box.dataset.compare });
  for (const one of ["has", "has_not"]) op.append(new Option(box.dataset[one === "has" ? "has" : "lacks"], one, false, one === (node.op ?? "has")));
  const field = make("select", { ariaLabel: box.dataset.leads });
  for (const one of relations) field.append(new Option(one.title, one.field, false, one.field === node.field));
  const head = make("div", { className: "tree-head" }, op, field, make("span", { className: "t3 small", textContent: box.dataset.where }));
  const part = make("div", { className: "stack" });
  const draw = (where) => {
    const known = relations.find((one) => one.field === field.value).fields;
    part.replaceChildren(drawGroup(where, MAX_DEPTH, known, false));
  };
  draw(node.where.of ? node.where : { type: "all", of: [node.where] });
  field.addEventListener("change", () => draw(newRelated(relations.find((one) => one.field === field.value)).where));
  const element = make("div", { className: "tree-group" }, head, part);
  head.append(make("span", { className: "space" }), removeButton(element));
  element.read = () => ({ type: "related", field: field.value, op: op.value, where: part.firstElementChild.read() });
  return element;
}

function removeButton(element) {
  const button = make("button", { className: "btn small plain", textContent: "×", type: "button", ariaLabel: box.dataset.remove });
  button.addEventListener("click", () => element.remove());
  return button;
}

function codeOf(leaf) {
  if (leaf.op) return `${leaf.type}.${leaf.op}`;
  return leaf.type === "range" ? "range" : `${leaf.type}.${leaf.value ?? true}`;
}

function drawLeaf(leaf, known) {
  const field = make("select", { ariaLabel: box.dataset.field });
  for (const one of known) field.append(new Option(one.title, one.field, false, one.field === leaf.field));
  const op = make("select", { ariaLabel: box.dataset.compare });
  const [first, second] = [0, 1].map(() => make("input", { ariaLabel: box.dataset.value, maxLength: 2000 }));
  const choices = make("div", { className: "tree-choices", role: "group", ariaLabel: box.dataset.value });
  const kept = leaf.values ?? []; // values with commas stay whole while nobody touches them
  first.value = kept.length ? kept.join(", ") : leaf.low ?? leaf.first ?? leaf.days ?? (typeof leaf.value === "boolean" ? "" : leaf.value ?? "");
  second.value = leaf.high ?? leaf.last ?? "";
  const asDrawn = first.value;
  const takes = () => op.selectedOptions[0]?.dataset.takes;
  const optionsNow = () => (takes() === "texts" ? known.find((one) => one.field === field.value).options : null);
  const showInputs = () => {
    const kind = takes();
    drawChoices(choices, optionsNow(), field.value === leaf.field ? kept : []);
    first.type = second.type = kind === "day" || kind === "days" ? "date" : "text";
    first.hidden = kind === "nothing" || Boolean(optionsNow());
    second.hidden = kind !== "numbers" && kind !== "days";
  };
  const fill = (code) => {
    op.replaceChildren();
    for (const [value, words, what] of known.find((one) => one.field === field.value).operators) {
      const option = new Option(words, value, false, value === code);
      option.dataset.takes = what;
      op.append(option);
    }
    showInputs();
  };
  fill(codeOf(leaf));
  field.addEventListener("change", () => {
    choices.replaceChildren();
    fill(op.value);
  });
  op.addEventListener("change", showInputs);
  const element = make("div", { className: "tree-row" }, field, op, first, second, choices);
  element.append(removeButton(element));
  element.read = () => {
    if (optionsNow()) return readLeaf(field.value, op.value, "texts", [], ticked(choices));
    const values = first.value === asDrawn && kept.length ? kept : first.value.split(",").map((one) => one.trim()).filter(Boolean);
    return readLeaf(field.value, op.value, takes(), [first.value.trim(), second.value.trim()], values);
  };
  return element;
}

// of a field whose values are options: check boxes, also for those chosen that no longer exist
function drawChoices(part, options, kept) {
  part.hidden = !options;
  if (!options) return part.replaceChildren();
  const known = new Set(options.map(([value]) => value));
  const gone = kept.filter((one) => typeof one === "string" && !known.has(one)).map((one) => [one, one]);
  const chosen = new Set(part.childElementCount ? ticked(part) : kept);
  part.replaceChildren(...[...options, ...gone].map(([value, label]) => {
    const input = make("input", { type: "checkbox", value, checked: chosen.has(value) });
    return make("label", { className: "line" }, input, make("span", { textContent: label }));
  }));
}

function ticked(part) {
  return [...part.querySelectorAll("input:checked")].map((one) => one.value);
}

function readLeaf(field, code, takes, [first, second], values) {
  const [type, op] = code.split(".");
  const leaf = { type, field };
  if (type === "flag" || type === "present") return { ...leaf, value: op === "true" };
  if (type === "range") return { ...leaf, low: Number(first), high: Number(second) };
  leaf.op = op;
  if (takes === "texts") return { ...leaf, values };
  if (takes === "number") return { ...leaf, value: Number(first) };
  if (takes === "count") return { ...leaf, days: Number(first) };
  if (takes === "day") return { ...leaf, first };
  if (takes === "days") return { ...leaf, first, last: second };
  return { ...leaf, value: first };
}

document.addEventListener("click", async (click) => {
  if (!click.target.closest("#apply-tree")) return;
  const url = new URL(dialog.dataset.path, location.href);
  url.search = dialog.dataset.unfiltered;
  url.searchParams.set("filter", JSON.stringify({ v: 1, where: box.firstElementChild.read() }));
  // asked as the API, which says in words what is wrong; the dialog stays with all that was typed
  const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "list" } });
  if (answer.ok) location.href = url;
  else {
    const said = answer.headers.get("X-Message");
    document.getElementById("tree-fault").textContent = said ? decodeURIComponent(said) : answer.statusText;
  }
});
