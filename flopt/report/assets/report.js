// The page: from a choice of prices to an answer, and from the answer to what the reader sees.
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const at = (id) => document.getElementById(id);
const { objectives, runs } = facts;
const cost = costColumn(objectives);
const mostRounds = facts.physics.works.clients.map(() => 0);
runs.rounds.forEach((rounds, run) => rounds.forEach((round) => { mostRounds[runs.work[run]] = Math.max(mostRounds[runs.work[run]], round); }));
const testOf = runs.number.length ? columnOf(runs, "run.test_accuracy") : () => NaN;

const errors = runs.spreads.map((spread) => spread && new Errors(spread, runs.number));

let answer = null; // what is shown: { pricer, candidates, front, knee, recommended }
let own = null; // the same at the study's price
let pins = []; // of candidates, as [run, round]
let cursor = null; // index into the front

// ---------------------------------------------------------------- the answer

/** Everything that follows from a price; a PricingError where there is none. */
function solved(choice, atLeast) {
  const pricer = pricerOf(facts.physics, choice, mostRounds);
  const candidates = candidatesOf(facts, pricer), whole = frontOf(candidates, objectives);
  const { front, chances, doubtful } = settled(facts, errors, candidates, whole);
  const knee = front.length && objectives.length === 2 ? kneeOf(front, candidates, objectives) : null;
  return { pricer, candidates, front, chances, doubtful, knee, recommended: recommendationOf(front, candidates, objectives, atLeast) };
}

/** The page prices the study as flopt did, or its controls are off. */
function selfCheck() {
  const found = own.front.map((candidate) => pointOf(own, candidate));
  const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  const same = found.length === facts.front.length && found.every((point, index) => {
    const other = facts.front[index];
    return point.run === other.run && point.round === other.round && point.values.every((value, k) => near(value, other.values[k]));
  });
  if (!same) facts.off = "This page's own pricing does not agree with flopt's: please report it. The controls are off.";
}

/** A candidate as a point that can be shown. */
function pointOf(from, candidate) {
  const run = from.candidates.run[candidate], place = from.candidates.place[candidate];
  return {
    candidate, index: run, run: runs.number[run], round: runs.rounds[run][place], test: testOf(run, place),
    values: objectives.map((_, index) => from.candidates.values[index][candidate]),
    parts: () => from.pricer.parts(runs.work[run], runs.rounds[run][place]),
  };
}

const points = () => answer.front.map((candidate) => pointOf(answer, candidate));
const valueText = (point) => objectives.map((goal, index) => `${words(goal.name)} ${said(point.values[index], goal)}`).join(", ");
const planOf = (point) => [["rounds", point.round], ...Object.entries(runs.plans).map(([name, column]) => [words(name), column[point.index]])];
const clientsText = (point) => `${plainNumber(runs.clients_per_round[point.index], 4)} client${runs.clients_per_round[point.index] === 1 ? "" : "s"} a round`;

function update(dragging) {
  const other = otherParticipation(facts.physics, controls.choice);
  at("keeping").hidden = !other && !controls.keep;
  at("reset").disabled = !controls.touched();
  try {
    if (other && !controls.keep && !facts.fixed.length) {
      throw new PricingError(`with this choice other clients would take part (${other}), so the accuracies would not be these; tick the box below to price it all the same`);
    }
    answer = controls.repriced() || controls.atLeast ? solved(controls.choice, controls.atLeast) : own;
  } catch (error) {
    if (!(error instanceof PricingError)) throw error;
    refuse(error.message);
    return;
  }
  at("message").hidden = true;
  for (const id of ["chart", "front-table", "comparison", "answer"]) at(id).classList.remove("stale");
  cursor = null;
  hideTooltip();
  drawChart(dragging);
  if (dragging) { tellAnswer(); return; }
  tellAll(other);
}

/** No number is shown that does not belong to the choice. */
function refuse(reason) {
  at("message").textContent = `No price for this choice: ${reason}.`;
  at("message").hidden = false;
  at("sentence").textContent = "No price for this choice.";
  at("reasons").replaceChildren();
  at("chosen-plan").replaceChildren();
  for (const id of ["chart", "front-table", "comparison"]) at(id).classList.add("stale");
}

