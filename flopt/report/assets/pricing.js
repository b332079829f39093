// The price of a round, as flopt/emissions computes it: the same rules, names and order, on central values.
// A test runs this file beside Python's pricer on hundreds of factor sets; the two agree to 1e-6 and far better.
"use strict";

const J_PER_KWH = 3.6e6, BITS_PER_BYTE = 8, BYTES_PER_GB = 1e9, G_PER_KG = 1e3, HOURS_PER_DAY = 24;
const KWH_PER_GB_OF_NJ = (BITS_PER_BYTE * BYTES_PER_GB * 1e-9) / J_PER_KWH;
const CLIENT_PARTS = ["training", "waiting", "download", "upload", "network", "evaluation", "wasted"];
const PARTS = ["training", "waiting", "download", "upload", "network", "server", "evaluation", "wasted", "embodied"];

/** What cannot be priced, said to the reader. */
class PricingError extends Error {}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const running = (values) => { let total = 0; return values.map((value) => (total += value)); };

// ---------------------------------------------------------------- drawing without replacement (emissions/draws.py)

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

// ---------------------------------------------------------------- a synchronous round (emissions/arrivals.py)

/** Who is drawn; `groups` are the rates of the groups. */
function cohortOf(clients, population, rates) {
  const there = Math.floor(population * rates.available + 1e-9), wanted = Math.min(clients, there);
  const many = Math.ceil(Math.round(wanted * (1 + rates.over_selection) * 1e9) / 1e9);
  const lossless = rates.deadline_s === null && !(rates.over_selection > 0) && rates.drop_out.every((each) => each === 0);
  return { drawn: Math.min(many, there), wanted, population: there, lossless };
}

/** Expected seconds of the round and, by group, clients used, their waiting, and how long a drawn client works. */
function arrivalsOf(busy, who, rates) {
  const order = busy.map((_, group) => group).sort((a, b) => busy[a] - busy[b] || a - b);
  const sorted = (values) => order.map((group) => values[group]);
  const back = (values) => { const out = []; order.forEach((group, place) => { out[group] = values[place]; }); return out; };
  return who.lossless ? lossless(busy, who, rates, sorted, back) : lossy(busy, who, rates, sorted, back);
}

function lossless(busy, who, rates, sorted, back) {
  const times = sorted(busy), below = running(sorted(rates.share)), last = times.length - 1;
  const waits = new Array(last + 1).fill(0);
  let round_s = times[last];
  for (let j = last - 1; j >= 0; j--) {
    const gap = times[j + 1] - times[j], done = allAmong(below[j] * who.population, who.drawn, who.population);
    waits[j] = waits[j + 1] + gap * (1 - Math.min(done / below[j], 1));
    round_s -= gap * done;
  }
  const used = rates.share.map((share) => who.drawn * share);
  return { round_s, used, waiting_s: back(waits).map((wait, group) => wait * used[group]), until: null };
}

function lossy(busy, who, rates, sorted, back) {
  const { drawn, wanted, population } = who;
  const times = sorted(busy), reports = sorted(rates.share.map((share, g) => share * (1 - rates.drop_out[g])));
  const below = running(reports).map((each) => Math.min(each, 1));
  const moments = below.map((each) => partialMoments(each * population, drawn, population, wanted));
  const enough = moments.map(([chance]) => chance), mean = moments.map(([, each]) => each);
  const limit = rates.deadline_s === null ? Infinity : rates.deadline_s;
  const inTime = times.map((time) => (time <= limit ? 1 : 0)), ends = times.map((time) => Math.min(time, limit));
  const final = Number.isFinite(limit) ? limit : ends[ends.length - 1];
  const gaps = ends.map((end, j) => (j + 1 < ends.length ? ends[j + 1] : final) - end);
  const round_s = ends[0] + sum(gaps.map((gap, j) => gap * (1 - enough[j] * inTime[j])));
  const given = below.map((each, j) => {
    const slow = Math.max(drawn * (1 - each), 1e-300);
    return Math.min(Math.max((drawn * enough[j] - mean[j]) / slow, 0), 1);
  });
  const chance = given.map((each, j) => Math.max(each - (j ? given[j - 1] : 0), 0) * inTime[j]);
  const worked = running(gaps.map((gap, j) => gap * (1 - given[j])));
  const still = below.map((each, j) => (Math.max(drawn * each - mean[j], 0) * inTime[j] * gaps[j]) / each);
  const waits = running(still.reverse()).reverse().map((wait, j) => reports[j] * wait * inTime[j]);
  const capped = below.map((each, j) => wanted * enough[j] + drawn * each - mean[j]);
  const used = shared(capped.map((each, j) => each - (j ? capped[j - 1] : 0)), reports, times)
    .map((each, j) => Math.max(each, 0) * inTime[j]);
  return {
    round_s,
    used: back(used),
    waiting_s: back(waits),
    at_work_s: back(ends.map((_, j) => ends[0] + (j ? worked[j - 1] : 0))),
    /** E[min(moment, end of the round)] for a client of each group that is not yet done then. */
    until: (moments_s) => {
      const moment = sorted(moments_s.map((each) => Math.min(each, limit)));
      return back(moment.map((each, j) => {
        let lost = 0;
        for (let i = 0; i < j; i++) lost += Math.max(each - times[i], 0) * chance[i];
        return each - lost;
      }));
    },
  };
}

