// One person's page: "why" pops up beside what was asked, dialogs open when they are filled, news come in by themselves.

const POLL_MS = 500;
const IDLE_POLL_MS = 2000;
const IDLE_AFTER_MS = 120000;
const RETRY_MS = 5000;
const MAX_SHARE = 0.25; // of the time that the page keeps the server busy, however much comes in
const GAP = 8;

// --- why -------------------------------------------------------------------------------------------------------

const why = document.getElementById("why");
let asked = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === why) asked = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === why && why) showWhy();
});

function showWhy() {
  if (!why.matches(":popover-open")) why.showPopover();
  const near = asked.getBoundingClientRect();
  const own = why.getBoundingClientRect();
  const isLeft = near.left < innerWidth / 2;
  const left = isLeft ? near.right + GAP : near.left - own.width - GAP;
  why.style.left = `${Math.max(GAP, Math.min(left, innerWidth - own.width - GAP))}px`;
  why.style.top = `${Math.max(GAP, Math.min(near.top, innerHeight - own.height - GAP))}px`;
  why.querySelector("[autofocus]")?.focus({ preventScroll: true });
}

why?.addEventListener("toggle", (toggle) => {
  if (toggle.newState === "closed") asked?.focus({ preventScroll: true });
});

// --- news ------------------------------------------------------------------------------------------------------

const record = document.getElementById("record");
const button = document.getElementById("news-waiting");
let changedAt = performance.now();
let next = 0; // the timer of the poll to come: there is never a second one
let isAsking = false;

const state = () => document.getElementById("p-state").dataset.at;
const count = (text) => Number(text.split(".")[1]);
const eventsIn = (root) => new Set([...root.querySelectorAll("#p-timeline [data-event]")].map((one) => one.dataset.event));

function isReading() {
  const timeline = document.getElementById("p-timeline");
  return (
    timeline.getBoundingClientRect().top < 0 ||
    timeline.querySelector("details[open]") ||
    timeline.contains(document.activeElement) ||
    timeline.dataset.grown === "yes" // older events were loaded: they would be lost
  );
}

// what the reader is in, has searched in or has made longer stays as it is until the page is loaded again
function isBusy(panel) {
  if (panel.id === "p-traits" && document.querySelector(".trait-find")?.value) return true;
  return panel.dataset.grown === "yes" || (panel.contains(document.activeElement) && !panel.contains(asked));
}

function take(fresh) {
  const before = eventsIn(document);
  for (const panel of fresh.querySelectorAll("[data-panel]")) {
    const old = document.getElementById(panel.id);
    if (!old || (!["p-timeline", "p-state"].includes(panel.id) && isBusy(old))) continue;
    if (panel.id === "p-timeline")
      panel.querySelectorAll("[data-event]").forEach((one) => before.has(one.dataset.event) || one.classList.add("fresh"));
    if (old.outerHTML === panel.outerHTML) continue;
    old.querySelectorAll("details[data-keeps-open]:not([open])").forEach((one) =>
      panel.querySelector(`[data-keeps-open="${one.dataset.keepsOpen}"]`)?.removeAttribute("open"),
    );
    old.replaceWith(panel);
    htmx.process(panel);
  }
  const { title } = document.getElementById("p-state").dataset;
  const heading = document.querySelector(".top h1");
  if (heading.textContent !== title) {
    document.title = document.title.replace(heading.textContent, title);
    heading.textContent = title;
  }
  // what other pages' parts say of the person: asked anew, for their answers come by themselves
  document.querySelectorAll("[data-follows]").forEach((one) => one.contains(document.activeElement) || htmx.trigger(one, "news"));
  button.hidden = true;
}

function offer(there) {
  const n = count(there) - count(state());
  button.hidden = there === state();
  const text = n === 1 ? button.dataset.one : n > 1 ? button.dataset.many.replace("%n", n.toLocaleString(document.documentElement.lang)) : button.dataset.changed;
  if (button.textContent !== text) button.textContent = text;
}

function mark(isConnected) {
  const live = document.querySelector(".live");
  if (!live || live.classList.contains("off") === !isConnected) return;
  live.classList.toggle("off", !isConnected);
  live.textContent = isConnected ? live.dataset.on : live.dataset.off;
}

// what is to happen: "on" soon again, "later" when something is amiss here, nothing while nobody can be asked
async function ask() {
  const mayTake = !isReading();
  const url = new URL(record.dataset.news, location.href);
  url.searchParams.set("at", state());
  if (!mayTake) url.searchParams.set("count", "1");
  let answer, text;
  try {
    answer = await fetch(url, { headers: { "HX-Request": "true" } });
    text = await answer.text();
  } catch {
    document.dispatchEvent(new Event("connection:lost"));
    return "";
  }
  if (answer.status === 401) {
    document.dispatchEvent(new Event("connection:signed-out"));
    return "";
  }
  if (answer.status === 200) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    changedAt = performance.now();
    if (!isReading()) take(fresh);
  } else if (answer.status !== 204) return "later"; // the server is being restarted, or the person was erased
  else if (!mayTake && answer.headers.get("X-State")) offer(answer.headers.get("X-State"));
  return "on";
}

async function poll() {
  if (isAsking) return;
  isAsking = true;
  let pause = performance.now() - changedAt > IDLE_AFTER_MS ? IDLE_POLL_MS : POLL_MS;
  let outcome = "on";
  if (!document.hidden && !document.querySelector("dialog[open]")) {
    const began = performance.now();
    outcome = await ask();
    mark(outcome === "on");
    pause = outcome === "later" ? RETRY_MS : Math.max(pause, (performance.now() - began) * (1 / MAX_SHARE - 1));
  }
  isAsking = false;
  if (outcome) pollIn(pause);
}

function pollIn(ms) {
  clearTimeout(next);
  next = setTimeout(poll, ms);
}

if (record?.dataset.news) {
  pollIn(POLL_MS);
  document.addEventListener("connection:back", () => pollIn(0));
  document.addEventListener("visibilitychange", () => document.hidden || pollIn(0));
  button.addEventListener("click", () => {
    const timeline = document.getElementById("p-timeline");
    delete timeline.dataset.grown;
    timeline.querySelectorAll("details[open]").forEach((one) => one.removeAttribute("open"));
    document.activeElement.blur();
    scrollTo({ top: 0 });
    changedAt = performance.now();
    pollIn(0);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    const panel = target.closest("[data-panel]");
    // what was said on a call comes into its own line: the timeline is as long as before
    if (panel && panel !== target && !target.closest("[data-event]")) panel.dataset.grown = "yes";
  });
}