function tellAll(other) {
  tellAnswer();
  tellFront();
  tellPins();
  tellCertainty();
  tellGrid();
  tellSources();
  const command = controls.command();
  at("same").hidden = command === null && !controls.choice.shares;
  at("command").textContent = command ?? "flopt reprice DIR --fleet my_fleet.toml   (a mix of devices needs a fleet file)";
  const notes = [];
  if (other && controls.keep) notes.push("Accuracy of the old participation: with this choice other clients would take part.");
  if (answer.candidates.out.length) notes.push(`The fleet cannot run the plans of ${answer.candidates.out.length} runs; they are left out.`);
  if (facts.study.population) notes.push(`Accuracy from ${facts.study.clients} clients, priced for ${plainNumber(facts.study.population, 6)}.`);
  if (facts.study.oracle === "analytic") notes.push("The accuracy is an analytic curve, not a measurement.");
  at("label").textContent = notes.join(" ");
  at("label").hidden = !notes.length;
  tellKept();
}

// ---------------------------------------------------------------- the recommendation

function tellAnswer() {
  const found = answer.recommended, chips = (pairs) => pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, plainNumber(value, 4))));
  if (!found) {
    const why = !answer.front.length ? emptyText() : `No point of the front has ${words(objectives[controls.atLeast.objective].name)} at least ${controls.atLeast.value}; the best has ${said(Math.max(...answer.front.map((candidate) => answer.candidates.values[controls.atLeast.objective][candidate])), objectives[controls.atLeast.objective])}.`;
    at("sentence").textContent = why;
    at("reasons").replaceChildren();
    at("chosen-plan").replaceChildren();
    return;
  }
  const point = pointOf(answer, answer.front[found.index]);
  at("sentence").textContent = `Take run ${point.run}, stopped after round ${point.round}: ${valueText(point)}.`;
  at("reasons").replaceChildren(...reasonsOf(point, found).map((text) => element("li", {}, text)));
  at("chosen-plan").replaceChildren(...chips([...planOf(point), ["", clientsText(point)]]));
}

function emptyText() {
  if (!facts.study.runs) return "The study has no run yet.";
  if (!runs.number.length) return facts.failed.length ? `All ${facts.failed.length} finished runs failed; their reasons stand below.` : "No run has finished yet.";
  return "No run has a point within the limits.";
}

function reasonsOf(point, found) {
  const reasons = [`Why: ${found.reason}.`], all = points(), kg = point.parts().kg;
  const total = totalOf(kg), [part, most] = Object.entries(kg).sort((a, b) => b[1] - a[1])[0];
  if (total > 0) reasons.push(`Of its CO2e, ${quantity(total, "kg")}, ${percent(most / total)} is ${part}.`);
  for (const [index, word] of [[found.index - 1, "cheaper"], [found.index + 1, "dearer"]]) {
    if (all[index]) reasons.push(`The next ${word} point, run ${all[index].run} after round ${all[index].round}: ${differenceText(point, all[index])}.`);
  }
  reasons.push(`With ${percent(answer.chances[found.index])} no other point of the front is better, as far as seeds are concerned; it was run with ${runs.lengths[point.index].filter((length) => length >= point.round).length} of them for so many rounds.`);
  const sure = !controls.repriced() && facts.front.find((each) => each.run === point.run && each.round === point.round);
  if (sure) {
    const ranges = objectives.map((goal, index) => [goal, ...sure.ranges[index]]).filter(([, low, high]) => low < high)
      .map(([goal, low, high]) => `${words(goal.name)} ${said(low, goal)} to ${said(high, goal)}`);
    reasons.push(`${ranges.length ? `With a probability of nine tenths it lies in ${ranges.join(", ")}. The` : "The"} point stays non-dominated in ${percent(sure.under_coefficients)} of the draws of all coefficients.`);
  }
  return controls.repriced() || controls.atLeast ? reasons : [...reasons, ...adviceOf(facts.recommended)];
}

/** What Python worked out for the study's own recommendation. */
function adviceOf({ moves, ties }) {
  const advice = ties.length ? [`As good: ${ties.join(", ")}.`] : [];
  const each = moves.map((move) => `${words(move.setting)} ${plainNumber(move.before, 3)} to ${plainNumber(move.after, 3)} (${percent(-move.cut, true)} CO2e)`);
  if (each.length) advice.push(`What would cut its ${moves[0].part} part: ${each.join("; ")}. Priced again; what it does to the accuracy only training can say.`);
  return advice;
}

