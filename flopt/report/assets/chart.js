// The picture of the front: plotly draws it, this says what.
"use strict";

const MOST_TRAIL_POINTS = 12000; // beyond it, trails are thinned, and the page says so

const PART_COLOURS = {
  training: "#0072b2", waiting: "#56b4e9", download: "#f0e442", upload: "#e69f00", network: "#d55e00",
  server: "#009e73", evaluation: "#cc79a7", wasted: "#7f7f7f", embodied: "#4d4d4d",
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The axes that there are: each objective, and the rounds. */
function axesOf(facts) {
  const goals = facts.objectives.map((goal, index) => ({ name: goal.name, goal, index }));
  const rounds = { name: "rounds", goal: { name: "rounds", unit: "", label: "rounds", direction: "minimize" }, index: -1 };
  return facts.objectives.length > 1 ? goals : [...goals, rounds];
}

class Chart {
  constructor(place, facts, events) {
    this.place = place;
    this.facts = facts;
    this.events = events;
    const axes = axesOf(facts), cost = facts.objectives.length > 1 ? costColumn(facts.objectives) : -1;
    this.x = axes.find((axis) => axis.index === cost);
    this.y = axes.find((axis) => axis !== this.x);
    this.log = true;
    this.thinned = 0;
    this.drawn = false;
  }

  read(answer, axis, candidate) {
    if (axis.index >= 0) return answer.candidates.values[axis.index][candidate];
    return this.facts.runs.rounds[answer.candidates.run[candidate]][answer.candidates.place[candidate]];
  }

  /** One factor for the whole axis, so that the ticks read in a unit that fits: mg, not 1e-6 kg. */
  scale(answer, axis) {
    const values = answer.front.map((candidate) => Math.abs(this.read(answer, axis, candidate))).filter((value) => value > 0);
    if (!axis.goal.unit || !values.length) return { factor: 1, unit: axis.goal.unit };
    const middle = values.sort((a, b) => a - b)[values.length >> 1], [factor, unit] = printedIn(middle, axis.goal.unit);
    return { factor, unit };
  }

  draw(answer, own, pins, light) {
    const scales = { x: this.scale(answer, this.x), y: this.scale(answer, this.y) };
    const pick = (from, axis, places) => places.map((candidate) => this.read(from, this[axis], candidate) * scales[axis].factor);
    const pair = (places, from = answer) => ({ x: pick(from, "x", places), y: pick(from, "y", places) });
    const front = pair(answer.front), stairs = this.facts.objectives.length === 2;
    const log = this.log && [...front.x].every((value) => value > 0);
    const traces = [
      { ...(light ? { x: [], y: [] } : this.trails(answer, scales)), mode: "lines", name: "every run, round by round", line: { color: colour("faint"), width: 0.8 }, opacity: 0.45, hoverinfo: "skip" },
      { ...(own ? pair(own.front, own) : { x: [], y: [] }), mode: "lines", name: "front at the study's price", visible: own ? true : false, line: { color: colour("soft"), width: 1.3, dash: "dot", shape: "hv" }, hoverinfo: "skip" },
      { ...front, mode: stairs ? "lines+markers" : "markers", name: "front", line: { color: colour("blue"), width: 1.6, shape: "hv" }, marker: { color: colour("blue"), size: 7 }, hoverinfo: "none" },
      { ...pair(answer.knee === null ? [] : [answer.front[answer.knee]]), mode: "markers", name: "knee", marker: { symbol: "diamond-open", size: 15, color: colour("green"), line: { width: 2 } }, hoverinfo: "skip", visible: answer.knee !== null },
      { ...pair(answer.recommended ? [answer.front[answer.recommended.index]] : []), mode: "markers", name: "recommended", marker: { symbol: "star", size: 17, color: colour("orange"), line: { width: 1, color: colour("card") } }, hoverinfo: "skip" },
      { ...pair(pins.map((index) => answer.front[index])), mode: "markers+text", name: "pinned", text: ["A", "B"], textposition: "bottom right", textfont: { color: colour("ink"), size: 14 }, marker: { symbol: "circle-open", size: 17, color: colour("ink"), line: { width: 2 } }, hoverinfo: "skip", showlegend: false },
      { ...pair(answer.doubtful), mode: "markers", name: "doubtful", visible: answer.doubtful.length ? true : false, marker: { color: colour("faint"), size: 7 }, hoverinfo: "skip" },
    ];
    const title = (axis) => `${escaped(this[axis].goal.label)}${scales[axis].unit ? ` (${escaped(scales[axis].unit)})` : ""}`;
    const axis = (name, more) => ({
      title: { text: title(name), standoff: 12 }, gridcolor: colour("grid"), linecolor: colour("line"), zeroline: false,
      automargin: !light, ...more, // finding margins draws everything twice
    });
    const layout = {
      margin: { l: 56, r: 12, t: 8, b: 48 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 13 },
      legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
      hovermode: "closest", hoverdistance: 24, dragmode: "zoom", uirevision: `${this.x.name} ${this.y.name} ${log} ${scales.x.unit}`,
      xaxis: axis("x", log ? { type: "log", dtick: "D1", exponentformat: "none", tickformat: "~g", nticks: 9 } : { type: "linear" }),
      yaxis: axis("y", {}),
    };
    if (log) layout.xaxis = { ...layout.xaxis, ...ticksOf([...front.x, ...traces[0].x]) };
    const config = { displaylogo: false, responsive: true, showSendToCloud: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "sendDataToCloud"], toImageButtonOptions: { format: "svg", filename: "front" } };
    this.scales = scales;
    this.answer = answer;
    Plotly.react(this.place, traces, layout, config);
    if (!this.drawn) {
      this.drawn = true;
      const index = (event) => (event.points[0].curveNumber === 2 ? event.points[0].pointNumber : null);
      this.place.on("plotly_hover", (event) => index(event) !== null && this.events.hover(index(event)));
      this.place.on("plotly_unhover", () => this.events.leave());
      this.place.on("plotly_click", (event) => index(event) !== null && this.events.pin(index(event)));
    }
  }

  /** All candidates of every run as one line with gaps; thinned evenly where there are very many. */
  trails(answer, scales) {
    const { run } = answer.candidates, x = [], y = [];
    const step = Math.ceil(run.length / MOST_TRAIL_POINTS);
    this.thinned = step;
    for (let candidate = 0; candidate < run.length; candidate++) {
      const first = candidate === 0 || run[candidate] !== run[candidate - 1];
      if (first && candidate) { x.push(null); y.push(null); }
      const last = candidate + 1 === run.length || run[candidate + 1] !== run[candidate];
      if (!first && !last && candidate % step) continue;
      x.push(this.read(answer, this.x, candidate) * scales.x.factor);
      y.push(this.read(answer, this.y, candidate) * scales.y.factor);
    }
    return { x, y };
  }

  /** Where a point of the front lies in the section, in pixels. */
  position(index) {
    const { xaxis, yaxis } = this.place._fullLayout, candidate = this.answer.front[index];
    const x = this.read(this.answer, this.x, candidate) * this.scales.x.factor;
    const y = this.read(this.answer, this.y, candidate) * this.scales.y.factor;
    const left = xaxis.d2p(x) + xaxis._offset, top = yaxis.d2p(y) + yaxis._offset;
    return { left: left + this.place.offsetLeft, top: top + this.place.offsetTop };
  }
}

