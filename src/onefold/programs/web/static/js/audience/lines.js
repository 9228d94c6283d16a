// The line of each kind of condition, and what a new one is.

import { audiencesOf, companyAdds, inAudience, isOfCompanies, newPeopleIn, ofCompany, peopleIn } from "./companies.js";
import { comparison, fieldsOf, titleOf } from "./compared.js";
import { did, eventsKnown, sequence } from "./events.js";
import { choice, name, number } from "./inputs.js";
import { holdsOf, leafOf } from "./operators.js";
import { nested } from "./nested.js";
import { boot, make, t } from "./page.js";
import { kindOfEvent } from "./tree.js";

const words = (text, className = "") => make("span", { textContent: text, className });

// ---- icons

const ICONS = {
  sequence: "arrows-right", audience: "users-group", consent: "shield-check", company: "building", top: "trophy",
  sample: "arrows-shuffle", listed: "layout-list", people_in: "users",
};

export function iconOf(leaf) {
  if (leaf.type === "did") return { track: /order|purchase|cart|product|checkout/i.test(leaf.event.name ?? "") ? "shopping-cart" : "bolt", page: "file-text", screen: "device-mobile" }[kindOfEvent(leaf.event)];
  if (ICONS[leaf.type]) return ICONS[leaf.type];
  if (leaf.field?.startsWith("computed:")) return "math-function";
  return leaf.type === "anniversary" ? "cake" : "user";
}

// ---- lines that are neither events nor comparisons

const scope = isOfCompanies ? "company" : "person";
const audience = (leaf, use) => inAudience(leaf, use, boot.of);

function consent(leaf, use) {
  return [
    words(t("consent"), "t3"),
    choice({ label: t("purpose"), value: leaf.purpose, options: boot.purposes.map((one) => [one.slug, one.name]), change: (one) => use.set("purpose", one) }),
    choice({ label: t("compare"), value: leaf.op ?? "given", options: ["given", "denied", "unknown"].map((one) => [one, t(`consent_${one}`)]), change: (one) => use.set("op", one) }),
  ];
}

function company(leaf, use) {
  const draws = (one) => ofCompany(one, { changed: use.changed });
  return [nested(leaf, { ...use, scope: "company", head: t("company_where"), draws, adds: companyAdds })];
}

function top(leaf, use) {
  const numbers = () => fieldsOf("person").filter((one) => one.group !== t("person") && ["number", ""].includes(holdsOf(one.value, "person")));
  const field = name({ label: t("field"), value: leaf.field, titleOf, placeholder: t("choose_number"), options: numbers, change: (one) => use.set("field", one) });
  field.dataset.prefix = "trait:";
  return [
    choice({ label: t("compare"), value: leaf.is_bottom ? "bottom" : "top", options: [["top", t("the_top")], ["bottom", t("the_bottom")]], change: (one) => use.set("is_bottom", one === "bottom" ? true : undefined) }),
    number({ label: t("percent"), value: leaf.percent, least: 0, most: 100, change: (one) => use.set("percent", one) }),
    words(t("percent_by")), field,
  ];
}

function sample(leaf, use) {
  const seed = name({ label: t("draw"), value: leaf.seed ?? "", placeholder: t("draw"), options: () => [], change: (one) => use.set("seed", one || undefined) });
  return [words(t("chance"), "t3"), number({ label: t("percent"), value: leaf.percent, least: 0, most: 100, change: (one) => use.set("percent", one) }), words(t("percent_all")), seed];
}

function listed(leaf, use) {
  return [words(t("in_list"), "t3"), choice({ label: t("list"), value: leaf.list ?? "", options: boot.lists.map((one) => [String(one.id), one.name]), change: (one) => use.set("list", Number(one)) })];
}

function asked(leaf, use) {
  const box = comparison(leaf, { scope, changed: () => use.changed() });
  return [words(t(leaf.field.startsWith("computed:") ? "computed_trait" : leaf.field.startsWith("trait:") ? "trait" : isOfCompanies ? "company" : "person"), "t3"), box];
}

const LINES = { did, sequence, audience, consent, company, people_in: peopleIn, top, sample, listed };

// `use`: { changed(), rebuild(focus), set(key, value), room(), mayGrow() }
export function lineOf(leaf, use) {
  return (LINES[leaf.type] ?? asked)(leaf, use);
}

// ---- what can be added

const event = (kind, text) => ({ type: "did", event: kind === "track" ? { name: text } : { name: text, kind }, window: { last: { n: 30, unit: "days" } }, op: "ge", value: 1 });

function kinds() {
  const [did, are, other] = [t("what_they_did"), t("who_they_are"), t("lists_and_shares")];
  if (isOfCompanies) return [
    { group: t("the_company"), icon: "user", title: t("kind_trait"), make: () => ({ type: "text", field: "trait:", op: "is", values: [] }) },
    { group: t("the_company"), icon: "users", title: t("kind_people_in"), words: t("kind_people_in_more"), make: newPeopleIn },
    { group: t("the_company"), icon: "building", title: t("kind_audience"), make: () => ({ type: "audience", audience: null }) },
  ];
  return [
    { group: did, icon: "bolt", title: t("kind_event"), words: t("kind_event_more"), make: () => event("track", "") },
    { group: did, icon: "arrows-right", title: t("kind_sequence"), words: t("kind_sequence_more"), make: () => ({ type: "sequence", steps: [{ event: { name: "" } }, { event: { name: "" }, within: { n: 3, unit: "days" } }], window: { n: 30, unit: "days" } }) },
    { group: did, icon: "file-text", title: t("kind_page"), make: () => event("page", "") },
    { group: did, icon: "device-mobile", title: t("kind_screen"), make: () => event("screen", "") },
    { group: are, icon: "user", title: t("kind_trait"), make: () => ({ type: "text", field: "trait:", op: "is", values: [] }) },
    { group: are, icon: "building", title: t("kind_company"), make: () => ({ type: "company", where: { type: "all", of: [{ type: "text", field: "", op: "is", values: [] }] } }) },
    { group: are, icon: "shield-check", title: t("kind_consent"), make: () => ({ type: "consent", purpose: boot.purposes[0]?.slug ?? "" }) },
    { group: other, icon: "users-group", title: t("kind_audience"), make: () => ({ type: "audience", audience: null }) },
    { group: other, icon: "layout-list", title: t("kind_listed"), make: () => ({ type: "listed", list: null }) },
    { group: other, icon: "trophy", title: t("kind_top"), make: () => ({ type: "top", field: "trait:", percent: 10 }) },
    { group: other, icon: "arrows-shuffle", title: t("kind_sample"), make: () => ({ type: "sample", percent: 10 }) },
  ];
}

// what a search among all that can be asked offers: kinds first, then events, traits and audiences by name
export function offers() {
  const events = isOfCompanies ? [] : eventsKnown().map((one) => ({ group: t("events"), icon: one.icon, title: one.value, hint: one.hint, make: () => event(one.kind, one.value) }));
  const fields = fieldsOf(scope).map((one) => ({ ...one, make: () => leafOf(one.value, holdsOf(one.value, scope)) }));
  const audiences = audiencesOf(boot.of).map((one) => ({ group: t("audiences"), icon: "users-group", title: one.name, make: () => ({ type: "audience", audience: one.id }) }));
  return [...kinds(), ...events, ...fields, ...audiences].map((one) => ({ ...one, value: one.title }));
}
