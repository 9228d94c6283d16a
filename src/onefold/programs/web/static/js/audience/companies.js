// What companies are asked besides their fields: how many of their people are in an audience, and audiences of companies.

import { comparison } from "./compared.js";
import { choice, number } from "./inputs.js";
import { boot, button, make, t } from "./page.js";

const OPS = ["ge", "gt", "eq", "ne", "le", "lt"];
const words = (text, className = "") => make("span", { textContent: text, className });

export const isOfCompanies = boot.of === "companies";
export const audiencesOf = (of) => boot.audiences.filter((one) => one.of === of && one.id !== boot.id);

const options = (of) => audiencesOf(of).map((one) => [String(one.id), one.name]);

export function peopleIn(leaf, use, begin = t("has_people")) {
  return [
    words(begin, "t3"),
    choice({ label: t("compare"), value: leaf.op ?? "ge", options: OPS.map((one) => [one, t(`times_${one}`)]), change: (one) => use.set("op", one) }),
    number({ label: t("value"), value: leaf.value ?? 1, least: 0, step: 1, change: (one) => use.set("value", one) }),
    words(t("people_in")),
    choice({ label: t("choose_audience"), value: leaf.audience ?? "", options: options("people"), change: (one) => use.set("audience", Number(one)) }),
  ];
}

export function inAudience(leaf, use, of) {
  return [
    choice({ label: t("compare"), value: String(leaf.value ?? true), options: [["true", t("in_audience")], ["false", t("not_in_audience")]], change: (one) => use.set("value", one === "true" ? undefined : false) }),
    choice({ label: t("audience"), value: leaf.audience ?? "", options: options(of), change: (one) => use.set("audience", Number(one)) }),
  ];
}

// a condition within "company where"
export function ofCompany(leaf, use) {
  const set = (key, value) => {
    leaf[key] = value;
    use.changed();
  };
  if (leaf.type === "people_in") return make("span", { className: "asks" }, ...peopleIn(leaf, { set }, t("has_people_within")));
  if (leaf.type === "audience") return make("span", { className: "asks" }, ...inAudience(leaf, { set }, "companies"));
  return comparison(leaf, { scope: "company", changed: use.changed });
}

// `add(leaf)` puts a new condition there
export function companyAdds(add) {
  const one = (text, icon, leaf) => {
    const pressed = button(text, icon);
    pressed.addEventListener("click", () => add(leaf()));
    return pressed;
  };
  return [
    one(t("add_people_in"), "users", () => newPeopleIn()),
    one(t("add_company_audience"), "building", () => ({ type: "audience", audience: null })),
  ];
}

export const newPeopleIn = () => ({ type: "people_in", audience: null, op: "ge", value: 1 });
