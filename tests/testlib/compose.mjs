// docker-compose.yml and what is put over it, as compose reads them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

import { root } from './stack.mjs';

/** Which files a profile is. */
export const profiles = { small: ['docker-compose.yml', 'deploy/small.yml'],
  medium: ['docker-compose.yml'],
  large: ['docker-compose.yml', 'deploy/large.yml'] };

const isMap = x => x !== null && typeof x === 'object' && !Array.isArray(x);

// Maps by key. Tags say how compose merges what stands below them: no ceiling does.
function over(below, above) {
  if (!isMap(below) || !isMap(above)) return above;
  const all = { ...below };
  for (const [k, v] of Object.entries(above))
    all[k] = k in below ? over(below[k], v) : v;
  return all;
}

/** The merged file of these; names of files from the root. */
export const readCompose = files => files.map(file =>
  parse(readFileSync(join(root, file), 'utf8').replace(/ !(override|reset)\b/g, ''),
    { merge: true })).reduce(over);
