// What looking.py asks of a page. Evaluated as one object of functions.
({
  async axe(rules) {
    const found = await axe.run(document, { resultTypes: ["violations"], ...(rules.length && { runOnly: rules }) });
    const told = ({ html, any }) => [html.slice(0, 200), ...any.map((one) => one.message)];
    return found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 5).map(told) }));
  },

  wider() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((one) => one.getBoundingClientRect().right > width + 1)
      .slice(0, 8)
      .map((one) => one.outerHTML.slice(0, 160));
  },

  keyboard() {
    const stops = "a[href], button, input, select, textarea, summary, [tabindex]";
    const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility({ visibilityProperty: true }));
    const told = (fault) => (one) => `${fault}: ${one.outerHTML.slice(0, 160)}`;
    const isClicked = (one) => getComputedStyle(one).cursor === "pointer" && !one.closest(`${stops}, label, canvas`);
    // what arrows reach within one stop (options, tabs) need not be a stop of its own
    const isSkipped = (one) => one.matches("a[href], button, summary") && one.tabIndex < 0 && !one.closest("[role=listbox], [role=tablist]");
    const look = (one) => {
      const { boxShadow, outlineStyle, outlineWidth, backgroundColor, borderColor } = getComputedStyle(one);
      return [boxShadow, outlineStyle, outlineWidth, backgroundColor, borderColor].join();
    };
    const isUnseen = (one) => {
      document.activeElement?.blur();
      const before = look(one);
      one.focus({ focusVisible: true, preventScroll: true });
      return document.activeElement === one && look(one) === before;
    };
    const focusable = seen.filter((one) => one.matches(stops) && !one.disabled && one.tabIndex >= 0);
    const faults = [
      ...seen.filter(isClicked).map(told("only for the mouse")),
      ...seen.filter(isSkipped).map(told("left out by Tab")),
      ...seen.filter((one) => one.tabIndex > 0).map(told("before its turn")),
      ...focusable.slice(0, 200).filter(isUnseen).map(told("focus can't be seen")),
    ];
    document.activeElement?.blur();
    return faults.slice(0, 12);
  },

  // the names of what Tab shall come to, or only the one that has the focus. Of what an element is, not how it looks
  // at the moment, and made anew each time: htmx may have put another in its place. Equal ones are counted through;
  // radio buttons of one name are one stop.
  stops(focused) {
    const found = "a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary, [tabindex='0']";
    const seen = [...document.querySelectorAll(found)].filter((one) => one.checkVisibility() && one.tabIndex >= 0);
    const said = (one) => ["id", "name", "href", "aria-label", "value"].map((name) => one.getAttribute(name) ?? "").join("|");
    const counts = {};
    const names = seen.map((one) => {
      const name = `${one.localName}|${said(one)}|${one.textContent.trim().slice(0, 40)}`;
      counts[name] = (counts[name] ?? 0) + 1;
      return one.type === "radio" ? `radio|${one.name}` : `${name}|${counts[name]}`;
    });
    return names.filter((_, place) => !focused || seen[place] === document.activeElement);
  },
})