/** Ticks of a log axis in plain numbers: 1, 2, 5, 10 ... or powers of ten where it is long. */
function ticksOf(values) {
  const positive = values.filter((value) => value > 0);
  if (!positive.length) return {};
  let low = Infinity, high = 0;
  for (const value of positive) { low = Math.min(low, value); high = Math.max(high, value); }
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high)), long = to - from > 3, tickvals = [];
  for (let power = from; power <= to; power++) for (const digit of long ? [1] : [1, 2, 5]) tickvals.push(Number(`${digit}e${power}`));
  return { tickmode: "array", tickvals, ticktext: tickvals.map((value) => (value < 1e-3 || value >= 1e6 ? value.toExponential() : value.toLocaleString("en", { maximumFractionDigits: 6 }))), dtick: undefined };
}

/** Plotly reads a little HTML in texts: names are escaped for it. */
const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** The parts of a point's CO2e as a bar with a legend. */
function partsBar(kg) {
  const total = Object.values(kg).reduce((sum, value) => sum + value, 0), shown = Object.entries(kg).filter(([, value]) => value > 1e-9 * total);
  const bar = shown.map(([part, value]) => element("span", { style: `width:${(100 * value) / total}%;background:${PART_COLOURS[part]}`, title: `${part} ${quantity(value, "kg")}` }));
  const legend = shown.sort((a, b) => b[1] - a[1]).map(([part, value]) => element("li", {},
    element("i", { style: `background:${PART_COLOURS[part]}` }), `${part} ${quantity(value, "kg")} (${percent(value / total)})`));
  return element("div", {}, element("div", { class: "bar", role: "img", "aria-label": "parts of the CO2e, as listed below" }, bar), element("ul", { class: "legend" }, legend));
}