/** Groups of one time share what they get by size. */
function shared(used, reports, times) {
  const out = used.slice();
  for (let begin = 0; begin < times.length;) {
    let end = begin + 1;
    while (end < times.length && times[end] === times[begin]) end++;
    const each = sum(used.slice(begin, end)), size = sum(reports.slice(begin, end));
    if (end > begin + 1) for (let j = begin; j < end; j++) out[j] = each * (reports[j] / size);
    begin = end;
  }
  return out;
}

// ---------------------------------------------------------------- from choices to rates (emissions/pricing.py)

/** The intensities that a choice reads: fleet's over shipped, the study's file over both, or one number for all. */
function gridOf(physics, fleet, choice) {
  const found = new Map();
  const put = (rows) => rows.forEach(([code, name, g, year, source, kind]) => found.set(code, { code, name, g, year, source, kind }));
  put(physics.grid.countries);
  if (typeof choice.grid === "number") {
    for (const [code, each] of found) found.set(code, { ...each, g: choice.grid, year: null, source: "the user", kind: "average" });
    return { countries: found, hours: {} };
  }
  put(fleet.grid);
  if (choice.grid !== null) put(physics.grid.own);
  return { countries: found, hours: physics.grid.hours };
}

/** The fleet that a choice means: its name, other shares if given, and moved to a country if one is. */
function fleetOf(physics, choice) {
  const fleet = physics.fleets.find((each) => each.name === choice.fleet);
  const shares = choice.shares || fleet.groups.map((group) => group.share), total = sum(shares);
  const groups = fleet.groups.map((group, index) => ({
    ...group, share: shares[index] / (choice.shares ? total : 1), country: choice.country || group.country,
  })).filter((group) => group.share > 0);
  if (!groups.length) throw new PricingError("the shares of the groups sum to nothing");
  const country = choice.server_country || choice.country || fleet.server.country;
  return { ...fleet, groups, server: { ...fleet.server, country } };
}

function present(group, hour) {
  if (typeof group.availability === "number") return group.availability;
  if (hour === null) return sum(group.availability) / HOURS_PER_DAY;
  const local = Math.floor(hour + group.utc_offset_h) % HOURS_PER_DAY;
  return group.availability[(local + HOURS_PER_DAY) % HOURS_PER_DAY];
}

/** A fleet as numbers: one entry for each group, as `Rates` in Python. */
function ratesOf(physics, fleet, grid, choice, hour) {
  const net = physics.network, groups = fleet.groups;
  const there = groups.map((group) => group.share * present(group, hour)), total = sum(there);
  const network = groups.map((group) => networkOf(net, group, choice));
  const intensity = (code) => countryOf(grid, code).g;
  if (choice.embodied) {
    const unknown = groups.find((group) => group.embodied_kg_per_s === null);
    if (unknown) throw new PricingError(`nobody knows the making of the device ${unknown.device}, which embodied carbon needs`);
  }
  const kinds = new Set([...groups.map((group) => group.country), fleet.server.country].map((code) => countryOf(grid, code).kind));
  if (kinds.size > 1) throw new PricingError("marginal and average intensities cannot be added up in one price");
  return {
    groups,
    share: there.map((each) => each / total),
    available: total / sum(groups.map((group) => group.share)),
    drop_out: groups.map((group) => group.drop_out),
    over_selection: fleet.over_selection,
    deadline_s: fleet.deadline_s,
    network,
    g_per_kwh: groups.map((group) => intensity(group.country)),
    server_w: fleet.server.watts,
    pue: choice.pue ?? fleet.server.pue ?? net["server.pue"],
    server_g_per_kwh: intensity(fleet.server.country),
    embodied_kg_per_s: groups.map((group) => (choice.embodied ? group.embodied_kg_per_s : 0)),
    server_embodied_kg_per_s: choice.embodied ? net["server.embodied_kg_per_s"] : 0,
    evaluation_fraction: choice.evaluation_fraction,
    forward_share: net["evaluation.forward_share"],
  };
}

