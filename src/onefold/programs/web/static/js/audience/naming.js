// A condition or group in a few words, for labels and what is said aloud.

import { titleOf } from "./compared.js";
import { boot, cut, t } from "./page.js";
import { isGroup, kindOfEvent } from "./tree.js";

const NAMED = {
  did: (one) => one.event.name || t(`any_${kindOfEvent(one.event)}`),
  sequence: (one) => one.steps.map((step) => step.event.name || "…").join(" → "),
  audience: (one) => boot.audiences.find((other) => other.id === one.audience)?.name ?? t("kind_audience"),
  consent: (one) => `${t("consent")} ${one.purpose}`,
  people_in: () => t("kind_people_in"),
  company: () => t("kind_company"),
  sample: () => t("kind_sample"),
  listed: () => t("kind_listed"),
};

export function codeWords(node) {
  if (isGroup(node)) return t(`match_${node.type}`);
  return cut(NAMED[node.type]?.(node) || (node.field && titleOf(node.field)) || t("condition"));
}
