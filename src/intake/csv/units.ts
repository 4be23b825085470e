/**
 * Units of laboratory results, vital signs and scores that are taken as known, in UCUM and in the common spellings
 * beside it. A unit outside this list is kept and reported; no rule reads a result that carries it.
 */
const UNITS =
  '% 1 /uL /mL /L /min {breaths}/min {beats}/min bpm 10*3/uL 10^3/uL K/uL 10*6/uL 10^6/uL M/uL 10*9/L 10^9/L ' +
  '10*12/L 10^12/L fL pg g/dL g/L mg/dL mg/L mg/mL ug/dL ug/L ug/mL ng/dL ng/mL ng/L pg/mL pg/dL mmol/L umol/L ' +
  'nmol/L pmol/L mmol/mol mol/L mEq/L meq/L U/L U/mL IU/L IU/mL [iU]/L [iU]/mL m[iU]/L m[iU]/mL mIU/L mIU/mL u[iU]/mL ' +
  'uIU/mL kU/L ukat/L nkat/L kat/L mL/min mL/min/1.73m2 mL/min/{1.73_m2} mL/min/1.73_m2 mL/s/1.73m2 mg/g mg/mmol ug/mg ' +
  'mg/(24.h) mg/24h mg/24hr g/(24.h) g/24h mg/g{creat} ug/mg{creat} copies/mL {copies}/mL [copies]/mL ' +
  'log10IU/mL log10[iU]/mL log10copies/mL log10{copies}/mL {log_copies}/mL mm[Hg] mmHg kPa kg g lb lbs [lb_av] oz [oz_av] cm m mm in [in_i] [in_us] ft [ft_i] ' +
  'kg/m2 kg/m^2 Cel [degF] degC degF L L/min mL s min h d a {score} score {points} points {ratio} ratio {INR} INR ' +
  "mosm/kg mOsm/kg umol/mol [pH] pH [arb'U] [arb'U]/mL AU/mL {index} index {titer} mm/h mm/hr kcal {cells}/uL cells/uL";

const KNOWN: ReadonlySet<string> = new Set(UNITS.split(' ').map(spelling));

/** Units are compared without blanks and case, as the suspect rules compare them. */
function spelling(unit: string): string {
  return unit.replaceAll(' ', '').toLowerCase();
}

/** True when the unit is one that results of the clinical feeds are expected in. */
export function isKnownUnit(unit: string): boolean {
  return KNOWN.has(spelling(unit));
}
