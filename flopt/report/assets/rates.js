// From a choice to numbers (flopt/emissions/pricing.py and network.py): fleet, grid and network, group by group.
"use strict";

const J_PER_KWH = 3.6e6, BITS_PER_BYTE = 8, BYTES_PER_GB = 1e9, G_PER_KG = 1e3, HOURS_PER_DAY = 24;
const KWH_PER_GB_OF_NJ = (BITS_PER_BYTE * BYTES_PER_GB * 1e-9) / J_PER_KWH;

/** What cannot be priced, said to the reader. */
class PricingError extends Error {}

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
