// The front of all kept rounds of all runs, its knee and its recommendation (flopt/fronts.py, pareto.py, recommend.py).
"use strict";

/** The value of a formula, such as ["*", "energy_kwh", 1.8], at one kept round. */
function valueOf(formula, read) {
  if (typeof formula === "number") return formula;
  if (typeof formula === "string") return read(formula);
  const [sign, left, right] = formula, a = valueOf(left, read), b = valueOf(right, read);
  return { "+": a + b, "-": a - b, "*": a * b, "/": a / b, "**": a ** b }[sign];
}

/** A column of the runs, such as the accuracy: `column(run, place)`. */
function columnOf(runs, name) {
  const { levels, rows } = runs.columns[name];
  return (run, place) => levels[rows[run][place]] ?? NaN;
}

/**
 * Every kept round of every run that the fleet can run and that is within the limits, under one price.
 * Gives parallel arrays: run (its place in the facts), place (among its kept rounds), and one array for each objective.
 */
function candidatesOf(facts, pricer) {
  const { runs, objectives, limits } = facts, goals = [...objectives, ...limits];
  const columns = Object.fromEntries(Object.keys(runs.columns).map((name) => [name, columnOf(runs, name)]));
  const simple = { co2e_kg: "kg", energy_kwh: "kwh", duration_s: "s" };
  const found = { run: [], place: [], values: objectives.map(() => []), out: [] };
  const plain = goals.map((goal) => simple[goal.formula]); // an objective that is the price itself needs no formula
  const row = new Array(goals.length);
  for (let run = 0; run < runs.number.length; run++) {
    const work = runs.work[run], rounds = runs.rounds[run];
    if (pricer && !pricer.runs(work)) {
      found.out.push(runs.number[run]);
      continue;
    }
    const priced = pricer ? pricer.priced(work) : null;
    for (let place = 0; place < rounds.length; place++) {
      const price = priced ? priced.at(rounds[place]) : null;
      let parts = null;
      const read = (leaf) => {
        if (leaf === "rounds") return rounds[place];
        if (leaf in simple) return price[simple[leaf]];
        if (`run.${leaf}` in columns) return columns[`run.${leaf}`](run, place);
        parts = parts || pricer.parts(work, rounds[place]);
        const [quantity, part] = leaf.split(".");
        return parts[{ co2e_kg: "kg", energy_kwh: "kwh" }[quantity]][part];
      };
      for (let index = 0; index < goals.length; index++) {
        const { formula, name } = goals[index], quantity = plain[index];
        row[index] = quantity ? price[quantity] : formula === null ? columns[name](run, place) : valueOf(formula, read);
      }
      const inside = limits.every((limit, index) => {
        const value = row[objectives.length + index];
        return (limit.at_least === null || value >= limit.at_least) && (limit.at_most === null || value <= limit.at_most);
      });
      let whole = inside;
      for (let index = 0; index < objectives.length; index++) whole = whole && row[index] === row[index]; // NaN is no point
      if (!whole) continue;
      found.run.push(run);
      found.place.push(place);
      for (let index = 0; index < objectives.length; index++) found.values[index].push(row[index]);
    }
  }
  return found;
}

/** Places of the candidates that nobody dominates, from cheap to dear; of equal ones the first counts. */
function frontOf(candidates, objectives) {
  const loss = candidates.values.map((column, index) => (
    objectives[index].direction === "maximize" ? column.map((value) => -value) : column));
  const order = loss.length === 2 ? promising(loss) : candidates.run.map((_, place) => place);
  order.sort((a, b) => {
    for (const column of loss) if (column[a] !== column[b]) return column[a] - column[b];
    return a - b;
  });
  const kept = loss.length === 2 ? staircase(order, loss) : filtered(order, loss);
  const cost = candidates.values[costColumn(objectives)];
  return kept.sort((a, b) => cost[a] - cost[b] || a - b);
}

/** Of many candidates those that the front of a sample does not dominate: the front of all is among them. */
function promising([first, second]) {
  const every = first.map((_, place) => place), step = Math.ceil(every.length / 500);
  if (step === 1) return every;
  const sample = every.filter((place) => place % step === 0).sort((a, b) => first[a] - first[b] || second[a] - second[b]);
  const stairs = staircase(sample, [first, second]);
  return every.filter((place) => {
    let low = 0, high = stairs.length; // the last stair whose first loss is no more than this one's
    while (low < high) {
      const middle = (low + high) >> 1;
      if (first[stairs[middle]] <= first[place]) low = middle + 1;
      else high = middle;
    }
    return low === 0 || second[stairs[low - 1]] >= second[place];
  });
}

function staircase(order, [, second]) {
  let least = Infinity;
  return order.filter((place, index) => {
    const better = second[place] < least || index === 0;
    if (better) least = second[place];
    return better;
  });
}

/** In lexical order only an earlier candidate can dominate a later one. */
function filtered(order, loss) {
  const kept = [];
  for (const place of order) {
    let dominated = false;
    for (let index = kept.length - 1; index >= 0 && !dominated; index--) {
      dominated = true;
      for (const column of loss) if (column[kept[index]] > column[place]) { dominated = false; break; }
    }
    if (!dominated) kept.push(place);
  }
  return kept;
}

/** The last objective that is minimised, else the first: what a front is sorted by. */
function costColumn(objectives) {
  const minimised = objectives.map((goal, index) => (goal.direction === "minimize" ? index : -1)).filter((index) => index >= 0);
  return minimised.length ? minimised[minimised.length - 1] : 0;
}

/** Place in the front that lies farthest below the chord between its ends, both axes scaled to [0, 1]. */
function kneeOf(front, candidates, objectives) {
  const columns = objectives.map((goal, index) => front.map((place) => (
    goal.direction === "maximize" ? -candidates.values[index][place] : candidates.values[index][place])));
  const scaled = columns.map((column) => {
    const low = Math.min(...column), high = Math.max(...column);
    return column.map((value) => (value - low) / (high > low ? high - low : 1));
  });
  let best = 0;
  front.forEach((_, index) => {
    if (scaled[0][index] + scaled[1][index] < scaled[0][best] + scaled[1][best]) best = index;
  });
  return best;
}

/** The point to take and why, as `flopt recommend` says it; `atLeast` is a wish such as { objective: 0, value: 0.9 }. */
function recommendationOf(front, candidates, objectives, atLeast) {
  if (!front.length) return null;
  if (!atLeast && objectives.length === 2) {
    return { index: kneeOf(front, candidates, objectives), reason: "knee: beyond it, every further point of one objective costs most" };
  }
  const cost = costColumn(objectives), goal = objectives[cost];
  const sign = goal.direction === "maximize" ? -1 : 1, values = candidates.values;
  const allowed = front.map((_, index) => index)
    .filter((index) => !atLeast || values[atLeast.objective][front[index]] >= atLeast.value);
  if (!allowed.length) return null;
  const index = allowed.reduce((best, each) => (
    sign * values[cost][front[each]] < sign * values[cost][front[best]] ? each : best));
  const within = atLeast ? ` with ${objectives[atLeast.objective].name} at least ${atLeast.value}` : "";
  return { index, reason: `${sign < 0 ? "highest" : "lowest"} ${goal.name} on the front${within}` };
}
