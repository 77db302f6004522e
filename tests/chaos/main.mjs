import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { build } from '../testlib/stack.mjs';
import { chaos, isWhole, summary } from './chaos.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string',
  default: '60' }, seed: { type: 'string', default: '1' },
only: { type: 'string' }, planted: { type: 'boolean' } } });

const result = await chaos({ seconds: Number(values.seconds),
  seed: values.seed, say: text => console.log(text),
  only: values.only?.split(','),
  ...(values.planted && { module: join(build, 'planted/hermetic.so') }) });
console.log(summary(result));
process.exit(isWhole(result) ? 0 : 1);
