// Drawing without replacement (flopt/emissions/draws.py): how many of those drawn belong to a part of the population.
"use strict";

const sum = (values) => values.reduce((total, value) => total + value, 0);
const running = (values) => { let total = 0; return values.map((value) => (total += value)); };

const FACTORIAL_REST = (() => {
  // What Stirling's formula lacks: log(n!) - log(sqrt(2 pi n) (n / e)^n), exact below 16.
  const table = [0];
  for (let n = 1, log = 0; n < 16; n++) {
    log += Math.log(n);
    table.push(log - 0.5 * Math.log(2 * Math.PI * n) - n * (Math.log(n) - 1));
  }
  return table;
})();

function rest(n) {
  if (n < 16) return FACTORIAL_REST[Math.round(n)];
  const square = 1 / (n * n);
  return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / n;
}

const root = (n) => Math.max(n, 1 / (2 * Math.PI));
const timesLog1p = (x, y) => (x === 0 ? 0 : x * Math.log1p(Math.max(y, -1 + 1e-16)));

/** P(all drawn belong to the part) = C(part, drawn) / C(population, drawn); a broken part is the mean of its ends. */
function allAmong(part, drawn, population) {
  const more = Math.min(Math.floor(part) + 1, population);
  const withMore = ratioOfChoices(more, drawn, population);
  const without = (withMore * (more - drawn)) / more;
  return more < drawn ? 0 : Math.min(without + (part - (more - 1)) * (withMore - without), 1);
}

function ratioOfChoices(part, drawn, population) {
  if (part < drawn) return 0;
  if (drawn * (population - part) >= 42 * population) return 0; // below exp(-42)
  const left = population - drawn;
  const powers = drawn * Math.log(part / population) - timesLog1p(part - drawn, -drawn / part)
    + timesLog1p(left, -drawn / population);
  const rests = rest(part) - rest(part - drawn) + rest(left) - rest(population);
  return Math.exp(powers + rests) * Math.sqrt((root(part) * root(left)) / (root(part - drawn) * root(population)));
}

/** With X of the drawn belonging to the part: P(X >= wanted) and E[X; X >= wanted]. */
function partialMoments(part, drawn, population, wanted) {
  const whole = Math.floor(part + 1e-12 * population), share = part - whole;
  const found = wholeMoments(whole, drawn, wanted, population);
  if (share <= 1e-12 * population) return found;
  const higher = wholeMoments(whole + 1, drawn, wanted, population);
  return found.map((value, index) => value + share * (higher[index] - value));
}

function wholeMoments(part, drawn, k, population) {
  const expected = drawn * (part / population);
  const far = 2 * (k - expected) ** 2 >= 42 * drawn;
  if (far || k <= drawn - (population - part) || k > part) return k <= expected ? [1, expected] : [0, 0];
  const at = chanceOf(part, drawn, population, k), free = population - part - drawn + k;
  const above = k * population > drawn * part
    ? at + tail(at, part - k, drawn - k, k + 1, free + 1)
    : 1 - tail(at, k, free, part - k + 1, drawn - k + 1);
  const chance = Math.min(Math.max(above, 0), 1);
  return [chance, (part * drawn * chance + k * free * at) / population];
}

function tail(first, a, b, c, d) {
  let term = first, total = 0;
  while (term > 1e-18) {
    term *= (a * b) / (c * d);
    total += term;
    a--; b--; c++; d++;
  }
  return total;
}

/** P(X = k) of the hypergeometric law; what counts is by how much each cell is not as expected. */
function chanceOf(part, drawn, population, k) {
  const out = population - part, left = population - drawn, missed = part - k, gone = Math.max(drawn - k, 0);
  const beyond = k - part * (drawn / population);
  const cells = [[k, part * drawn, beyond], [drawn - k, out * drawn, -beyond], [missed, part * left, -beyond],
    [left - missed, out * left, beyond]];
  let log = rest(drawn) + rest(left) - rest(population) - rest(k) - rest(gone)
    + rest(part) + rest(out) - rest(missed) - rest(left - missed);
  for (const [count, product, more] of cells) log -= timesLog1p(count, more * (population / product));
  const roots = ((drawn * root(left)) / (2 * Math.PI * population * root(k) * root(gone)))
    * ((part * out) / (root(missed) * root(left - missed)));
  return Math.exp(log) * Math.sqrt(roots);
}
