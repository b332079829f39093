// How likely the points of a front are to be non-dominated over seeds (flopt/spread.py and fronts.py).
"use strict";

const SEED_DRAWS = 200, REACH = 2, LEAST = 0.5;

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

/** What is uncertain of one objective: standard deviations and draws of its error, by run and round. */
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

  sd(run, round) {
    if (!this.own[run]) return 0;
    const loadings = [...this.between(this.own[run], round), ...this.between(this.common[run], round)];
    return Math.sqrt(loadings.reduce((total, value) => total + value * value, 0));
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

/** The places that no round of the same run dominates. */
function ownFronts(candidates, loss) {
  const ofRun = new Map();
  candidates.run.forEach((run, place) => (ofRun.get(run) || ofRun.set(run, []).get(run)).push(place));
  const lexical = (a, b) => {
    for (const column of loss) if (column[a] !== column[b]) return column[a] - column[b];
    return a - b;
  };
  return [...ofRun.values()].flatMap((places) => filtered(places.sort(lexical), loss));
}

/** Probability of being non-dominated of each place of the front. */
function chancesOf(facts, errors, candidates, front) {
  if (!front.length || !errors.some(Boolean)) return front.map(() => 1);
  const signs = facts.objectives.map((goal) => (goal.direction === "maximize" ? -1 : 1));
  const loss = candidates.values.map((column, index) => column.map((value) => signs[index] * value));
  const roundOf = (place) => facts.runs.rounds[candidates.run[place]][candidates.place[place]];
  const reach = (place) => errors.map((each) => (each ? REACH * each.sd(candidates.run[place], roundOf(place)) : 0));
  const worst = front.map((place) => reach(place).map((sd, index) => loss[index][place] + sd)), among = new Set(front);
  const rivals = ownFronts(candidates, loss).filter((place) => {
    if (among.has(place)) return true;
    const best = reach(place).map((sd, index) => loss[index][place] - sd);
    return !worst.some((each) => each.every((value, index) => value <= best[index]) && each.some((value, index) => value < best[index]));
  });
  const drawn = new Map(rivals.map((place) => [place, errors.map((each, index) => (
    each && each.draws(candidates.run[place], roundOf(place)).map((error) => loss[index][place] + signs[index] * error)))]));
  return front.map((place) => {
    const beaten = new Array(SEED_DRAWS).fill(false);
    for (const rival of rivals) {
      if (errors.some((each, index) => !each && loss[index][rival] > loss[index][place])) continue;
      const better = errors.some((each, index) => !each && loss[index][rival] < loss[index][place]);
      const [mine, theirs] = [drawn.get(place), drawn.get(rival)];
      for (let draw = 0; draw < SEED_DRAWS; draw++) {
        if (beaten[draw]) continue;
        let worse = false, above = better;
        for (let index = 0; index < errors.length && !worse; index++) {
          if (!errors[index]) continue;
          worse = theirs[index][draw] > mine[index][draw];
          above = above || theirs[index][draw] < mine[index][draw];
        }
        beaten[draw] = !worse && above;
      }
    }
    return 1 - beaten.filter(Boolean).length / SEED_DRAWS;
  });
}

/** The front apart from what is dominated likelier than not; one point always stays. */
function divided(front, chances) {
  const least = Math.min(LEAST, Math.max(...chances));
  const of = (sure) => front.filter((_, index) => chances[index] >= least === sure);
  return { front: of(true), chances: chances.filter((chance) => chance >= least), doubtful: of(false) };
}
