// How many, how fresh, whom: asked anew a moment after each change, first of a sixteenth of all people, then of all.

import { ask, boot, count, make, Refused, share, t, Unreached } from "./page.js";
import { elementOf } from "./draw.js";
import { signature, state } from "./store.js";
import { asked, find, keyOf } from "./tree.js";

const PAUSE_MS = 400;
const SLOW_MS = 5000;
const AT_ONCE = 5;
const FEW = 10_000; // people: all of them are counted as fast as a sixteenth
const [box, live] = ["estimate", "counted"].map((id) => document.getElementById(id));
const at = (name) => box.querySelector(`[data-${name}]`);
let pause = 0;
let running = null;
let last = null;
let lastAsked = "";
let sampleFrom = 0;
let ticking = 0;
let slow = 0;
const cells = new Map(); // key of a node → what stands at its line's end, and its title

export const facts = { overlap: null };

const field = (name) => document.querySelector(`#builder-bar [name=${name}]`);
export const question = () => ({ id: state.id, of: boot.of, purpose: field("purpose").value });

export function schedule(isNow = false) {
  clearTimeout(pause);
  box.classList.add("stale");
  pause = setTimeout(refresh, isNow ? 0 : PAUSE_MS);
}

async function refresh(force = false) {
  const found = asked(state.root);
  showGaps(found.gaps);
  const body = { rule: found.rule, ...question(), as_of: field("as_of").value, overlap: facts.overlap };
  const text = JSON.stringify(body);
  if (text === lastAsked && !force) return settle();
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  tellCounting();
  try {
    for (const is_sampled of boot.of === "companies" || last?.people < FEW ? [false] : [true, false]) {
      const answer = await ask("/audiences/preview", { ...body, is_sampled }, signal);
      if (signal.aborted) return;
      clearFaults();
      show(answer, found.keys, is_sampled);
    }
    lastAsked = text;
  } catch (fault) {
    if (signal.aborted) return;
    box.classList.add("stale");
    if (fault instanceof Refused) showFault(fault, found);
    else if (fault instanceof Unreached) tellFault(fault.message);
    else throw fault;
  } finally {
    if (!signal.aborted) clearTimeout(slow);
    if (!signal.aborted) box.removeAttribute("aria-busy");
  }
}

function tellCounting() {
  clearInterval(ticking);
  clearTimeout(slow);
  box.setAttribute("aria-busy", "true");
  [live.className, live.textContent] = ["dot small busy", t("counting")];
  slow = setTimeout(() => (live.textContent = t("still_counting")), SLOW_MS);
}

// the question is the one that was answered last
function settle() {
  box.classList.remove("stale");
  clearFaults();
  if (last) tick(last);
}

document.addEventListener("connection:back", () => refresh(true));
document.querySelector("#fault button").addEventListener("click", () => refresh(true));

// ---- figures

function show(found, keys, isFirst) {
  const isSame = last && last.count === found.count && last.is_sampled === found.is_sampled;
  last = found;
  box.classList.remove("stale");
  box.classList.toggle("about", found.is_sampled);
  const number = at("count");
  number.textContent = (found.is_sampled ? "≈ " : "") + count(found.count);
  if (!isSame) {
    number.classList.remove("fresh-number");
    requestAnimationFrame(() => number.classList.add("fresh-number"));
  }
  at("share").textContent = t("share_of", { share: share(found.count, found.people), people: count(found.people) });
  at("title").textContent = field("as_of").value ? t("people_then", { day: new Date(`${field("as_of").value}T00:00:00`).toLocaleDateString(boot.language) }) : t("people_now");
  document.querySelectorAll("[data-phone-count]").forEach((one) => (one.textContent = number.textContent));
  tick(found);
  reach("email", found.with_email, found.their_people);
  reach("phone", found.with_phone, found.their_people);
  const theirs = box.querySelector("[data-their-people]");
  if (theirs) theirs.textContent = count(found.their_people);
  showParts(found, keys);
  if (found.sentence) sentence(found.sentence);
  at("then").hidden = !field("as_of").value;
  if (isFirst) return;
  sampleFrom = 0;
  showSample();
  moving("entering", found.entering);
  moving("leaving", found.leaving);
  at("moves").hidden = !(found.entering.count + found.leaving.count);
  showOverlap(found.overlap);
}

function tick(found) {
  clearInterval(ticking);
  const since = Date.now();
  const tell = () => {
    const seconds = Math.round((Date.now() - since) / 1000);
    live.className = found.is_sampled ? "dot small warn" : "dot small ok";
    live.textContent = found.is_sampled ? t("sampled", { n: count(found.looked_at), least: count(found.at_least), most: count(found.at_most) }) : seconds < 5 ? t("counted_now") : seconds < 120 ? t("counted_s", { n: seconds }) : t("counted_min", { n: Math.round(seconds / 60) });
  };
  tell();
  ticking = setInterval(tell, 5000);
}

function reach(name, number, all) {
  const line = box.querySelector(`[data-reach=${name}]`);
  const meter = line.querySelector("progress");
  [meter.max, meter.value] = [Math.max(all, 1), number];
  line.querySelector("b").textContent = count(number);
  line.querySelector(".t3").textContent = share(number, all);
}

function showParts(found, keys) {
  cells.clear();
  for (const [place, key] of keys) {
    const number = found.parts[place];
    if (number === undefined) continue;
    const isOut = find(state.root, key)?.node.type === "none";
    const title = t(isOut ? "leaves_out" : key === keyOf(state.root) ? "before_consent" : "alone_meet");
    cells.set(String(key), [isOut ? `−${count(found.people - number)}` : count(number), title]);
  }
  showCells();
}