/** How another point differs: shares for quantities with a unit, differences for plain numbers. */
function differenceText(point, other) {
  return objectives.map((goal, index) => {
    const a = point.values[index], b = other.values[index];
    if (goal.unit && a > 0) return `${percent(b / a - 1, true)} ${words(goal.name)}`;
    return `${b > a ? "+" : ""}${plainNumber(b - a, 3)} ${words(goal.name)}`.replace("-", "−");
  }).join(", ");
}

// ---------------------------------------------------------------- the picture

function drawChart(dragging) {
  chart.draw(answer, answer === own ? null : own, pinnedIndices(), dragging === true && answer.candidates.run.length > 4000);
}

function showTooltip(index) {
  const point = pointOf(answer, answer.front[index]), tooltip = at("tooltip");
  const star = answer.recommended && answer.recommended.index === index ? ", recommended" : "";
  tooltip.replaceChildren(
    element("h3", {}, `Run ${point.run}, round ${point.round}${index === answer.knee ? ", knee" : ""}${star}`),
    element("p", {}, valueText(point)),
    Number.isFinite(point.test) ? element("p", {}, `test accuracy ${point.test.toFixed(4)}`) : "",
    partsBar(point.parts().kg),
    element("p", { class: "plan" }, [...planOf(point).map(([name, value]) => `${name} ${plainNumber(value, 4)}`), clientsText(point)].join(", ")),
  );
  tooltip.hidden = false;
  const { left, top } = chart.position(index), box = at("picture");
  const x = left + tooltip.offsetWidth + 24 > box.clientWidth ? left - tooltip.offsetWidth - 16 : left + 16;
  tooltip.style.left = `${Math.max(4, Math.min(x, box.clientWidth - tooltip.offsetWidth - 4))}px`;
  tooltip.style.top = `${Math.max(4, Math.min(top - 40, box.clientHeight - tooltip.offsetHeight - 4))}px`;
}

function hideTooltip() {
  at("tooltip").hidden = true;
}

function walk(event) {
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }, last = answer.front.length - 1;
  if (last < 0) return;
  if (event.key in steps) {
    const from = cursor ?? (answer.recommended ? answer.recommended.index : 0);
    cursor = cursor === null ? from : Math.min(Math.max(from + steps[event.key], 0), last);
    showTooltip(cursor);
  } else if (event.key === "Home" || event.key === "End") {
    cursor = event.key === "Home" ? 0 : last;
    showTooltip(cursor);
  } else if ((event.key === "Enter" || event.key === " ") && cursor !== null) pin(cursor);
  else if (event.key === "Escape") { cursor = null; hideTooltip(); } else return;
  event.preventDefault();
}

function axisControls() {
  const axes = axesOf(facts);
  const select = (name, label) => element("label", {}, label, element("select", { id: `axis-${name}`, onchange: (event) => {
    const other = name === "x" ? "y" : "x", chosen = axes.find((axis) => axis.name === event.target.value);
    if (chosen === chart[other]) chart[other] = chart[name];
    chart[name] = chosen;
    axisControls();
    drawChart();
  } }, axes.map((axis) => element("option", { value: axis.name, selected: axis === chart[name] }, words(axis.name)))));
  const log = element("label", {}, element("input", { id: "log", type: "checkbox", checked: chart.log, onchange: (event) => { chart.log = event.target.checked; drawChart(); } }), "log axis");
  at("axes").replaceChildren(...(axes.length > 2 ? [select("x", "across"), select("y", "up")] : []), log);
}

// ---------------------------------------------------------------- pins

const sameAs = (point) => ([run, round]) => run === point.run && round === point.round;
const pinnedIndices = () => pins.map((pinned) => points().findIndex((point) => sameAs(point)(pinned))).filter((index) => index >= 0);

function pin(index) {
  const point = pointOf(answer, answer.front[index]);
  pins = pins.some(sameAs(point)) ? pins.filter((each) => !sameAs(point)(each)) : [...pins.slice(-1), [point.run, point.round]];
  drawChart();
  tellFront();
  tellPins();
}

