// The inputs that conditions are made of. Each is as wide as what is in it, and tells `change(value)`.

import { suggests } from "./combobox.js";
import { ask, count, icon, make, t } from "./page.js";

const asked = new Map();
const MOST_TOKENS = 30;

// suggestions of the server, each question once
export function suggested(what, parameters) {
  const query = new URLSearchParams({ what, ...parameters }).toString();
  if (!asked.has(query)) {
    const answer = ask(`/audiences/suggest?${query}`).then((found) => found.found, () => []);
    asked.set(query, answer);
    answer.then((found) => found.length || setTimeout(() => asked.delete(query), 5000));
  }
  return asked.get(query);
}

// where CSS can't do it (field-sizing), by the number of letters
function fit(input) {
  if (!CSS.supports("field-sizing", "content")) input.size = Math.min(Math.max(input.value.length, input.placeholder.length, 3) + 1, 40);
}

function input(className, { label, value = "", placeholder = "", type = "text", ...more }) {
  const element = make("input", { className: `sel ${className}`, type, value, placeholder, attrs: { "aria-label": label }, ...more });
  fit(element);
  element.addEventListener("input", () => fit(element));
  return element;
}

export function choice({ label, value, options, change, others = [] }) {
  const element = make("select", { className: "sel", attrs: { "aria-label": label } });
  const add = (box, [code, words]) => box.append(new Option(words, code, false, code === String(value)));
  options.forEach((one) => add(element, one));
  if (others.length) {
    const group = make("optgroup", { label: t("other_ways") });
    others.forEach((one) => add(group, one));
    element.append(group);
  }
  element.value = String(value);
  if (element.selectedIndex < 0) {
    element.prepend(new Option(value ? String(value) : t("choose"), String(value ?? ""), false, true));
    element.selectedIndex = 0;
  }
  element.addEventListener("change", () => change(element.value));
  return element;
}

// a name: suggestions, or whatever is typed
export function name({ label, value, options, change, placeholder, titleOf = (one) => one }) {
  const element = input("name", { label, value: titleOf(value), placeholder, maxLength: 500, spellcheck: false, dir: "auto" });
  element.title = element.value;
  let kept = element.value;
  const keep = (found, shown) => {
    [kept, element.value, element.title] = [shown, shown, shown];
    fit(element);
    change(found);
  };
  suggests(element, { options, pick: (one) => keep(one.value, one.title ?? one.value) });
  element.addEventListener("change", async () => {
    if (element.value === kept) return;
    const typed = element.value.trim();
    const known = ((await options()) ?? []).find((one) => (one.title ?? one.value).toLowerCase() === typed.toLowerCase());
    if (known) keep(known.value, known.title ?? known.value);
    else keep(element.dataset.prefix && typed ? element.dataset.prefix + typed : typed, typed);
  });
  element.addEventListener("focus", () => element.select());
  return element;
}

export function number({ label, value, change, least, most, step = "any", placeholder = "0" }) {
  const element = input("num", { label, type: "number", value: value ?? "", placeholder, step, inputMode: "decimal" });
  if (least !== undefined) element.min = least;
  if (most !== undefined) element.max = most;
  element.addEventListener("input", () => {
    const typed = element.value === "" ? null : Number(element.value);
    change(typed !== null && Number.isFinite(typed) ? typed : null);
  });
  return element;
}

export function day({ label, value, change }) {
  const element = input("day", { label, type: "date", value: value ?? "", max: "9999-12-31" });
  element.addEventListener("change", () => change(element.value));
  return element;
}

export function text({ label, value, change, options = () => [], placeholder = t("value"), most = 500 }) {
  const element = input("name", { label, value, placeholder, maxLength: most, dir: "auto" });
  suggests(element, { options, pick: (one) => {
    element.value = one.value;
    fit(element);
    change(one.value);
  } });
  element.addEventListener("input", () => change(element.value));
  return element;
}

