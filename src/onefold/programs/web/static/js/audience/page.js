// What every part of the builder uses, and the form of computed traits: what the server gave, words, elements, figures.

export const boot = JSON.parse(document.getElementById("boot").textContent);
const sprite = document.querySelector("[data-icons]").dataset.icons;
const whole = new Intl.NumberFormat(boot.language);
const part = new Intl.NumberFormat(boot.language, { maximumFractionDigits: 1 });

// a word of the interface; {name} in it is filled in
export function t(key, filled = {}) {
  return (boot.words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
}

export function make(name, props = {}, ...children) {
  const { data, attrs, ...rest } = props;
  const element = Object.assign(document.createElement(name), rest);
  Object.assign(element.dataset, data);
  for (const [key, value] of Object.entries(attrs ?? {})) element.setAttribute(key, value);
  element.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return element;
}

export function icon(name) {
  const [svg, use] = ["svg", "use"].map((one) => document.createElementNS("http://www.w3.org/2000/svg", one));
  svg.setAttribute("class", "ti");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

export function button(words, name, props = {}) {
  const { attrs, ...rest } = props;
  return make("button", { type: "button", title: words, className: "btn plain small square", ...rest, attrs: { "aria-label": words, ...attrs } }, icon(name));
}

export const count = (number) => whole.format(number);
export const share = (of, all) => (all ? `${part.format((100 * of) / all)} %` : "");

export function cut(text, most = 60) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

export function say(text) {
  const box = document.getElementById("said");
  box.textContent = "";
  requestAnimationFrame(() => (box.textContent = text));
}

function token() {
  return document.cookie.match(/(?:^|; )onefold_csrf=([^;]+)/)?.[1] ?? "";
}

export class Refused extends Error {
  constructor(answer, message, facts) {
    super(message);
    this.status = answer.status;
    this.facts = facts;
  }
}

export class Unreached extends Error {}

async function sent(path, options) {
  try {
    return await fetch(path, options);
  } catch (fault) {
    if (options.signal?.aborted) throw fault;
    document.dispatchEvent(new Event("connection:lost"));
    throw new Unreached(t("not_reached"));
  }
}

// the answer of the server; Refused says why there is none, Unreached that nobody answered
export async function ask(path, body, signal) {
  const headers = { "X-CSRFToken": token(), "HX-Request": "true", "Content-Type": "application/json" };
  const options = body === undefined ? { headers, signal } : { method: "POST", headers, signal, body: JSON.stringify(body) };
  const answer = await sent(path, options);
  if (answer.ok) return answer.json();
  if (answer.status === 401) document.dispatchEvent(new Event("connection:signed-out"));
  const facts = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
  const said = answer.headers.get("X-Message");
  throw new Refused(answer, said ? decodeURIComponent(said) : t("failed"), facts);
}