function showCells() {
  document.querySelectorAll("#rule [data-node]").forEach((one) => {
    const cell = one.querySelector(":scope > .cnt, :scope > .gh > .cnt");
    [cell.textContent, cell.title] = cells.get(one.dataset.node) ?? ["", ""];
  });
  if (last) showConsent(last.parts.purpose);
}

// the lines are drawn anew: until the next answer they show what they showed
document.addEventListener("rule:drawn", showCells);

function showConsent(number) {
  const cell = document.querySelector("#rule [data-consent] .cnt");
  if (cell) cell.textContent = number === undefined ? "" : count(number);
  const note = at("consented");
  const asked = last.parts.where;
  note.hidden = number === undefined || asked === last.count;
  note.textContent = note.hidden ? "" : t("consented", { n: count(asked), allowed: count(last.count), purpose: field("purpose").selectedOptions[0].textContent });
}

function sentence(pieces) {
  document.getElementById("sentence").replaceChildren(...pieces.map(([text, isStrong]) => (isStrong ? make("b", { textContent: text }) : text)));
}

// ---- people

function showSample() {
  const list = at("sample");
  const { sample } = last;
  const shown = sample.slice(sampleFrom, sampleFrom + AT_ONCE);
  list.innerHTML = shown.join(""); // lines that the server made of a template, which escapes
  at("nobody").hidden = sample.length > 0;
  at("another").hidden = sample.length <= AT_ONCE;
}

at("another").addEventListener("click", () => {
  sampleFrom += AT_ONCE;
  if (sampleFrom >= last.sample.length) sampleFrom = 0;
  showSample();
});

function moving(name, found) {
  const part = box.querySelector(`[data-moving=${name}]`);
  part.hidden = !found.count;
  part.querySelector("b").textContent = `${name === "entering" ? "+" : "−"}${count(found.count)}`;
  part.querySelector("ul").innerHTML = found.people.join(""); // as above
}

// ---- how it overlaps with another

function showOverlap(found) {
  const part = at("overlap");
  if (part) part.hidden = !found;
  if (!found) return;
  const all = found.both + found.only_this + found.only_that;
  for (const name of ["both", "only_this", "only_that"]) {
    const line = part.querySelector(`[data-share=${name}]`);
    const meter = line.querySelector("progress");
    [meter.max, meter.value] = [Math.max(all, 1), found[name]];
    line.querySelector("b").textContent = count(found[name]);
    line.querySelector(".t3").textContent = share(found[name], all);
  }
}

document.getElementById("overlap-with")?.addEventListener("change", (change) => {
  facts.overlap = change.target.value ? Number(change.target.value) : null;
  if (facts.overlap) schedule(true);
  else showOverlap(null);
});

// ---- what is wrong

function clearFaults() {
  document.querySelectorAll("#rule .fault").forEach((one) => {
    one.hidden = true;
    one.textContent = "";
  });
  document.querySelectorAll("#rule .faulty").forEach((one) => one.classList.remove("faulty"));
  document.querySelectorAll("#rule [aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
  document.getElementById("fault").hidden = true;
}

// the node of the nearest place around `place` that stands on the page
function nearest(place, keys) {
  let at = place;
  while (at && !keys.has(at)) at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0));
  return at && keys.get(at);
}

// the message names the place: `where.of[2].field: …`, or `$.where.of[2].field` when it can't be read at all. The line is
// marked, and the condition within it; returns the first input of what is wrong, or null if it has no place
export function showFault({ message, status }, { keys, inner }) {
  clearFaults();
  const place = message.match(/(?:^|\$\.)(where[\w.[\]]*)/)?.[1] ?? "";
  const line = elementOf(nearest(place, keys));
  const words = message.replace(/^where[\w.[\]]*:\s*/, "").replace(/ - at `\$[^`]*`/, "");
  const cell = line?.querySelector(":scope > .fault");
  tellFault(t("not_counted"));
  if (!cell) return sayAbove(words, status >= 500);
  cell.hidden = false;
  cell.textContent = words;
  line.classList.add("faulty");
  const part = line.querySelector(`[data-inner="${nearest(place, inner)}"]`);
  part?.classList.add("faulty");
  const input = inputOf(part ?? line.querySelector(".f"), words);
  input?.setAttribute("aria-invalid", "true");
  return input;
}

// what the message quotes as it is typed, else the last input: values stand behind fields
function inputOf(part, words) {
  const inputs = [...part.querySelectorAll("input, select")];
  return inputs.find((one) => one.value && words.includes(`'${one.value}'`)) ?? inputs.filter((one) => !one.closest(".where") || part.matches(".where *")).at(-1) ?? null;
}

// what is the matter with no line; `isOurs`: not with the rule either, so that asking again may help
function sayAbove(words, isOurs) {
  const note = document.getElementById("fault");
  note.querySelector("span").textContent = isOurs ? `${words} ${t("count_again_hint")}` : words;
  note.querySelector("button").hidden = !isOurs;
  note.hidden = false;
  return null;
}

function tellFault(text) {
  clearInterval(ticking);
  live.className = "dot small bad";
  live.textContent = text;
}

function showGaps(gaps) {
  const note = document.getElementById("gaps");
  note.hidden = !gaps.length;
  if (gaps.length) note.querySelector("span").textContent = t(gaps.length === 1 ? "gap" : "gaps", { n: gaps.length });
  note.dataset.first = gaps[0] ?? "";
}

// an answer to the same question may be kept after saving
export const forget = () => {
  lastAsked = "";
  return signature();
};
