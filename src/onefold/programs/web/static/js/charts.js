// Charts: a figure with data-chart="bars", "lines" or "area" (one line, filled) holds a table; it is drawn above it, and the button with
// data-shows-table="id" shows the numbers. Without script or ECharts the table is what there is.

const NARROW_PX = 480;
const MOST_BARS_NARROW = 8;
const HOURS = 24;
const drawn = [];

function read(figure) {
  const names = [...figure.querySelectorAll("thead th")].slice(1).map((one) => one.textContent.trim());
  const rows = [...figure.querySelectorAll("tbody tr")].map((row) => ({
    label: row.querySelector("th").textContent.trim(),
    values: [...row.querySelectorAll("td")].map((cell) => (cell.dataset.value === "" ? null : Number(cell.dataset.value))), // null leaves a gap
  }));
  return { names, rows };
}

// phones get fewer, wider bars; the last group ends with the last row
function grouped(rows, width, is_lines) {
  const size = width < NARROW_PX && !is_lines ? Math.ceil(rows.length / MOST_BARS_NARROW) : 1;
  if (size < 2) return rows;
  const groups = [];
  for (let end = rows.length; end > 0; end -= size) {
    const part = rows.slice(Math.max(end - size, 0), end);
    groups.unshift({
      label: part[0].label,
      values: part[0].values.map((_, place) => part.reduce((sum, row) => sum + row.values[place], 0)),
    });
  }
  return groups;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function day(row) {
  return row.label.split(",")[0];
}

function options(figure, width) {
  const { names, rows: all } = read(figure);
  const is_area = figure.dataset.chart === "area";
  const is_lines = is_area || figure.dataset.chart === "lines";
  const rows = figure.dataset.each ? all : grouped(all, width, is_lines); // data-each: rows that can't be added up
  const text = { color: colour("--text-3"), fontFamily: colour("--font"), fontSize: 11 };
  return {
    animation: false,
    grid: { left: 8, right: is_lines ? 20 : 8, top: 16, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: rows.map((row) => row.label),
      axisLine: { lineStyle: { color: colour("--line") } },
      axisTick: { show: false },
      axisLabel: {
        ...text,
        hideOverlap: true,
        // "Mon 16, 06:00": a day is named once, where it begins
        // a day or less shows hours, lines of many steps the full ones
        interval: is_area ? "auto" : (place) => is_lines ? /:00$/.test(rows[place].label) : rows.length === HOURS || !place || day(rows[place]) !== day(rows[place - 1]),
        formatter: (label) => is_area ? label.replace(/^\S+ /, "") : (is_lines || rows.length === HOURS ? label.split(", ")[1] ?? label : label.split(",")[0]),
      },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 3,
      splitLine: { lineStyle: { color: colour("--line") } },
      axisLabel: { ...text, formatter: (n) => Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(n) },
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText", // the HTML one writes style attributes, which the page forbids
      axisPointer: { type: "shadow", shadowStyle: { color: colour("--hover"), opacity: 0.6 } },
      backgroundColor: colour("--raised"),
      borderColor: colour("--line-2"),
      textStyle: { color: colour("--text"), fontFamily: colour("--font"), fontSize: 12 },
      formatter: (points) => {
        const last = figure.dataset.soFar && points[0].dataIndex === rows.length - 1 ? ` (${figure.dataset.soFar})` : "";
        const lines = points.map((one) => `${one.seriesName}  ${one.value?.toLocaleString(document.documentElement.lang) ?? "–"}`);
        return [points[0].name + last, ...lines].join("\n");
      },
    },
    series: names.map((name, place) => ({
      name,
      ...(is_lines ? { type: "line", symbol: "none", lineStyle: { width: 1.5 }, ...(is_area && { areaStyle: { opacity: 0.1 } }) } : { type: "bar", stack: "all", barCategoryGap: "30%" }),
      itemStyle: { color: colour(`--c${place + 1}`) },
      data: rows.map((row) => row.values[place]),
    })),
  };
}

function draw(figure) {
  const box = document.createElement("div");
  box.className = "canvas-box";
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", figure.getAttribute("aria-label"));
  figure.prepend(box);
  figure.classList.add("drawn");
  const picture = echarts.init(box, null, { renderer: "canvas" });
  const show = () => {
    picture.resize();
    picture.setOption(options(figure, box.clientWidth), true);
  };
  show();
  new ResizeObserver(show).observe(box);
  drawn.push(show);
}

if (globalThis.echarts) document.querySelectorAll("figure[data-chart]").forEach(draw);
new MutationObserver(() => drawn.forEach((show) => show())).observe(document.documentElement, {
  attributeFilter: ["data-bs-theme"],
});

document.addEventListener("click", (click) => {
  const button = click.target.closest("[data-shows-table]");
  if (!button) return;
  const is_open = document.getElementById(button.dataset.showsTable).classList.toggle("tabled");
  button.setAttribute("aria-expanded", is_open);
});
