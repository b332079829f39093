// The price of a plan, as flopt/emissions computes it: the same rules, names and order, on central values.
// Tests set these files beside Python's pricer on hundreds of factor sets; the two agree to 1e-6 and far better.
"use strict";

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
    fleet, grid, priced,
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
  const slots = tables.map((rates) => hourlySlot(roundEnergy(work, rates), rates, calendar));
  const kg = new Float64Array(rounds + 1), kwh = new Float64Array(rounds + 1), s = new Float64Array(rounds + 1), visits = [];
  let begin = 0;
  for (let round = 1; round <= rounds; round++) {
    const slot = slots[slots.length > 1 ? Math.floor(calendar.firstHour + begin) % HOURS_PER_DAY : 0];
    const end = begin + slot.energy.round_s / 3600;
    let emitted = slot.embodied_kg;
    calendar.readers.forEach((mean, place) => { emitted += slot.kwhOf[place] * (mean(begin, end) / G_PER_KG); });
    kg[round] = kg[round - 1] + emitted;
    kwh[round] = kwh[round - 1] + slot.kwh;
    s[round] = s[round - 1] + slot.energy.round_s;
    visits.push([slot, begin, end]);
    begin = end;
  }
  const last = { kg: totalOf(once.kg), kwh: totalOf(once.kwh), s: once.s };
  return {
    at: (round) => ({ kg: kg[round] + last.kg, kwh: kwh[round] + last.kwh, s: s[round] + last.s }),
    parts: (round) => {
      const grown = { kg: { ...once.kg }, kwh: { ...once.kwh }, s: s[round] + last.s };
      for (const [slot, from, to] of visits.slice(0, round)) {
        const { groups, server } = calendar.between(from, to), each = footprintOf(slot.energy, slot.rates, groups, server);
        for (const part of PARTS) { grown.kg[part] += each.kg[part]; grown.kwh[part] += each.kwh[part]; }
      }
      return grown;
    },
  };
}

/** The energy of a round, added up by country: all that its CO2e needs besides the hours. */
function hourlySlot(energy, rates, calendar) {
  const kwhOf = calendar.codes.map(() => 0);
  calendar.placeOf.forEach((place, g) => { for (const part of CLIENT_PARTS) kwhOf[place] += energy[part][g]; });
  kwhOf[calendar.serverPlace] += energy.server;
  const { kg, kwh } = footprintOf(energy, rates, rates.g_per_kwh, rates.server_g_per_kwh);
  return { energy, rates, kwhOf, kwh: totalOf(kwh), embodied_kg: kg.embodied };
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
  const places = [...fleet.groups.map((group) => group.country), fleet.server.country];
  const codes = [...new Set(places)], readers = codes.map(read);
  const placeOf = places.map((code) => codes.indexOf(code)), serverPlace = placeOf.pop();
  return {
    firstHour: moment.getUTCHours() + moment.getUTCMinutes() / 60 + moment.getUTCSeconds() / 3600,
    codes, readers, placeOf, serverPlace,
    between: (begin, end) => {
      const found = readers.map((mean) => mean(begin, end));
      return { groups: placeOf.map((place) => found[place]), server: found[serverPlace] };
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