function countryOf(grid, code) {
  const found = grid.countries.get(code);
  if (!found) throw new PricingError(`no country ${code} in the grid`);
  return found;
}

/** kWh per GB down and up, and router watts of a group (emissions/network.py). */
function networkOf(net, group, choice) {
  if (choice.network === "router") return { down: 0, up: 0, router_w: choice.router_w ?? net["network.router_w"] };
  if (choice.network === "per_gb") {
    const each = choice.kwh_per_gb ?? net[`network.${group.kind}_kwh_per_gb`];
    return { down: each, up: each, router_w: 0 };
  }
  const path = net[`path.${group.kind}.nj_per_bit`];
  const access = (way) => group[`access_nj_per_bit_${way}`] ?? net[`access.${group.kind}.${way}_nj_per_bit`];
  return { down: (path + access("down")) * KWH_PER_GB_OF_NJ, up: (path + access("up")) * KWH_PER_GB_OF_NJ, router_w: 0 };
}

// ---------------------------------------------------------------- energy of a round (emissions/energy.py)

/** Seconds and kWh of one client of a group that does all its work. */
function clientCost(work, group, network) {
  const train_s = work.samples * (work.flop_per_sample * group.s_per_flop + group.s_per_sample);
  const down_s = BITS_PER_BYTE / group.down_bps, up_s = BITS_PER_BYTE / group.up_bps;
  const download_s = work.download_bytes * down_s, upload_s = work.upload_bytes * up_s;
  const perByteDown = down_s * (network.router_w / J_PER_KWH) + network.down / BYTES_PER_GB;
  const perByteUp = up_s * (network.router_w / J_PER_KWH) + network.up / BYTES_PER_GB;
  return {
    download_s, train_s, upload_s,
    busy_s: download_s + train_s + upload_s,
    download_kwh: download_s * (group.receive_w / J_PER_KWH),
    train_kwh: train_s * (group.train_w / J_PER_KWH),
    upload_kwh: upload_s * (group.transmit_w / J_PER_KWH),
    network_down_kwh: work.download_bytes * perByteDown,
    network_up_kwh: work.upload_bytes * perByteUp,
    down_kwh_per_s: group.receive_w / J_PER_KWH + perByteDown / down_s,
    train_kwh_per_s: group.train_w / J_PER_KWH,
    up_kwh_per_s: group.transmit_w / J_PER_KWH + perByteUp / up_s,
  };
}

/** Energy of one round in kWh, part by part and group by group; seconds that each group is busy; length of the round. */
function roundEnergy(work, rates) {
  const cost = rates.groups.map((group, g) => clientCost(work, group, rates.network[g]));
  const who = cohortOf(work.clients, work.population, rates);
  const arrivals = arrivalsOf(cost.map((each) => each.busy_s), who, rates);
  const waste = who.lossless ? null : wastedOf(cost, arrivals, who, rates);
  const evaluation = cost.map((each, g) => evaluationOf(work, rates, each, g));
  const { used, waiting_s } = arrivals;
  return {
    training: cost.map((each, g) => used[g] * each.train_kwh),
    waiting: cost.map((_, g) => waiting_s[g] * (rates.groups[g].wait_w / J_PER_KWH)),
    download: cost.map((each, g) => used[g] * each.download_kwh),
    upload: cost.map((each, g) => used[g] * each.upload_kwh),
    network: cost.map((each, g) => used[g] * (each.network_down_kwh + each.network_up_kwh)),
    evaluation: evaluation.map((each) => each.kwh),
    wasted: cost.map((_, g) => (waste ? waste[g].kwh : 0)),
    server: arrivals.round_s * ((rates.server_w * rates.pue) / J_PER_KWH),
    busy_s: cost.map((each, g) => used[g] * each.busy_s + waiting_s[g] + (waste ? waste[g].s : 0) + evaluation[g].s),
    round_s: arrivals.round_s,
  };
}

