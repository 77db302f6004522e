// A measurement and its floor, each run a dot, the median a line.
const WIDTH = 640, LEFT = 20, RIGHT = 620;

const escape = text => text.replace(/[&<>]/g,
  c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

function lane(y, name, values, median, colour, x) {
  return `<text x="${LEFT}" y="${y - 14}">${escape(name)}</text>
<line x1="${LEFT}" y1="${y}" x2="${RIGHT}" y2="${y}" stroke="#ccc"/>
${values.map(v => `<circle cx="${x(v)}" cy="${y}" r="5" fill="${colour}"
 fill-opacity="0.5"/>`).join('\n')}
<line x1="${x(median)}" y1="${y - 9}" x2="${x(median)}" y2="${y + 9}"
 stroke="${colour}" stroke-width="3"/>`;
}

export function plot(r) {
  const goal = (r.goal ?? 0) * r.floorMedian;
  const top = Math.max(...r.a, ...r.b, goal) * 1.05;
  const x = v => (LEFT + v / top * (RIGHT - LEFT)).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(part =>
    `<text x="${x(part * top)}" y="172" text-anchor="middle">${
      (part * top).toPrecision(3)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="180"
 viewBox="0 0 ${WIDTH} 180" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${lane(50, `${r.what} (${r.unit})`, r.a, r.median, '#06c', x)}
${lane(115, r.floor, r.b, r.floorMedian, '#888', x)}
${r.goal === undefined ? '' : `<line x1="${x(goal)}" y1="36" x2="${
    x(goal)}" y2="64" stroke="#c00" stroke-dasharray="3"/>
<text x="${x(goal)}" y="80" text-anchor="middle" fill="#c00">goal</text>`}
${ticks.join('\n')}
</svg>
`;
}
