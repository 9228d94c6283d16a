// The board of deals: cards are dragged, or lifted by Space and moved by arrows; the server answers with the lanes that changed.

import { say } from "./toasts.js";

const board = document.getElementById("board");
const says = document.getElementById("board-says");
let lifted = null; // {card, from, before}: where Escape puts it back

function lanes() {
  return [...board.querySelectorAll(".cards")];
}

function addressOf(card, lane) {
  return { deal: card.dataset.deal, stage: lane.dataset.stage };
}

async function move(card, from, before, lane) {
  const restore = () => {
    const hadFocus = card.contains(document.activeElement);
    from.insertBefore(card, before);
    if (hadFocus) card.querySelector("a").focus();
    says.textContent = board.dataset.putBack;
  };
  if (lane === from) return restore();
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  let answer;
  try {
    answer = await fetch(board.dataset.action, {
      method: "POST",
      headers: { "HX-Request": "true", "X-CSRFToken": token },
      body: new URLSearchParams(addressOf(card, lane)),
    });
  } catch {
    restore();
    document.dispatchEvent(new Event("connection:lost"));
    return;
  }
  const text = await answer.text();
  if (!answer.ok || answer.headers.get("HX-Retarget")) restore();
  if (answer.status === 401) return document.dispatchEvent(new Event("connection:signed-out"));
  if (!answer.ok) return void say({ text: answer.status < 500 && !text.startsWith("<") ? text : document.getElementById("toasts").dataset.failed, tone: "bad" });
  if (answer.headers.get("HX-Retarget")) {
    // the stage asks for more: its dialog moves the deal
    const target = document.getElementById("dialog");
    htmx.swap(target, text, { swapStyle: "innerHTML" }, { eventInfo: { target } });
    return;
  }
  take(text, card);
  const trigger = answer.headers.get("HX-Trigger");
  if (trigger) say(JSON.parse(trigger).toast);
}

function take(text, card) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const head of fresh.querySelectorAll("header[id]")) {
    const old = document.getElementById(head.id);
    if (!old) continue;
    old.replaceChildren(...head.childNodes);
    htmx.process(old);
  }
  document.getElementById("strip").replaceWith(fresh.getElementById("strip"));
  const drawn = fresh.querySelector(".card-d");
  if (!drawn) return;
  const hadFocus = card.contains(document.activeElement);
  card.replaceWith(drawn);
  htmx.process(drawn);
  if (hadFocus) drawn.querySelector("a").focus();
}

// ---- what a move would do to the sums

function tell(card, from, to) {
  for (const lane of lanes()) {
    const place = lane.parentElement.querySelector(".delta");
    const sign = lane === to ? "+" : "\u2212";
    const isHeard = to !== from && (lane === from || lane === to) && Boolean(card?.dataset.worth);
    if (!place) continue;
    place.hidden = !isHeard;
    place.className = `delta ${lane === to ? "ok" : "bad"}`;
    place.textContent = isHeard ? sign + card.dataset.worth : "";
  }
}

// ---- by pointer

if (board && window.Sortable)
  for (const lane of lanes())
    new Sortable(lane, {
      group: "deals",
      draggable: ".card-d:not(.fixed)",
      sort: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      delay: 150,
      delayOnTouchOnly: true,
      onStart: ({ item, from }) => (lifted = { card: item, from, before: item.nextElementSibling }),
      onMove: ({ to, dragged }) => {
        lanes().forEach((one) => one.parentElement.classList.toggle("over", one === to && one !== lifted?.from));
        tell(dragged, lifted?.from, to);
      },
      onEnd: ({ item, from, to }) => {
        const { before } = lifted;
        lifted = null;
        lanes().forEach((one) => one.parentElement.classList.remove("over"));
        tell(item, from, from);
        move(item, from, before, to);
      },
    });

// ---- by keyboard

document.addEventListener("keydown", (press) => {
  const card = press.target.closest?.(".card-d");
  if (!card || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.key === " " && !lifted && !card.classList.contains("fixed")) {
    press.preventDefault();
    lifted = { card, from: card.parentElement, before: card.nextElementSibling };
    card.classList.add("lifted");
    says.textContent = board.dataset.lifted;
  } else if (lifted?.card === card) {
    lift(press, card);
  } else if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(press.key)) {
    press.preventDefault();
    walk(press.key, card);
  }
});

function lift(press, card) {
  const all = lanes();
  const step = { ArrowLeft: -1, ArrowRight: 1 }[press.key];
  if (step) {
    press.preventDefault();
    const lane = all[Math.min(Math.max(all.indexOf(card.parentElement) + step, 0), all.length - 1)];
    lane.prepend(card);
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    card.querySelector("a").focus();
    says.textContent = lane.parentElement.getAttribute("aria-label");
    tell(card, lifted.from, lane);
  } else if (press.key === " " || press.key === "Enter") {
    press.preventDefault();
    const { from, before } = lifted;
    put(card);
    says.textContent = board.dataset.dropped;
    move(card, from, before, card.parentElement);
  } else if (press.key === "Escape" || press.key === "Tab") {
    if (press.key === "Escape") press.preventDefault();
    lifted.from.insertBefore(card, lifted.before);
    put(card);
    if (press.key === "Escape") card.querySelector("a").focus();
    says.textContent = board.dataset.putBack;
  }
}

function put(card) {
  card.classList.remove("lifted");
  tell(card, lifted.from, lifted.from);
  lifted = null;
}

function walk(key, card) {
  const all = lanes();
  const cards = [...card.parentElement.querySelectorAll(".card-d")];
  const place = cards.indexOf(card);
  let next = { ArrowUp: cards[place - 1], ArrowDown: cards[place + 1] }[key];
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  for (let n = all.indexOf(card.parentElement) + step; step && !next && all[n]; n += step) {
    const there = [...all[n].querySelectorAll(".card-d")];
    next = there[Math.min(place, there.length - 1)];
  }
  next?.querySelector("a").focus();
}