/** kWh and seconds of all that was drawn, without what was used; who drops out sends nothing. */
function wastedOf(cost, arrivals, who, rates) {
  const download_s = arrivals.until(cost.map((each) => each.download_s));
  const sending_s = arrivals.until(cost.map((each) => each.download_s + each.train_s));
  return cost.map((each, g) => {
    const train_s = sending_s[g] - download_s[g], drawn = who.drawn * rates.share[g];
    const upload_s = (arrivals.at_work_s[g] - sending_s[g]) * (1 - rates.drop_out[g]);
    const whole = each.download_kwh + each.network_down_kwh + each.train_kwh + each.upload_kwh + each.network_up_kwh;
    const kwh = download_s[g] * each.down_kwh_per_s + train_s * each.train_kwh_per_s + upload_s * each.up_kwh_per_s;
    return {
      kwh: Math.max(drawn * kwh - arrivals.used[g] * whole, 0),
      s: Math.max(drawn * (download_s[g] + train_s + upload_s) - arrivals.used[g] * each.busy_s, 0),
    };
  });
}

function evaluationOf(work, rates, cost, g) {
  if (rates.evaluation_fraction === 0) return { kwh: 0, s: 0 };
  const group = rates.groups[g], who = rates.evaluation_fraction * work.population * rates.share[g];
  const steps = work.held_out_samples * rates.forward_share;
  const score_s = steps * (work.flop_per_sample * group.s_per_flop + group.s_per_sample);
  const kwh = score_s * (group.train_w / J_PER_KWH) + cost.download_kwh + cost.network_down_kwh;
  return { kwh: who * kwh, s: who * (score_s + cost.download_s) };
}

/** Energy of sending the final model out, once; nobody waits. */
function pushEnergy(work, rates, choice) {
  const many = { none: 0, drawn: work.clients, all: work.population }[choice.final_push];
  const cost = rates.groups.map((group, g) => clientCost(work, group, rates.network[g]));
  const who = rates.share.map((share) => many * share), nothing = who.map(() => 0);
  return {
    training: nothing, waiting: nothing, upload: nothing, evaluation: nothing, wasted: nothing,
    download: cost.map((each, g) => who[g] * each.download_kwh),
    network: cost.map((each, g) => who[g] * each.network_down_kwh),
    server: 0,
    busy_s: cost.map((each, g) => who[g] * each.download_s),
    round_s: 0,
  };
}

// ---------------------------------------------------------------- CO2e (emissions/footprint.py)

/** Energy in kWh and CO2e in kg, part by part, for given intensities of the groups and of the server. */
function footprintOf(energy, rates, g_per_kwh, server_g_per_kwh) {
  const kwh = {}, kg = {};
  for (const part of CLIENT_PARTS) {
    kwh[part] = sum(energy[part]);
    kg[part] = sum(energy[part].map((each, g) => each * (g_per_kwh[g] / G_PER_KG)));
  }
  kwh.server = energy.server;
  kg.server = energy.server * (server_g_per_kwh / G_PER_KG);
  kwh.embodied = 0;
  kg.embodied = sum(energy.busy_s.map((each, g) => each * rates.embodied_kg_per_s[g])) + energy.round_s * rates.server_embodied_kg_per_s;
  return { kwh, kg, s: energy.round_s };
}

const totalOf = (parts) => sum(PARTS.map((part) => parts[part]));

// ---------------------------------------------------------------- hours (emissions/series.py)

const unpacked = new Map();

/** The hours of a country at the level of its annual mean; a clear error where there are none. */
function seriesOf(grid, code) {
  const intensity = countryOf(grid, code), shape = grid.hours[code];
  if (!shape || shape.kind !== intensity.kind) throw new PricingError(`no hours of ${intensity.kind} intensity for ${code}`);
  if (!unpacked.has(shape)) {
    const bytes = Uint8Array.from(atob(shape.values), (char) => char.charCodeAt(0));
    const values = shape.whole ? new Uint16Array(bytes.buffer) : new Float64Array(bytes.buffer);
    const sums = new Float64Array(values.length + 1);
    for (let hour = 0; hour < values.length; hour++) sums[hour + 1] = sums[hour] + values[hour];
    unpacked.set(shape, { values, sums, mean: sums[values.length] / values.length });
  }
  const { values, sums, mean } = unpacked.get(shape);
  const level = intensity.source === shape.source ? 1 : intensity.g / mean;
  return { code, start_ms: shape.start_ms, values, sums, level };
}