// several values: Enter, a comma or leaving takes what is typed; Backspace takes the last one back. Of very many the last
// ones stand there, and a button that shows all as lines of text, which can be changed, copied and pasted
export function tokens({ label, values, options, change }) {
  const box = make("span", { className: "sel many" });
  const typed = make("input", { className: "typed", placeholder: values.length ? "" : t("value"), maxLength: 500, dir: "auto", attrs: { "aria-label": label } });
  let held = [...new Set(values.map(String))];
  const draw = () => {
    const before = Math.max(0, held.length - MOST_TOKENS);
    box.replaceChildren(before ? others(before) : "", ...held.slice(before).map((value, n) => token(value, before + n)), typed);
    typed.placeholder = held.length ? "" : t("value");
    fit(typed);
  };
  const keep = (next) => {
    held = next;
    draw();
    change([...held]);
  };
  const token = (value, place) => {
    const drop = make("button", { type: "button", className: "drop", title: t("remove_value", { value }), attrs: { "aria-label": t("remove_value", { value }) } }, icon("x"));
    drop.addEventListener("click", () => {
      keep(held.filter((_, n) => n !== place));
      typed.focus();
    });
    return make("span", { className: "token" }, make("span", { className: "cut", textContent: value, title: value, dir: "auto" }), drop);
  };
  const others = (n) => {
    const all = make("button", { type: "button", className: "btn plain small", textContent: t("more_values", { n: count(n) }), title: t("as_lines") });
    all.addEventListener("click", () => {
      const lines = make("textarea", { className: "lines", value: held.join("\n"), rows: 8, spellcheck: false, dir: "auto", attrs: { "aria-label": `${label}: ${t("as_lines")}` } });
      lines.addEventListener("change", () => {
        held = [...new Set(lines.value.split(/\r?\n/).map((one) => one.trim().slice(0, 500)).filter(Boolean))];
        change([...held]);
      });
      lines.addEventListener("blur", draw);
      box.replaceChildren(lines);
      lines.focus();
    });
    return all;
  };
  const take = (parts) => {
    typed.value = "";
    const fresh = parts.map((one) => one.trim()).filter((one) => one && !held.includes(one));
    if (fresh.length) keep([...held, ...fresh]);
    else fit(typed);
  };
  suggests(typed, {
    options: async () => ((await options()) ?? []).filter((one) => !held.includes(one.value)),
    pick: (one) => {
      take([one.value]);
      typed.focus();
    },
  });
  typed.addEventListener("keydown", (press) => {
    if (press.isComposing) return;
    if (press.key === "Enter" || (press.key === "," && typed.value.trim())) {
      press.preventDefault();
      take([typed.value]);
    } else if (press.key === "Backspace" && !typed.value && held.length) {
      keep(held.slice(0, -1));
      typed.focus();
    }
  });
  typed.addEventListener("paste", (paste) => {
    const lines = paste.clipboardData.getData("text").split(/[\r\n\t]+/);
    if (lines.length < 2) return;
    paste.preventDefault();
    take(lines);
    typed.focus();
  });
  typed.addEventListener("input", () => fit(typed));
  typed.addEventListener("blur", () => typed.value.trim() && take([typed.value]));
  box.addEventListener("click", (click) => click.target === box && typed.focus());
  draw();
  return box;
}

// N minutes, hours or days
export function span({ label = t("how_long"), value, change, units = ["minutes", "hours", "days"] }) {
  const kept = { n: value?.n ?? null, unit: value?.unit ?? "days" };
  const tell = () => change({ ...kept });
  const n = number({ label, value: kept.n, least: 1, step: 1, change: (one) => ((kept.n = one), tell()) });
  const unit = choice({ label: t("unit"), value: kept.unit, options: units.map((one) => [one, t(one)]), change: (one) => ((kept.unit = one), tell()) });
  return [n, unit];
}
