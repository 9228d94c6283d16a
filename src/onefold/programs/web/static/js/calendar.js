// The calendar of tasks: one is dragged to another day, or lifted by Space and moved by arrows; the server draws the month anew.

let lifted = null; // {task, from, before}: where Escape puts it back

const calendar = () => document.getElementById("calendar");
const days = () => [...calendar().querySelectorAll("[data-day]")];
const say = (text) => (document.getElementById("calendar-says").textContent = text);

function putBack({ task, from, before }) {
  from.insertBefore(task, before);
  say(calendar().dataset.putBack);
}

async function move(place, to) {
  if (to === place.from) return putBack(place);
  const values = { task: place.task.dataset.task, day: to.dataset.day, address: calendar().dataset.shown };
  const hadFocus = place.task.contains(document.activeElement);
  const failed = () => putBack(place);
  document.addEventListener("htmx:responseError", failed, { once: true });
  document.addEventListener("htmx:sendError", failed, { once: true });
  await htmx.ajax("POST", "/tasks/calendar/move", { values, target: "#calendar", swap: "outerHTML" });
  document.removeEventListener("htmx:responseError", failed);
  document.removeEventListener("htmx:sendError", failed);
  if (hadFocus) calendar().querySelector(`[data-task="${values.task}"] a`)?.focus();
  make();
}

// ---- by pointer

function make() {
  if (!window.Sortable) return;
  for (const day of days())
    if (!Sortable.get(day))
      new Sortable(day, {
        group: "tasks",
        draggable: ".cal-task:not(.fixed)",
        sort: false,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
        delay: 150,
        delayOnTouchOnly: true,
        onStart: ({ item, from }) => (lifted = { task: item, from, before: item.nextElementSibling }),
        onMove: ({ to }) => days().forEach((one) => one.parentElement.classList.toggle("over", one === to)),
        onEnd: ({ to }) => {
          const place = lifted;
          lifted = null;
          days().forEach((one) => one.parentElement.classList.remove("over"));
          move(place, to);
        },
      });
}

// ---- by keyboard

document.addEventListener("keydown", (press) => {
  const task = press.target.closest?.(".cal-task");
  if (!task || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.key === " " && !lifted && !task.classList.contains("fixed")) {
    press.preventDefault();
    lifted = { task, from: task.parentElement, before: task.nextElementSibling };
    task.classList.add("lifted");
    say(calendar().dataset.lifted);
  } else if (lifted?.task === task) {
    carry(press, task);
  }
});

function carry(press, task) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[press.key];
  const all = days();
  if (step) {
    press.preventDefault();
    const to = all[all.indexOf(task.parentElement) + step];
    if (!to) return;
    to.prepend(task);
    task.querySelector("a").focus();
    say(to.parentElement.getAttribute("aria-label"));
  } else if (press.key === " " || press.key === "Enter") {
    press.preventDefault();
    const place = lifted;
    lifted = null;
    task.classList.remove("lifted");
    say(calendar().dataset.dropped);
    move(place, task.parentElement);
  } else if (press.key === "Escape" || press.key === "Tab") {
    if (press.key === "Escape") press.preventDefault();
    const place = lifted;
    lifted = null;
    task.classList.remove("lifted");
    putBack(place);
    if (press.key === "Escape") task.querySelector("a").focus();
  }
}

addEventListener("load", make);
if (document.readyState === "complete") make();
document.addEventListener("htmx:afterSettle", () => calendar() && make());
