// Energy and CO2e of one round, part by part (flopt/emissions/client_cost.py, energy.py and footprint.py).
"use strict";

const CLIENT_PARTS = ["training", "waiting", "download", "upload", "network", "evaluation", "wasted"];
const PARTS = ["training", "waiting", "download", "upload", "network", "server", "evaluation", "wasted", "embodied"];

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
