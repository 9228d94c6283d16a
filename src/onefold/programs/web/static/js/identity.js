// The picture of a person's identity, drawn by Cytoscape from the data in the page. The list beside it says the same.

const box = document.getElementById("graph");
const data = JSON.parse(document.getElementById("graph-data").textContent);
const MAX_LABEL = 20;

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
    { selector: "edge", style: { width: 1.5, "line-color": color("control"), "curve-style": "bezier" } },
    edge("rule", { "line-color": color("accent"), width: 2 }),
    edge("refused", { "line-color": color("bad"), "line-style": "dashed" }),
  ];
}

function draw() {
  const cy = cytoscape({
    container: box,
    elements: [
      ...data.nodes.map((node) => ({ data: { ...node, label: label(node) } })),
      ...data.edges.map((edge, n) => ({ data: { ...edge, id: `e${n}` } })),
    ],
    style: styles(),
    layout: { name: "breadthfirst", roots: data.nodes.filter((node) => node.kind === "anchor").map((node) => node.id), circle: data.nodes.length > 16, spacingFactor: data.nodes.length > 16 ? 1.4 : 1.1, avoidOverlap: true, padding: 24, animate: false },
    maxZoom: 1.6,
  });
  cy.fit(undefined, 24);
  if (cy.zoom() > 1) cy.zoom(1), cy.center();
  cy.on("tap", "node", (tap) => {
    const line = document.querySelector(`[data-node="${tap.target.id()}"]`);
    document.querySelectorAll("[data-node].here").forEach((one) => one.classList.remove("here"));
    line?.classList.add("here");
    line?.scrollIntoView({ block: "nearest" });
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
