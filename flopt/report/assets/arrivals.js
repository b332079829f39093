// A synchronous round (flopt/emissions/arrivals.py): whose update is used, how long it lasts, who waits or works in vain.
"use strict";

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
