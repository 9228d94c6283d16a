// Runs before the first paint: which of the two themes `data-theme` (auto, light, dark) means on this screen.
"use strict";
{
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const wanted = root.dataset.theme;
    root.dataset.bsTheme = wanted === "auto" ? (prefersDark.matches ? "dark" : "light") : wanted;
  };
  apply();
  prefersDark.addEventListener("change", apply);
  new MutationObserver(apply).observe(root, { attributeFilter: ["data-theme"] });
}
