// The rule as SQL: to read, to copy, and to open in the page of SQL.

import { question } from "./estimate.js";
import { ask, Refused, t, Unreached } from "./page.js";
import { state } from "./store.js";
import { asked } from "./tree.js";
import { say as toast } from "../toasts.js";

const HANDED_OVER = "onefold:sql";
const TAKEN_MS = 1000;
const dialog = document.getElementById("sql");
const [text, missing, link] = ["pre", "[data-missing]", "[data-opens-sql]"].map((one) => dialog.querySelector(one));

async function show() {
  const as_of = document.querySelector("#builder-bar [name=as_of]").value;
  try {
    const found = await ask("/audiences/sql", { rule: asked(state.root).rule, ...question(), as_of });
    text.textContent = found.sql;
    missing.hidden = !found.missing.length;
    missing.textContent = t("sql_missing", { names: found.missing.join(", ") });
    if (link) link.hidden = !found.may_run;
    dialog.showModal();
  } catch (fault) {
    if (fault instanceof Refused) toast({ tone: "bad", text: fault.message });
    else if (!(fault instanceof Unreached)) throw fault;
  }
}

document.getElementById("show-sql").addEventListener("click", show);

// a tab that is opened takes over what this one's session holds: js/sql.js reads it there
link?.addEventListener("click", () => {
  sessionStorage.setItem(HANDED_OVER, text.textContent);
  setTimeout(() => sessionStorage.removeItem(HANDED_OVER), TAKEN_MS);
});
