// The controls of a price. They write into `choice`, a copy of the study's own pricing, and call `changed`.
"use strict";

/** What the study itself chose, in the form that `pricing.js` reads. */
const ownChoice = (facts) => ({ ...facts.physics.pricing, fleet: facts.physics.fleets[0].name, shares: null });

class Controls {
  constructor(form, facts, changed) {
    this.form = form;
    this.facts = facts;
    this.changed = changed;
    this.reset();
  }

  reset() {
    this.choice = ownChoice(this.facts);
    this.keep = false;
    this.atLeast = null;
    this.build();
  }

  set(values, dragging) {
    Object.assign(this.choice, values);
    this.changed(dragging);
  }

  fleet() {
    return this.facts.physics.fleets.find((fleet) => fleet.name === this.choice.fleet);
  }

  build() {
    const off = this.facts.fixed.length > 0 || this.facts.off;
    const why = this.facts.off || `The price enters ${this.facts.fixed.join(", ")} in a way that only Python can follow: use flopt reprice.`;
    this.form.replaceChildren(
      off ? element("p", { class: "warning" }, why) : "",
      this.group("Who and where", this.countrySelect("country", "Country", "as in the fleet"), this.countrySelect("server_country", "Server", "with the clients"), this.fleetSelect()),
      this.mix(),
      this.group("Network and data centre", this.networkSelect(), this.networkFactor(), this.slider("pue", "PUE", 1, 2.5, 0.01, this.ownPue(), (value) => value.toFixed(2))),
      this.group("Hours", ...this.hours()),
      this.group("Counted", this.embodied()),
      this.wish(),
      element("fieldset", { id: "keeping", hidden: true }, this.check("keep", "Price it with the accuracy of the old participation", this.keep, (on) => { this.keep = on; this.changed(); })),
    );
    if (off) this.form.querySelectorAll("fieldset:not(#wish)").forEach((each) => { each.disabled = true; });
  }

  group(legend, ...children) {
    return element("fieldset", {}, element("legend", {}, legend), children);
  }

