// One person's page: "why" pops up beside what was asked, dialogs open when they are filled, news come in by themselves.

const POLL_MS = 500;
const IDLE_POLL_MS = 2000;
const IDLE_AFTER_MS = 120000;
const GAP = 8;

// --- why -------------------------------------------------------------------------------------------------------

const why = document.getElementById("why");
let asked = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === why) asked = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === why && why) showWhy();
  if (event.detail.target.matches?.("dialog") && !event.detail.target.open) event.detail.target.showModal();
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
let waiting = null; // a newer record that the reader has not asked for yet
let changedAt = performance.now();
let next = 0; // the timer of the poll to come: there is never a second one

const state = (root) => root.querySelector("#p-state")?.dataset.at ?? "";
const eventsIn = (root) => new Set([...root.querySelectorAll("#p-timeline [data-event]")].map((one) => one.dataset.event));

function isReading() {
  const timeline = document.getElementById("p-timeline");
  return (
    timeline.getBoundingClientRect().top < 0 ||
    timeline.querySelector("details[open]") ||
    timeline.dataset.grown === "yes" // older events were loaded: they would be lost
  );
}

function isBusy(panel) {
  return panel.contains(document.activeElement) && panel.contains(asked) === false;
}

function take(fresh) {
  const before = eventsIn(document);
  for (const panel of fresh.querySelectorAll("[data-panel]")) {
    const old = document.getElementById(panel.id);
    if (!old || (panel.id === "p-traits" && document.querySelector(".trait-find")?.value)) continue;
    if (panel.id !== "p-timeline" && panel.id !== "p-state" && isBusy(old)) continue;
    if (panel.id === "p-timeline")
      panel.querySelectorAll("[data-event]").forEach((one) => before.has(one.dataset.event) || one.classList.add("fresh"));
    if (old.outerHTML === panel.outerHTML) continue;
    old.replaceWith(panel);
    htmx.process(panel);
  }
  waiting = null;
  button.hidden = true;
}

function offer(fresh) {
  const known = eventsIn(document);
  const n = [...eventsIn(fresh)].filter((one) => !known.has(one)).length;
  waiting = fresh;
  button.hidden = n === 0;
  button.textContent = n === 1 ? button.dataset.one : button.dataset.many.replace("%n", n);
}

async function poll() {
  let pause = performance.now() - changedAt > IDLE_AFTER_MS ? IDLE_POLL_MS : POLL_MS;
  if (!document.hidden && !document.querySelector("dialog[open]")) {
    try {
      const url = new URL(record.dataset.news, location.href);
      url.searchParams.set("at", state(waiting ?? document));
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (answer.status === 200) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        changedAt = performance.now();
        if (isReading()) offer(fresh);
        else take(fresh);
      } else if (answer.status === 401) {
        document.dispatchEvent(new Event("connection:signed-out"));
        return;
      } else if (answer.status !== 204) pause = IDLE_POLL_MS * 5; // the server is being restarted, or the person was erased
    } catch {
      document.dispatchEvent(new Event("connection:lost"));
      return; // until it is back
    }
  }
  pollIn(pause);
}

function pollIn(ms) {
  clearTimeout(next);
  next = setTimeout(poll, ms);
}

if (record?.dataset.news) {
  pollIn(POLL_MS);
  document.addEventListener("connection:back", () => pollIn(0));
  button.addEventListener("click", () => {
    take(waiting);
    scrollTo({ top: 0 });
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const timeline = document.getElementById("p-timeline");
    if (timeline.contains(event.detail.elt) || event.detail.target.matches?.(".foot-bar")) timeline.dataset.grown = "yes";
  });
}
