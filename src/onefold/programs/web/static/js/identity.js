// The picture of a person's identity, drawn by Cytoscape from the data in the page. The list beside it says the same.

const box = document.getElementById("graph");
const data = JSON.parse(document.getElementById("graph-data").textContent);
const MAX_LABEL = 20;
const isMany = data.nodes.length > 24; // then dots, which say what they are when one points at them or comes near

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const label = (node) => {
  const text = node.value.length > MAX_LABEL ? `${node.value.slice(0, MAX_LABEL - 1)}…` : node.value;
  return `${node.namespace}\n${text}`;
};

function styles() {
  const edge = (kind, more) => ({ selector: `edge[kind="${kind}"]`, style: more });
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle", width: 156, height: 40, "background-color": color("surface"), "border-width": 1,
        "border-color": color("line-2"), label: "data(label)", "text-valign": "center", "text-halign": "center",
        "text-wrap": "wrap", "font-size": 11, "font-family": "Inter Variable, Inter, sans-serif", color: color("text"),
        "line-height": 1.3,
      },
    },
    { selector: 'node[kind="anchor"]', style: { "background-color": color("accent"), "border-color": color("accent"), color: color("on-accent") } },
    { selector: 'node[kind="other"]', style: { "background-color": color("bad-soft"), "border-color": color("bad"), "border-style": "dashed", color: color("bad") } },
    { selector: "node:selected", style: { "border-width": 2, "border-color": color("accent") } },
    ...(isMany ? dots() : []),
    { selector: "edge", style: { width: isMany ? 1 : 1.5, "line-color": color("control"), "curve-style": "bezier" } },
    edge("rule", { "line-color": color("accent"), width: 2 }),
    edge("refused", { "line-color": color("bad"), "line-style": "dashed" }),
  ];
}

function dots() {
  return [
    {
      selector: "node",
      style: {
        shape: "ellipse", width: 18, height: 18, "border-width": 2, "border-color": color("control"), "text-valign": "bottom", "text-margin-y": 4,
        "min-zoomed-font-size": 16, color: color("text-2"), "text-background-color": color("canvas"), "text-background-opacity": 0.9, "text-background-padding": 2,
      },
    },
    { selector: 'node[kind="anchor"]', style: { width: 32, height: 32, color: color("text"), "font-size": 16, "font-weight": 600, "min-zoomed-font-size": 0, "z-index": 8 } },
    { selector: "node.near, node:selected", style: { "font-size": 16, "min-zoomed-font-size": 0, "z-index": 9, color: color("text") } },
  ];
}

function layout() {
  const shared = { avoidOverlap: true, padding: 24, animate: false };
  if (!isMany) return { ...shared, name: "breadthfirst", roots: data.nodes.filter((node) => node.kind === "anchor").map((node) => node.id), spacingFactor: 1.1 };
  // the anchor, around it who leads on to others, then the rest on three rings
  const places = new Map(data.nodes.map((node, place) => [node.id, place % 3]));
  const rank = (node) => (node.data("kind") === "anchor" ? 4 : node.degree() > 1 ? 3 : places.get(node.id()));
  return { ...shared, name: "concentric", concentric: rank, levelWidth: () => 1, minNodeSpacing: 10, startAngle: 0 };
}

function point(id) {
  document.querySelectorAll("[data-node].here").forEach((one) => one.classList.remove("here"));
  const line = document.querySelector(`[data-node="${id}"]`);
  line?.classList.add("here");
  line?.scrollIntoView({ block: "nearest" });
  return line;
}

// an identifier whose line isn't in the list yet is searched for
function search(node) {
  const input = document.querySelector("input[name=q][hx-target='#identifiers']");
  if (!input || node.kind === "other") return;
  input.value = `${node.namespace}:${node.value}`.slice(0, input.maxLength);
  input.dispatchEvent(new Event("search"));
}

function draw() {
  const cy = cytoscape({
    container: box,
    elements: [
      ...data.nodes.map((node) => ({ data: { ...node, label: label(node) } })),
      ...data.edges.map((edge, n) => ({ data: { ...edge, id: `e${n}` } })),
    ],
    style: styles(),
    layout: layout(),
    maxZoom: isMany ? 3 : 1.6,
  });
  cy.fit(undefined, 24);
  if (cy.zoom() > 1) cy.zoom(1), cy.center();
  cy.on("tap", "node", ({ target }) => point(target.id()) || search(target.data()));
  cy.on("mouseover mouseout", "node", ({ type, target }) => target.toggleClass("near", type === "mouseover"));
  // who goes through the list by keyboard or mouse sees where they are in the picture
  for (const kind of ["focusin", "mouseover"])
    document.getElementById("identifiers").addEventListener(kind, ({ target }) => {
      cy.nodes().removeClass("near");
      const line = target.closest("[data-node]");
      if (line) cy.getElementById(line.dataset.node).addClass("near");
    });
  const step = { in: 1.25, out: 0.8 };
  document.addEventListener("click", (click) => {
    const what = click.target.closest("[data-graph]")?.dataset.graph;
    if (what === "fit") cy.fit(undefined, 24);
    else if (what) cy.zoom({ level: cy.zoom() * step[what], renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  });
  new MutationObserver(() => cy.style(styles())).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}

if (data.nodes.length) draw();
