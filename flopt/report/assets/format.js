// How quantities are printed: the same digits and prefixes as flopt/units.py.
"use strict";

const PRINTED = { kg: ["g", 1e3], kWh: ["Wh", 1e3], byte: ["B", 1], W: ["W", 1] };
const PREFIXES = { "-9": "n", "-6": "µ", "-3": "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T" };

/** A value with its unit and an SI prefix: 4.2e-6 kg is "4.2 mg". */
function quantity(value, unit) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (!unit) return plainNumber(value, 4);
  const [factor, name] = printedIn(value, unit);
  return name === unit && !(unit in PRINTED) && unit !== "s" ? `${plainNumber(value, 4)} ${unit}` : `${threeDigits(value * factor)} ${name}`;
}

/** What a value is multiplied with to be printed, and the unit that it then has. */
function printedIn(value, unit) {
  const rounded = Number(value.toPrecision(3));
  if (unit === "s") {
    for (const [limit, size, name] of [[1e-3, 1e-6, "µs"], [1, 1e-3, "ms"], [120, 1, "s"], [7200, 60, "min"]]) {
      if (Math.abs(rounded) > 0 && Math.abs(rounded) < limit) return [1 / size, name];
    }
    return rounded ? [1 / 3600, "h"] : [1, "s"];
  }
  if (!(unit in PRINTED)) return [1, unit];
  const [base, factor] = PRINTED[unit], scaled = Number((value * factor).toPrecision(3));
  const power = scaled === 0 ? 0 : 3 * Math.floor(Math.log10(Math.abs(scaled)) / 3);
  const near = Math.min(Math.max(power, -9), 12);
  return [factor / 10 ** near, `${PREFIXES[near]}${base}`];
}

const threeDigits = (value) => String(Number(Number(value.toPrecision(3)).toPrecision(12)));

function plainNumber(value, digits) {
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? value.toLocaleString("en") : value.toExponential(3);
  const text = Number(value.toPrecision(digits));
  return Math.abs(text) < 1e-4 || Math.abs(text) >= 1e9 ? text.toExponential() : String(text);
}

/** A share of 0.25 as "25 %", with a sign if asked. */
function percent(share, signed) {
  const value = 100 * share, digits = Math.abs(value) < 10 ? 1 : 0;
  return `${signed && value > 0 ? "+" : ""}${value.toFixed(digits)} %`.replace("-", "−");
}

/** An objective's value: four digits for a plain number such as an accuracy. */
function said(value, goal) {
  return goal.unit ? quantity(value, goal.unit) : Number.isFinite(value) && !Number.isInteger(value) && Math.abs(value) < 10 && Math.abs(value) >= 0.001 ? value.toFixed(4) : plainNumber(value, 4);
}

const words = (name) => (name === "co2e" ? "CO2e" : name.replace(/_/g, " "));
