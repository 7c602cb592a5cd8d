// Draws a picture of a role, keeps it and the page's living parts up to date, and opens decisions.
// `fetched`, `renew` and `follow` are live.js's.
"use strict";

const chart = document.getElementById("chart");
const note = document.getElementById("chart-note");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const coarse = window.matchMedia("(pointer: coarse)");
let drawn = null;

// The same with the style sheet's colours in place of their names, which begin with two dashes.
function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((one) => coloured(one, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, coloured(one, style)]));
}

function draw() {
  const style = getComputedStyle(document.documentElement);
  const { data, layout } = coloured({ data: drawn.data, layout: drawn.layout }, style);
  Object.assign(layout, {
    height: chart.classList.contains("low") ? 460 : Math.max(620, Math.min(820, window.innerHeight)),
    margin: coarse.matches ? { l: 44, r: 6, t: 8, b: 60 } : { l: 56, r: 12, t: 8, b: 44 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: coarse.matches ? 11 : 12, color: style.getPropertyValue("--ink").trim() },
    hovermode: "x",
    hoversubplots: "axis",
    hoverlabel: { bgcolor: style.getPropertyValue("--sheet").trim(), font: { color: style.getPropertyValue("--ink").trim() } },
    dragmode: coarse.matches ? false : "zoom", // a finger scrolls the page
    uirevision: "kept", // zoom and hidden lines outlast an update
  });
  if (coarse.matches) data.filter((line) => line.customdata).forEach((line) => { line.showlegend = false; });
  Object.assign(layout.xaxis, { tickangle: 0, nticks: Math.max(3, Math.floor(chart.clientWidth / 90)) });
  const config = { responsive: true, displaylogo: false, displayModeBar: coarse.matches ? false : "hover", modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]] };
  return Plotly.react(chart, data, layout, config);
}

async function update() {
  drawn = await (await fetched(chart.dataset.source)).json();
  await draw();
}

// Opens a decision in the list, or on its own page where the list does not reach it.
function show(id) {
  const item = document.getElementById(`decision-${id}`);
  if (!item) {
    location.assign(chart.dataset.decisions + id);
    return;
  }
  item.querySelector("details").open = true;
  item.scrollIntoView({ block: "center" });
  item.querySelector("summary").focus({ preventScroll: true });
}

async function begin() {
  chart.hidden = false;
  try {
    await update();
  } catch (fault) {
    chart.hidden = true;
    note.textContent = "The chart could not be drawn. The table below has the same figures.";
    note.hidden = false;
    return;
  }
  const table = document.getElementById("table");
  if (table) table.open = false;
  chart.on("plotly_click", ({ points }) => {
    const point = points.find((one) => one.customdata !== undefined);
    if (point) show(point.customdata);
  });
  dark.addEventListener("change", draw);
  if (drawn.refresh_s) follow(() => drawn.refresh_s, () => Promise.all([update(), renew()]), note);
}

begin();