/** Mean intensity between two moments, in hours after the series' start. */
function meanBetween(series, begin, end) {
  const { values, sums, level } = series, last = values.length - 1;
  if (!(begin >= 0 && end <= values.length)) {
    throw new PricingError(`the hours of ${series.code} end before the last round does, or begin after the first`);
  }
  const first = Math.min(Math.floor(begin), last), final = Math.min(Math.floor(end), last);
  if (first === final) return values[first] * level;
  const whole = sums[final] - sums[first + 1];
  return ((values[first] * (first + 1 - begin) + whole + values[final] * (end - final)) / (end - begin)) * level;
}

// ---------------------------------------------------------------- the pricer (emissions/pricer.py)

/** Minutes since 1970 of a start such as 2019-06-01T13:00, which is UTC if it names no zone. */
function startOf(text) {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.length <= 10 ? `${text}T00:00` : text}Z`;
  const moment = Date.parse(zoned.replace(" ", "T"));
  if (Number.isNaN(moment)) throw new PricingError(`no time ${text}; write it as 2019-06-01T13:00 (UTC)`);
  return moment;
}

/**
 * A price: `at(work, round)` gives { kg, kwh, s } after that round, `parts(work, round)` the same part by part,
 * `runs(work)` whether the fleet can run the work at all. Work is a row of `physics.works`.
 */
function pricerOf(physics, choice, mostRounds) {
  const fleet = fleetOf(physics, choice), grid = gridOf(physics, fleet, choice);
  const mean = ratesOf(physics, fleet, grid, choice, null);
  const steady = fleet.groups.every((group) => typeof group.availability === "number");
  const hourly = choice.start !== null;
  const hours = hourly && !steady ? [...Array(HOURS_PER_DAY).keys()] : [null];
  const tables = hourly ? hours.map((hour) => ratesOf(physics, fleet, grid, choice, hour)) : [mean];
  const works = physics.works, kept = new Map();
  const workAt = (row) => ({
    clients: works.clients[row], samples: works.samples[row], held_out_samples: works.held_out_samples[row],
    download_bytes: works.download_bytes[row], upload_bytes: works.upload_bytes[row],
    flop_per_sample: works.flop_per_sample, population: works.population,
  });
  const calendar = hourly ? calendarOf(fleet, grid, choice) : null;
  const priced = (row) => {
    if (!kept.has(row)) {
      const work = workAt(row), push = pushEnergy(work, mean, choice);
      const once = footprintOf(push, mean, mean.g_per_kwh, mean.server_g_per_kwh);
      kept.set(row, hourly
        ? hourlyRun(work, tables, once, calendar, mostRounds[row])
        : steadyRun(footprintOf(roundEnergy(work, mean), mean, mean.g_per_kwh, mean.server_g_per_kwh), once));
    }
    return kept.get(row);
  };
  return {
    fleet, grid, rates: mean,
    at: (row, round) => priced(row).at(round),
    parts: (row, round) => priced(row).parts(round),
    runs: (row) => canRun(workAt(row), mean, hourly && !steady ? tables : [mean]),
  };
}

function steadyRun(each, once) {
  const one = { kg: totalOf(each.kg), kwh: totalOf(each.kwh), s: each.s };
  const end = { kg: totalOf(once.kg), kwh: totalOf(once.kwh), s: once.s };
  const grown = (name, round) => Object.fromEntries(PARTS.map((part) => [part, each[name][part] * round + once[name][part]]));
  return {
    at: (round) => ({ kg: one.kg * round + end.kg, kwh: one.kwh * round + end.kwh, s: one.s * round + end.s }),
    parts: (round) => ({ kg: grown("kg", round), kwh: grown("kwh", round), s: one.s * round + end.s }),
  };
}

/** Every round at the hours that it lasts, and drawn from those who are available when it begins. */
function hourlyRun(work, tables, once, calendar, rounds) {
  const energies = tables.map((rates) => roundEnergy(work, rates));
  const totals = { kg: new Float64Array(rounds + 1), kwh: new Float64Array(rounds + 1), s: new Float64Array(rounds + 1) };
  const footprints = [];
  let begin = 0;
  for (let round = 1; round <= rounds; round++) {
    const slot = tables.length > 1 ? Math.floor(calendar.firstHour + begin) % HOURS_PER_DAY : 0;
    const end = begin + energies[slot].round_s / 3600, { groups, server } = calendar.between(begin, end);
    const each = footprintOf(energies[slot], tables[slot], groups, server);
    footprints.push(each);
    totals.kg[round] = totals.kg[round - 1] + totalOf(each.kg);
    totals.kwh[round] = totals.kwh[round - 1] + totalOf(each.kwh);
    totals.s[round] = totals.s[round - 1] + each.s;
    begin = end;
  }
  const end = { kg: totalOf(once.kg), kwh: totalOf(once.kwh), s: once.s };
  const grown = (name, round) => Object.fromEntries(PARTS.map((part) => [
    part, sum(footprints.slice(0, round).map((each) => each[name][part])) + once[name][part],
  ]));
  return {
    at: (round) => ({ kg: totals.kg[round] + end.kg, kwh: totals.kwh[round] + end.kwh, s: totals.s[round] + end.s }),
    parts: (round) => ({ kg: grown("kg", round), kwh: grown("kwh", round), s: totals.s[round] + end.s }),
  };
}

/** The intensities between two moments after the start, of every group and of the server. */
function calendarOf(fleet, grid, choice) {
  const start = startOf(choice.start), moment = new Date(start);
  const read = (code) => {
    let series = null;
    try {
      series = seriesOf(grid, code);
    } catch (error) {
      if (!(error instanceof PricingError) || !choice.flat) throw error;
      const flat = countryOf(grid, code).g;
      return () => flat;
    }
    const first = (start - series.start_ms) / 3.6e6;
    return (begin, end) => meanBetween(series, first + begin, first + end);
  };
  const codes = [...fleet.groups.map((group) => group.country), fleet.server.country];
  const readers = new Map([...new Set(codes)].map((code) => [code, read(code)]));
  return {
    firstHour: moment.getUTCHours() + moment.getUTCMinutes() / 60 + moment.getUTCSeconds() / 3600,
    between: (begin, end) => {
      const found = new Map([...readers].map(([code, mean]) => [code, mean(begin, end)]));
      return { groups: fleet.groups.map((group) => found.get(group.country)), server: found.get(fleet.server.country) };
    },
  };
}

/** Whether enough clients can be drawn at all hours, and some client can meet the deadline. */
function canRun(work, mean, tables) {
  const wide = { ...work, population: Infinity };
  for (const rates of tables) {
    const there = Math.floor(work.population * rates.available + 1e-9);
    if (there < cohortOf(wide.clients, wide.population, rates).drawn) return false;
  }
  if (mean.deadline_s === null) return true;
  return Math.min(...mean.groups.map((group, g) => clientCost(work, group, mean.network[g]).busy_s)) <= mean.deadline_s;
}

/** Why other clients would take part under this choice than under the study's own price; "" where they would not. */
function otherParticipation(physics, choice) {
  const own = physics.pricing, before = fleetOf(physics, { fleet: physics.fleets[0].name, country: null, shares: null });
  const after = fleetOf(physics, choice);
  const complete = (fleet) => fleet.deadline_s === null && fleet.over_selection === 0
    && fleet.groups.every((group) => group.drop_out === 0 && group.availability === 1);
  if (complete(before) && complete(after)) return "";
  const drawing = (fleet, start) => {
    const steady = fleet.groups.every((group) => typeof group.availability === "number");
    return {
      "over-selection": fleet.over_selection, "the deadline": fleet.deadline_s,
      "drop-outs": fleet.groups.map((group) => group.drop_out),
      "availability": fleet.groups.map((group) => [group.availability, steady ? 0 : group.utc_offset_h]),
      "shares": fleet.groups.map((group) => group.share),
      "speeds": fleet.groups.map((group) => [group.s_per_flop, group.s_per_sample, group.down_bps, group.up_bps]),
      "the start": steady ? null : start,
    };
  };
  const old = drawing(before, own.start), now = drawing(after, choice.start);
  return Object.keys(old).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name])).join(", ");
}

const FloptPricing = { PARTS, PricingError, pricerOf, otherParticipation, totalOf };
if (typeof module !== "undefined") module.exports = FloptPricing;
