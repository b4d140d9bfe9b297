// Numbers as they are written and read.

/**
 * Three significant digits, a real minus sign, no trailing zeros; what is below 1 never becomes 1.
 * @param {number} value
 */
export function shortNumber(value) {
  if (Math.abs(value) < 5e-7) return "0";
  let digits = 3;
  while (Math.abs(value) < 1 && Math.abs(Number(value.toPrecision(digits))) >= 1 && digits < 9) digits++;
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
  return (text.includes("e") ? value.toFixed(9).replace(/0+$/, "") : text).replace("-", "−");
}

/**
 * The same where there is little room: no zero before the point, and no more places behind it than fit.
 * @param {number} value
 * @param {number} [room] in digits; a point takes half of one
 */
export function narrowNumber(value, room = Infinity) {
  const texts = [shortNumber(value), ...[2, 1, 0].map((places) => String(byHand(value, places)))];
  const seen = texts.filter((text) => text === texts[0] || Number(text) !== 0); // what is not 0 does not read so
  const narrow = [...seen, ...(seen.length < texts.length ? ["≈0"] : [])].map((text) => text.replace("-", "−").replace(/^(−?)0\./, "$1."));
  return narrow.find((text) => text.length - (text.includes(".") ? 0.5 : 0) <= room) ?? narrow[narrow.length - 1];
}

/**
 * The same in a cell of a grid: at most six signs, of small numbers four digits behind the point.
 * @param {number} value
 */
export function cellNumber(value) {
  const text = shortNumber(value);
  if (text.length <= 6 || Math.abs(value) >= 1) return text;
  const short = byHand(value, 4);
  return short === 0 ? "≈0" : narrowNumber(short);
}

/**
 * Rounded as people do: half goes up, also where the next float is a hair below it, as 1.15 is.
 * @param {number} value
 * @param {number} places behind the point
 */
function byHand(value, places) {
  return Number((Number(value.toPrecision(6)) * (1 + 1e-9)).toFixed(places));
}

/**
 * A number that is edited: four digits.
 * @param {number} value
 */
export function editedNumber(value) {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/**
 * What was typed: a decimal point or comma, a fraction, either minus sign; null if it is no number.
 * @param {string} text
 */
export function readNumber(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll(",", ".");
  const fraction = plain.match(/^(.+)\/(.+)$/);
  const value = fraction ? Number(fraction[1]) / Number(fraction[2]) : plain === "" ? NaN : Number(plain);
  return Number.isFinite(value) ? value : null;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
