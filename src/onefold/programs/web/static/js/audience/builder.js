// The page where an audience is made: draws the rule, counts as it changes, saves it, and lets nobody leave by accident.

import { draw, focusOn } from "./draw.js";
import { forget, schedule, showFault } from "./estimate.js";
import "./moving.js";
import "./person.js";
import "./sql.js";
import { ask, boot, cut, Refused, say as tell, t, Unreached } from "./page.js";
import { canRedo, canUndo, isSaved, markSaved, redo, signature, state, undo } from "./store.js";
import { asked } from "./tree.js";
import { say as toast } from "../toasts.js";

const [top, bar] = ["builder-top", "builder-bar"].map((id) => document.getElementById(id));
const [title, purpose, asOf] = [top.querySelector("[name=name]"), bar.querySelector("[name=purpose]"), bar.querySelector("[name=as_of]")];
const [undoes, redoes, when] = ["undo", "redo", "saved-at"].map((id) => document.getElementById(id));
let isSaving = false;
let isLeaving = false;

// ---- what changed

function refresh() {
  undoes.disabled = !canUndo();
  redoes.disabled = !canRedo();
  when.classList.toggle("warn", !isSaved());
  if (!isSaved()) when.textContent = t("unsaved");
  else when.textContent = boot.changed_at ? t("saved_at", { at: clock(boot.changed_at) }) : t("nothing_saved");
  document.title = document.title.replace(/^.*? · /, `${cut(title.value.trim() || t("new_audience"), 40)} · `);
}

function clock(text) {
  const at = new Date(text);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? at.toLocaleTimeString(boot.language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) : at.toLocaleDateString(boot.language);
}

document.addEventListener("rule:changed", ({ detail }) => {
  if (detail.redraws) draw(detail.focus);
  schedule(detail.redraws);
  refresh();
});
document.addEventListener("rule:folded", () => draw());
document.addEventListener("rule:kept", refresh);
document.addEventListener("rule:saved", refresh);
title.addEventListener("input", refresh);
purpose.addEventListener("change", () => {
  draw();
  schedule(true);
  refresh();
});
asOf.addEventListener("change", () => schedule(true));
bar.querySelector("[name=moment]").addEventListener("change", (change) => {
  asOf.hidden = change.target.value === "now";
  if (!asOf.hidden) return asOf.focus();
  asOf.value = "";
  return schedule(true);
});
document.getElementById("rename").addEventListener("click", () => title.select());
title.addEventListener("keydown", (press) => {
  if (press.key === "Enter") title.blur();
});

undoes.addEventListener("click", () => undo() && tell(t("undone")));
redoes.addEventListener("click", () => redo() && tell(t("redone")));
document.addEventListener("keydown", (press) => {
  if (!(press.ctrlKey || press.metaKey)) return;
  const key = press.key.toLowerCase();
  const isTyping = press.target.closest("input, textarea");
  if (key === "s") {
    press.preventDefault();
    save(false);
  } else if (!isTyping && (key === "z" || key === "y")) {
    press.preventDefault();
    if (key === "y" || press.shiftKey) redo();
    else undo();
  }
});

addEventListener("beforeunload", (leave) => {
  if (!isSaved() && !isLeaving) leave.preventDefault();
});

// ---- saving

document.querySelectorAll("[data-saves]").forEach((one) => one.addEventListener("click", () => save(one.dataset.saves === "start")));
document.getElementById("gaps").addEventListener("click", (click) => {
  if (click.target.closest("button")) focusOn({ key: document.getElementById("gaps").dataset.first, part: "first" });
});

function isReady(gaps) {
  if (!title.value.trim()) {
    toast({ tone: "warn", text: t("needs_name") });
    title.focus();
    return false;
  }
  if (gaps.length) {
    toast({ tone: "warn", text: t("needs_filling") });
    focusOn({ key: gaps[0], part: "first" });
    return false;
  }
  return true;
}

async function save(starts) {
  if (isSaving) return;
  const now = asked(state.root);
  const { rule, gaps } = now;
  if (!isReady(gaps)) return;
  isSaving = true;
  document.querySelectorAll("[data-saves]").forEach((one) => (one.disabled = true));
  const sent = signature();
  const body = { rule, of: boot.of, purpose: purpose.value, id: state.id, version: state.version, name: title.value, description: boot.description, starts };
  try {
    const found = await ask("/audiences/save", body);
    if (starts) {
      isLeaving = true;
      location.href = `/audiences/${found.id}`;
      return;
    }
    Object.assign(state, { id: found.id, version: found.version });
    boot.changed_at = new Date().toISOString();
    history.replaceState(history.state, "", `/audiences/${found.id}/edit`);
    markSaved(sent);
    forget();
    toast({ text: t("saved", { name: cut(found.name, 60) }) });
  } catch (fault) {
    refused(fault, now);
  } finally {
    isSaving = isLeaving;
    document.querySelectorAll("[data-saves]").forEach((one) => (one.disabled = isLeaving));
  }
}

function refused(fault, now) {
  if (fault instanceof Unreached || fault.status === 401) return undefined; // js/connection.js says it
  if (!(fault instanceof Refused)) throw fault;
  if (fault.facts.code === "version_conflict") return conflict(fault.facts);
  const input = /where/.test(fault.message) && showFault(fault, now);
  if (input) {
    input.focus();
    input.scrollIntoView({ block: "center" });
    return toast({ tone: "bad", text: t("see_line") });
  }
  return toast({ tone: "bad", text: fault.message });
}

function conflict(facts) {
  const dialog = document.getElementById("conflict");
  dialog.querySelector("[data-who]").textContent = t("conflict", { by: facts.by.replace(/^user:/, ""), at: new Date(facts.at).toLocaleString(boot.language), version: facts.version });
  dialog.querySelector("a").href = `/audiences/${state.id}/edit`;
  dialog.querySelector("[data-overwrites]").onclick = () => {
    state.version = facts.version;
    dialog.close();
    save(false);
  };
  dialog.showModal();
}

draw();
schedule(true);
refresh();
if (boot.is_new && !title.value) title.focus();