/** Pinned points, priced anew even where they have left the front. */
function tellPins() {
  const found = pins.map((pinned) => answer.candidates.run.findIndex((run, candidate) => runs.number[run] === pinned[0] && runs.rounds[run][answer.candidates.place[candidate]] === pinned[1]))
    .filter((candidate) => candidate >= 0).map((candidate) => pointOf(answer, candidate));
  at("unpin").disabled = !pins.length;
  if (!found.length) {
    at("compared").replaceChildren(element("p", { class: "hint" }, pins.length ? "The pinned points are out of reach of this fleet or of the limits." : "Pin one or two points of the front, in the picture or in the table, to see their parts and set them side by side."));
    return;
  }
  const [a, b] = found, rows = [];
  const add = (name, read, show, goal) => {
    const x = read(a), y = b && read(b), both = b && typeof x === "number" && typeof y === "number" && Number.isFinite(x) && Number.isFinite(y);
    const change = !both ? (b && x !== y ? "differs" : "") : goal && goal.unit && x > 0 ? percent(y / x - 1, true) : y === x ? "" : `${y > x ? "+" : ""}${plainNumber(y - x, 3)}`.replace("-", "−");
    rows.push(element("tr", {}, element("th", { scope: "row", class: "text" }, name), element("td", {}, show(x)), b ? [element("td", {}, show(y)), element("td", {}, change)] : null));
  };
  objectives.forEach((goal, index) => add(words(goal.name), (point) => point.values[index], (value) => said(value, goal), goal));
  if (Number.isFinite(a.test)) add("test accuracy", (point) => point.test, (value) => (Number.isFinite(value) ? value.toFixed(4) : "–"));
  add("energy", (point) => totalOf(point.parts().kwh), (value) => quantity(value, "kWh"), { unit: "kWh" });
  add("time on the fleet", (point) => point.parts().s, (value) => quantity(value, "s"), { unit: "s" });
  add("clients a round", (point) => runs.clients_per_round[point.index], (value) => plainNumber(value, 4));
  planOf(a).forEach(([name], place) => add(name, (point) => planOf(point)[place][1], (value) => plainNumber(value, 4)));
  const onFront = (point) => (points().some((each) => each.candidate === point.candidate) ? "" : ", not on this front");
  const heads = ["", ...found.map((point, index) => `${"AB"[index]}: run ${point.run}, round ${point.round}${onFront(point)}`), ...(b ? ["B against A"] : [])];
  const table = element("table", {}, element("thead", {}, element("tr", {}, heads.map((text, index) => element("th", { scope: "col", class: index ? null : "text" }, text)))), element("tbody", {}, rows));
  const bars = found.map((point, index) => element("div", {}, element("h3", {}, `${"AB"[index]}: ${quantity(totalOf(point.parts().kg), "kg")} CO2e, by part`), partsBar(point.parts().kg)));
  at("compared").replaceChildren(element("div", { class: "scroll whole" }, table), element("div", { class: "bars" }, bars, b ? "" : element("p", { class: "hint" }, "Pin a second point to compare the two.")));
}

// ---------------------------------------------------------------- the tables

const goalColumns = () => objectives.map((goal, index) => ({
  name: words(goal.name), csv: goal.unit ? `${goal.name}_${goal.unit}` : goal.name, value: (point) => point.values[index], show: (point) => said(point.values[index], goal),
}));
const planColumns = () => Object.entries(runs.plans).filter(([, column]) => new Set(column).size > 1)
  .map(([name, column]) => ({ name: words(name), csv: name, text: typeof column[0] === "string", value: (point) => column[point.index], show: (point) => plainNumber(column[point.index], 3) }));

function tellFront() {
  const all = points().map((point, index) => ({ ...point, place: index, kg: point.parts().kg }));
  const pinButton = (point) => element("button", { type: "button", class: "pin", "aria-pressed": String(pins.some(sameAs(point))), "aria-label": `pin run ${point.run}, round ${point.round}`, onclick: () => pin(point.place) }, "pin");
  const badge = (point) => [point.place === answer.knee && "knee", answer.recommended?.index === point.place && "recommended"].filter(Boolean).join(", ");
  const partColumns = PARTS.filter((part) => all.some((point) => point.kg[part] > 0))
    .map((part) => ({ name: `${part} CO2e`, csv: `co2e_${part}_kg`, value: (point) => point.kg[part], show: (point) => quantity(point.kg[part], "kg") }));
  tables.front.fill([
    { name: "pin", plain: true, text: true, value: () => "", show: pinButton },
    { name: "run", value: (point) => point.run, show: (point) => String(point.run) },
    { name: "round", value: (point) => point.round, show: (point) => String(point.round) },
    { name: "note", text: true, value: badge, show: badge },
    ...goalColumns(),
    ...(all.some((point) => Number.isFinite(point.test)) ? [{ name: "test accuracy", csv: "test_accuracy", value: (point) => point.test, show: (point) => (Number.isFinite(point.test) ? point.test.toFixed(4) : "–") }] : []),
    { name: "clients", csv: "clients_per_round", value: (point) => runs.clients_per_round[point.index], show: (point) => plainNumber(runs.clients_per_round[point.index], 4) },
    ...planColumns(), ...partColumns,
  ], all);
}

