// A QR code, which is dark on light whatever the page is: a camera wants that.
const SVG = 'http://www.w3.org/2000/svg';
const QUIET = 4; // modules of light around it

/** `rows`: a text of "1" and "0" for each row of the code. */
export function qrElement(rows, label) {
  const side = rows.length + 2 * QUIET;
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [['class', 'qr'], ['viewBox', `0 0 ${side} ${side}`],
    ['role', 'img'], ['aria-label', label]]) svg.setAttribute(name, value);
  const path = document.createElementNS(SVG, 'path');
  const dark = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ 0: run, index }) =>
    `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`));
  path.setAttribute('d', dark.join(''));
  svg.append(path);
  return svg;
}
