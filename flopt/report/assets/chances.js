// How likely the points of a front are to be non-dominated over seeds (flopt/spread.py and fronts.py).
"use strict";

const SEED_DRAWS = 200, LEAST = 0.5;

function hashed(state) {
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

/** Standard normal numbers by draw and factor, those of flopt itself. */
function normalsOf(key, column, factors) {
  const seed = (hashed(hashed(key) + column) >>> 0);
  return Array.from({ length: SEED_DRAWS }, (_, draw) => {
    const row = hashed(seed + draw);
    return Array.from({ length: factors }, (__, factor) => {
      const state = hashed(row + factor);
      const [first, second] = [1, 2].map((part) => (hashed(state + part) + 0.5) / 2 ** 32);
      return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
    });
  });
}

/** What is uncertain of one objective: draws of its error, by run and round. */
class Errors {
  constructor(spread, numbers) {
    Object.assign(this, spread);
    this.numbers = numbers;
    this.drawn = new Map();
  }

  /** The knot before a round, and how far it lies towards the next one on the axis of log r. */
  place(round) {
    const { knots } = this;
    let index = 0;
    while (index + 2 < knots.length && knots[index + 1] <= round) index++;
    if (knots.length === 1) return [0, 0];
    const [from, to] = [Math.log(knots[index]), Math.log(knots[index + 1])];
    return [index, (Math.log(round) - from) / (to - from)];
  }

  between(rows, round) {
    const [index, share] = this.place(round), after = rows[Math.min(index + 1, rows.length - 1)];
    return rows[index].map((value, place) => (1 - share) * value + share * after[place]);
  }

  /** Draws of the error of a run after a round. */
  draws(run, round) {
    if (!this.own[run]) return new Array(SEED_DRAWS).fill(0);
    if (!this.drawn.has(run)) this.drawn.set(run, this.atKnots(run));
    return this.between(this.drawn.get(run), round);
  }

  atKnots(run) {
    this.shared = this.shared || normalsOf(0, this.column, this.common[run][0].length);
    const mine = normalsOf(this.numbers[run] + 1, this.column, this.own[run][0].length);
    const dot = (loadings, factors) => loadings.reduce((total, value, place) => total + value * factors[place], 0);
    return this.own[run].map((loadings, knot) => mine.map((factors, draw) => (
      dot(loadings, factors) + dot(this.common[run][knot], this.shared[draw]))));
  }
}

/**
 * The front apart from what is dominated likelier than not: the most doubtful point leaves first, and is no rival of the
 * others any more. Gives the places that stay, with their probabilities, and those that left.
 */
function settled(facts, errors, candidates, front) {
  if (!errors.some(Boolean)) return { front, chances: front.map(() => 1), doubtful: [] };
  const signs = facts.objectives.map((goal) => (goal.direction === "maximize" ? -1 : 1));
  const drawn = front.map((place) => signs.map((sign, index) => {
    const run = candidates.run[place], round = facts.runs.rounds[run][candidates.place[place]];
    const loss = sign * candidates.values[index][place];
    return errors[index] ? errors[index].draws(run, round).map((error) => loss + sign * error) : loss;
  }));
  const beaten = front.map((_, mine) => front.map((__, theirs) => (mine === theirs ? null : beatenBy(drawn[mine], drawn[theirs]))));
  const rivals = beaten.map((all) => Array.from({ length: SEED_DRAWS }, (_, draw) => all.filter((each) => each && each[draw]).length));
  const stays = front.map((_, index) => index);
  for (;;) {
    const chances = stays.map((index) => rivals[index].filter((count) => count === 0).length / SEED_DRAWS);
    const least = chances.indexOf(Math.min(...chances));
    if (stays.length <= 1 || chances[least] >= LEAST) {
      const left = front.filter((_, index) => !stays.includes(index));
      return { front: stays.map((index) => front[index]), chances, doubtful: left };
    }
    const [gone] = stays.splice(least, 1);
    for (const index of stays) if (beaten[index][gone]) beaten[index][gone].forEach((is, draw) => { if (is) rivals[index][draw]--; });
  }
}

/** In which draws one point is dominated by another; null where in none. Each is a loss, or draws of it, by objective. */
function beatenBy(mine, theirs) {
  const drawn = (loss) => typeof loss !== "number";
  if (mine.some((loss, index) => !drawn(loss) && theirs[index] > loss)) return null;
  const better = mine.some((loss, index) => !drawn(loss) && theirs[index] < loss);
  const open = mine.map((_, index) => index).filter((index) => drawn(mine[index]));
  return Array.from({ length: SEED_DRAWS }, (_, draw) => (
    open.every((index) => theirs[index][draw] <= mine[index][draw])
    && (better || open.some((index) => theirs[index][draw] < mine[index][draw]))));
}