  select(id, label, options, value, chosen) {
    const made = element("select", { id, onchange: (event) => chosen(event.target.value) }, options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)));
    return element("label", { for: id }, label, made);
  }

  check(id, label, value, chosen, more) {
    return element("label", { class: "check", for: id }, element("input", { id, type: "checkbox", checked: value, onchange: (event) => chosen(event.target.checked), ...more }), label);
  }

  countrySelect(name, label, none) {
    const found = new Map(this.facts.physics.grid.countries.map(([code, text]) => [code, text]));
    for (const [code, text] of this.facts.physics.grid.own) if (!found.has(code)) found.set(code, text);
    const options = [...found].sort((a, b) => a[1].localeCompare(b[1], "en")).map(([code, text]) => [code, `${text} (${code})`]);
    return this.select(name, label, [["", none], ...options], this.choice[name] ?? "", (code) => this.set({ [name]: code || null }));
  }

  fleetSelect() {
    const names = this.facts.physics.fleets.map((fleet, index) => [fleet.name, index ? words(fleet.name) : `${words(fleet.name)} (the study's)`]);
    return this.select("fleet", "Fleet", names, this.choice.fleet, (fleet) => { Object.assign(this.choice, { fleet, shares: null }); this.build(); this.changed(); });
  }

  /** A slider for each group's share; what is shown is the share of the sum, which is what is priced. */
  mix() {
    const { groups } = this.fleet();
    if (groups.length < 2) return "";
    const shares = () => this.choice.shares || groups.map((group) => group.share);
    const outputs = groups.map(() => element("output", {}));
    const show = () => { const all = shares(), total = all.reduce((a, b) => a + b, 0); outputs.forEach((output, index) => { output.textContent = total ? percent(all[index] / total) : "–"; }); };
    const rows = groups.map((group, index) => element("label", { class: "slide", for: `share-${index}`, title: `${words(group.device)}, ${words(group.link)}` }, group.name,
      element("input", { id: `share-${index}`, type: "range", min: 0, max: 1, step: 0.01, value: shares()[index], oninput: (event) => {
        const all = shares().slice();
        all[index] = Number(event.target.value);
        this.choice.shares = all;
        show();
        this.changed(true);
      }, onchange: () => this.changed() }), outputs[index]));
    show();
    return this.group("Device mix: shares of the fleet", rows);
  }

  networkSelect() {
    const models = [["router", "router: watts x time"], ["per_gb", "kWh for each GB"], ["per_hop", "J for each bit and hop"]];
    return this.select("network", "Network", models, this.choice.network, (network) => { Object.assign(this.choice, { network, router_w: null, kwh_per_gb: null }); this.build(); this.changed(); });
  }

  networkFactor() {
    const net = this.facts.physics.network;
    if (this.choice.network === "router") return this.slider("router_w", "Router", 0, 20, 0.1, net["network.router_w"], (value) => `${plainNumber(value, 3)} W`);
    if (this.choice.network === "per_hop") return element("p", { class: "note" }, "This model reads the shipped J per bit of each hop; there is no one factor to move.");
    const kinds = new Set(this.fleet().groups.map((group) => group.kind));
    const shipped = [...kinds].map((kind) => net[`network.${kind}_kwh_per_gb`]);
    return this.slider("kwh_per_gb", "kWh per GB", 0, 0.2, 0.001, shipped[0], (value) => plainNumber(value, 3), kinds.size > 1 ? [...kinds].map((kind, index) => `${kind} ${shipped[index]}`).join(", ") : "");
  }

  ownPue() {
    return this.fleet().server.pue ?? this.facts.physics.network["server.pue"];
  }

  /** A slider and a number that move together; until it is touched the shipped value stands. */
  slider(name, label, low, high, step, shipped, show, several) {
    const value = this.choice[name] ?? shipped;
    const number = element("input", { id: `${name}-number`, type: "number", min: low, step: "any", value: this.choice[name] === null && several ? "" : value, placeholder: several ? "own" : "", "aria-label": `${label}, as a number` });
    const range = element("input", { id: name, type: "range", min: low, max: high, step, value, title: show(value) });
    range.addEventListener("input", () => { number.value = range.value; this.set({ [name]: Number(range.value) }, true); });
    range.addEventListener("change", () => this.changed());
    number.addEventListener("change", () => {
      const given = number.value === "" ? null : Number(number.value);
      const allowed = given === null || (Number.isFinite(given) && given >= low && (name !== "pue" || given < 10));
      number.setCustomValidity(allowed ? "" : `at least ${low}${name === "pue" ? " and below 10" : ""}`);
      number.reportValidity();
      if (!allowed) return;
      range.value = given ?? shipped;
      this.set({ [name]: given });
    });
    const note = several ? element("p", { class: "note" }, `until you move it: ${several} kWh/GB`) : "";
    return [element("label", { class: "slide", for: name }, label, range, number), note];
  }

  hours() {
    const { start } = this.choice, series = Object.values(this.facts.physics.grid.hours);
    const iso = (time) => new Date(time).toISOString();
    const low = Math.min(...series.map((each) => each.start_ms)), high = Math.max(...series.map((each) => each.start_ms + each.hours * 3.6e6));
    const day = start ? iso(startOf(start)).slice(0, 10) : "2019-06-03", hour = start ? new Date(startOf(start)).getUTCHours() : 12;
    const date = element("input", { id: "start-day", type: "date", value: day, min: iso(low).slice(0, 10), max: iso(high - 1).slice(0, 10), disabled: !start });
    const slider = element("input", { id: "start-hour", type: "range", min: 0, max: 23, step: 1, value: hour, disabled: !start });
    const output = element("output", {}, `${String(hour).padStart(2, "0")}:00`);
    const read = () => `${date.value || day}T${String(slider.value).padStart(2, "0")}:00`;
    date.addEventListener("change", () => this.set({ start: read() }));
    slider.addEventListener("input", () => { output.textContent = `${String(slider.value).padStart(2, "0")}:00`; this.set({ start: read() }, true); });
    slider.addEventListener("change", () => this.changed());
    const hourly = this.check("hourly", "Price hour by hour (UTC)", start !== null, (on) => { Object.assign(this.choice, { start: on ? read() : null, flat: on && this.choice.flat }); this.build(); this.changed(); });
    const flat = this.check("flat", "Countries without hours: annual mean", this.choice.flat, (on) => this.set({ flat: on }), { disabled: !start });
    return [hourly, element("label", { for: "start-day" }, "First day", date), element("label", { class: "slide", for: "start-hour" }, "Start hour", slider, output), flat];
  }

  embodied() {
    const unknown = this.fleet().groups.filter((group) => group.embodied_kg_per_s === null).map((group) => words(group.device));
    const box = this.check("embodied", "Making of the devices (embodied CO2e)", this.choice.embodied, (on) => this.set({ embodied: on }), { disabled: unknown.length > 0 && !this.choice.embodied });
    return unknown.length ? [box, element("p", { class: "note" }, `Off: nobody knows it for ${[...new Set(unknown)].join(", ")}.`)] : box;
  }

  /** "I need at least": the recommendation becomes the cheapest point that has it. */
  wish() {
    const objective = this.facts.objectives.findIndex((goal) => goal.direction === "maximize");
    if (objective < 0) return "";
    const goal = this.facts.objectives[objective];
    const input = element("input", { id: "at-least", type: "number", step: "any", placeholder: "no wish: the knee" });
    input.addEventListener("input", () => {
      this.atLeast = input.value === "" ? null : { objective, value: Number(input.value) };
      this.changed();
    });
    const made = this.group("What I need", element("label", { for: "at-least" }, `${goal.name} at least`, input));
    made.id = "wish";
    return made;
  }

  /** The choice as a command; null where only a fleet file could say it. */
  command() {
    const own = ownChoice(this.facts), { choice } = this, words_ = ["flopt reprice DIR"];
    const options = { country: "country", server_country: "server-country", network: "network", router_w: "router-w", kwh_per_gb: "kwh-per-gb", pue: "pue", start: "start" };
    if (choice.shares) return null;
    if (choice.fleet !== own.fleet) words_.push(`--fleet ${choice.fleet}`);
    for (const [name, option] of Object.entries(options)) {
      if (choice[name] !== own[name] && choice[name] === null) return null;
      if (choice[name] !== own[name]) words_.push(`--${option} ${choice[name]}`);
    }
    for (const name of ["flat", "embodied"]) if (choice[name] !== own[name]) words_.push(choice[name] ? `--${name}` : `--no-${name}`);
    if (this.keep) words_.push("--keep-participation");
    return words_.length > 1 ? words_.join(" ") : "flopt front DIR";
  }

  touched() {
    return this.atLeast !== null || JSON.stringify(this.choice) !== JSON.stringify(ownChoice(this.facts)) || this.keep;
  }

  repriced() {
    return JSON.stringify(this.choice) !== JSON.stringify(ownChoice(this.facts));
  }
}