function tellCertainty() {
  const note = controls.repriced() ? " This table is at the study's own price: ranges are not worked out anew in the page." : "";
  at("sure-text").textContent = `Every coefficient of the price is drawn from its range, 1,000 times, with the same draws for all points; ranges hold nine of ten draws. What is learned is expected over seeds, from all runs together, and its range holds it with a probability of nine tenths. "Sure" is the probability that no other point of the front is better, over seeds; "priced" the share of the draws of the coefficients in which the point stays non-dominated. ${facts.doubtful ? `${facts.doubtful} points that are better than the others with a probability below one half only are left out, and grey in the picture.` : ""}${note}`;
  tables.sure.fill([
    { name: "run", value: (point) => point.run, show: (point) => String(point.run) },
    { name: "round", value: (point) => point.round, show: (point) => String(point.round) },
    ...objectives.flatMap((goal, index) => [
      { name: words(goal.name), csv: goal.name, value: (point) => point.values[index], show: (point) => said(point.values[index], goal) },
      ...(facts.front.some((point) => point.ranges[index][0] < point.ranges[index][1]) ? [["from", 0], ["to", 1]].map(([word, end]) => ({ name: `${words(goal.name)} ${word}`, value: (point) => point.ranges[index][end], show: (point) => said(point.ranges[index][end], goal) })) : []),
    ]),
    { name: "seeds", value: (point) => point.seeds, show: (point) => String(point.seeds) },
    { name: "sure", value: (point) => point.probability, show: (point) => percent(point.probability) },
    { name: "priced", value: (point) => point.under_coefficients, show: (point) => percent(point.under_coefficients) },
  ], facts.front);
}

function tellRuns() {
  const onFront = new Map();
  answer.front.forEach((candidate) => onFront.set(answer.candidates.run[candidate], (onFront.get(answer.candidates.run[candidate]) || 0) + 1));
  tables.runs.fill([
    { name: "run", value: (run) => runs.number[run.index], show: (run) => String(runs.number[run.index]) },
    { name: "rounds trained", value: (run) => runs.length[run.index], show: (run) => String(runs.length[run.index]) },
    { name: "points on the front", value: (run) => onFront.get(run.index) || 0, show: (run) => String(onFront.get(run.index) || 0) },
    { name: "clients", value: (run) => runs.clients_per_round[run.index], show: (run) => plainNumber(runs.clients_per_round[run.index], 4) },
    ...planColumns(),
  ], runs.number.map((_, index) => ({ index })));
}

function tellGrid() {
  const codes = [...new Set([...answer.pricer.fleet.groups.map((group) => group.country), answer.pricer.fleet.server.country])];
  const rows = codes.map((code) => answer.pricer.grid.countries.get(code));
  const read = (name, text, key, show) => ({ name, text, value: (row) => row[key], show: show || ((row) => String(row[key] ?? "–")) });
  const hourly = controls.choice.start !== null;
  tables.grid.fill([read("country", true, "name", (row) => `${row.name} (${row.code})`), read("g CO2e per kWh", false, "g", (row) => plainNumber(row.g, 4)), read("year", false, "year"), read("kind", true, "kind"),
    { name: "source", text: true, long: true, value: (row) => row.source, show: (row) => (hourly && answer.pricer.grid.hours[row.code] ? `${row.source}; ${answer.pricer.grid.hours[row.code].source}` : row.source) }], rows);
}

function tellSources() {
  const { choice } = controls, given = new Set([choice.pue !== null && "server.pue", choice.router_w !== null && "network.router_w", choice.kwh_per_gb !== null && "network.kwh_per_gb"]);
  const rows = facts.coefficients.filter((row) => row.fleets.includes(choice.fleet) && (row.reads.includes(choice.network) || (choice.embodied && row.reads.includes("embodied"))) && !given.has(row.name));
  at("sources-details").querySelector("summary").textContent = `Show the ${rows.length} coefficients`;
  const read = (name, text, show) => ({ name, text, value: (row) => row[name], show: show || ((row) => plainNumber(row[name] ?? "–", 4)) });
  tables.sources.fill([read("name", true), read("value"), read("low"), read("high"), read("unit", true, (row) => (row.unit === "1" ? "" : row.unit)), read("year", false, (row) => String(row.year ?? "–")), read("status", true), { ...read("source", true), long: true }], rows);
}

