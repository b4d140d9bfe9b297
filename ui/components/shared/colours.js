// Colour tables of 256 entries come from Python as base64 (ui/palette.py); 128 is zero.

function readTable(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    table[i] = (255 << 24) | (bytes[3 * i + 2] << 16) | (bytes[3 * i + 1] << 8) | bytes[3 * i];
  }
  return table;
}

// Colour of a value on a scale from -end to end, as CSS, and a text colour that can be read on it.
function colourOf(table, value, end) {
  const index = Math.max(0, Math.min(255, Math.round(127.5 + (127.5 * value) / (end || 1))));
  const [r, g, b] = [table[index] & 255, (table[index] >> 8) & 255, (table[index] >> 16) & 255];
  return { background: `rgb(${r} ${g} ${b})`, text: readableOn(r, g, b) };
}

// Black or white, whichever has the higher contrast (WCAG 2.1, relative luminance).
function readableOn(...channels) {
  const [r, g, b] = channels.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Three significant digits, a real minus sign, no trailing zeros.
function shortNumber(value) {
  if (Math.abs(value) < 5e-7) return "0";
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}