function tellKept() {
  const said_ = [`${runs.number.length} finished runs, ${plainNumber(runs.all_rounds, 9)} rounds in all; the page holds the ${plainNumber(runs.kept_rounds, 9)} rounds that could stand on the front under some price, and all of those are priced.`];
  if (chart.thinned > 1) said_.push(`Of the thin lines only every ${chart.thinned}th round is drawn; the front itself is whole.`);
  at("kept-text").textContent = said_.join(" ");
}

// ---------------------------------------------------------------- what never changes

function tellStudy() {
  const { study, search } = facts;
  at("title").textContent = study.task;
  const limits = facts.all_limits.length ? `, limits: ${facts.all_limits.join("; ")}` : "";
  at("subtitle").textContent = `${study.runs} runs of ${study.clients} clients, oracle ${study.oracle}, sampler ${study.sampler}, seed ${study.seed}; fleet ${words(study.fleet)}${limits}. Accuracy on validation data; CO2e, energy and time are expected values for the fleet.`;
  at("runs-text").textContent = `${runs.number.length} finished${facts.failed.length ? `, ${facts.failed.length} failed` : ""}${facts.unfinished ? `, ${facts.unfinished} not done` : ""}.`;
  at("search-text").textContent = `The search itself emitted about ${quantity(search.co2e_kg, "kg")} CO2e on the machine that ran it (estimated: CPU time x ${search.cpu_watts} W, grid of ${search.country}), for ${plainNumber(search.rounds, 9)} rounds. It is not part of any figure above.`;
  at("study-file").textContent = study.text;
  const versions = { ...facts.versions, "plotly.js": Plotly.version };
  at("versions").replaceChildren(...Object.entries(versions).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  at("failed-details").hidden = !facts.failed.length;
  at("failed-summary").textContent = `Show why ${facts.failed.length} runs failed`;
  tables.failed.fill([{ name: "run", value: (row) => row[0], show: (row) => String(row[0]) }, { name: "reason", text: true, long: true, value: (row) => row[1], show: (row) => row[1] }], facts.failed);
}

const recommendedRow = (point, row) => { if (answer.recommended && pointOf(answer, answer.front[answer.recommended.index]).run === point.run && pointOf(answer, answer.front[answer.recommended.index]).round === point.round) row.className = "recommended"; };
const tables = {
  front: new SortedTable(at("front-table"), "The points of the front", recommendedRow),
  sure: new SortedTable(at("sure-table"), "Ranges of the points at the study's price"),
  runs: new SortedTable(at("runs-table"), "All finished runs"),
  failed: new SortedTable(at("failed-table"), "Failed runs"),
  grid: new SortedTable(at("grid-table"), "Grid intensities"),
  sources: new SortedTable(at("sources-table"), "Coefficients"),
};

const chart = new Chart(at("chart"), facts, { hover: showTooltip, leave: () => cursor === null && hideTooltip(), pin });
let waiting = 0;
const controls = new Controls(at("controls"), facts, (dragging) => {
  cancelAnimationFrame(waiting); // while a slider is dragged, at most one answer for each frame
  waiting = requestAnimationFrame(() => update(dragging === true));
});
at("controls").addEventListener("submit", (event) => event.preventDefault());

own = solved(controls.choice, null);
selfCheck();
if (facts.off) controls.build();
answer = own;
tellStudy();
axisControls();
update(false);

at("reset").addEventListener("click", () => { controls.reset(); update(false); });
at("unpin").addEventListener("click", () => { pins = []; drawChart(); tellFront(); tellPins(); });
at("chart").addEventListener("keydown", walk);
at("chart").addEventListener("blur", () => { cursor = null; hideTooltip(); });
at("front-csv").addEventListener("click", () => tables.front.save("front.csv"));
at("runs-csv").addEventListener("click", () => { tellRuns(); tables.runs.save("runs.csv"); });
at("sources-csv").addEventListener("click", () => tables.sources.save("coefficients.csv"));
at("runs-details").addEventListener("toggle", () => at("runs-details").open && tellRuns());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawChart());
addEventListener("beforeprint", () => { document.querySelectorAll("#sources-details, #study-details").forEach((each) => { each.open = true; }); drawChart(); Plotly.Plots.resize(at("chart")); });
addEventListener("afterprint", () => { drawChart(); Plotly.Plots.resize(at("chart")); });
document.documentElement.dataset.ready = "yes";
