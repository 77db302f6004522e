// Each alarm fires in what it is for, and none while all is well: by promtool, which is the
// rules' own program. What is not tried is that the faults make these numbers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';

import { profiles, readCompose } from '../testlib/compose.mjs';
import { root, temporary } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const read = file => readFileSync(join(root, file), 'utf8');
const at = 'deploy/monitoring', cases = ['alarms.yml', 'alarms-days.yml'];
const { rules } = parse(read(`${at}/alerts.yml`)).groups[0];
const { services } = readCompose(profiles.medium);
const promtool = await exec('promtool', ['--version']).then(() => true, () => false);

test('each alarm is shown to fire, and says how soon somebody has to come', () => {
  const shown = cases.flatMap(f => parse(read(`tests/integration/${f}`)).tests)
    .flatMap(t => t.alert_rule_test);
  const calm = shown.filter(c => c.exp_alerts.length === 0).map(c => c.alertname);
  for (const { alert, labels } of rules) {
    assert.ok(shown.some(c => c.alertname === alert && c.exp_alerts.length > 0), alert);
    assert.ok(calm.includes(alert), alert);
    assert.ok(['page', 'look'].includes(labels.severity), alert);
  }
});

test('it is about metrics that there are, of services that there are', () => {
  const ours = read('src/base/metrics.c');
  const config = parse(read(`${at}/prometheus.yml`));
  const names = config.scrape_configs.flatMap(c => (c.dns_sd_configs ?? [])
    .flatMap(d => d.names));
  for (const name of names) assert.ok(services[name], name);
  for (const { expr } of rules) {
    for (const [name] of expr.matchAll(/\bhermetic_\w+/g))
      assert.match(ours, new RegExp(`\\b${name.replace(/_bucket$/, '')}\\b`));
    for (const [, list] of expr.matchAll(/service="([^"]*)"/g))
      assert.ok(names.includes(list), list);
    for (const [, list] of expr.matchAll(/job=~?"([^"]*)"/g))
      for (const job of list.split('|'))
        assert.ok(config.scrape_configs.some(c => c.job_name === job), job);
  }
});

test('the dashboard shows metrics that there are, each panel in a place of its own', () => {
  const ours = read('src/base/metrics.c');
  const { panels, uid } = JSON.parse(read(`${at}/dashboards/hermetic.json`));
  assert.equal(uid, 'hermetic');
  assert.equal(new Set(panels.map(p => p.id)).size, panels.length);
  const taken = new Set();
  for (const { title, type, gridPos: { x, y, w, h }, datasource, targets } of panels) {
    assert.equal(type, 'timeseries', title);
    assert.equal(datasource.uid, 'prometheus', title);
    assert.ok(x + w <= 24 && targets.length > 0, title);
    for (let i = 0; i < w * h; i++) {
      const cell = `${x + i % w},${y + Math.floor(i / w)}`;
      assert.ok(!taken.has(cell), `${title} lies over another`);
      taken.add(cell);
    }
    for (const { expr } of targets)
      for (const [name] of expr.matchAll(/\b(?:hermetic|process)_\w+/g))
        assert.match(ours, new RegExp(`\\b${name.replace(/_(?:bucket|sum|count)$/, '')}\\b`), title);
  }
});

// As Grafana's own program sees it where the image is to be had; its types are here.
test('the dashboard is what Grafana\'s schema says', async () => {
  const { version } = JSON.parse(read('tests/node_modules/@grafana/schema/package.json'));
  assert.ok(services.grafana.image.endsWith(`:${version}}`), 'the schema is of the image');
  const dir = temporary('home');
  const errors = async dashboard => {
    writeFileSync(join(dir, 'dashboard.ts'), `import type { Dashboard, Panel } from '${
      join(root, 'tests/node_modules/@grafana/schema')}';
// What Grafana puts in by itself where it is not said.
type Given<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type Said = Omit<Given<Dashboard, 'editable' | 'graphTooltip' | 'style' | 'revision'>,
  'panels'> & { panels:
  Given<Panel, 'options' | 'repeatDirection' | 'transformations' | 'transparent'>[] };
export const it: Said = ${dashboard};\n`);
    return exec('node', [join(root, 'tests/node_modules/typescript/bin/tsc'), '--noEmit',
      '--strict', '--skipLibCheck', '--moduleResolution', 'node', '--target', 'es2020',
      join(dir, 'dashboard.ts')], { cwd: dir }).then(() => '', e => e.stdout);
  };
  const dashboard = read(`${at}/dashboards/hermetic.json`);
  assert.equal(await errors(dashboard), '');
  assert.match(await errors(dashboard.replace('"gridPos"', '"gridPlace"')), /gridPlace/);
});

test('promtool', { skip: !promtool && 'there is no promtool: it is in Debian\'s prometheus' },
  async () => {
    const dir = temporary('home');
    copyFileSync(join(root, at, 'alerts.yml'), join(dir, 'alerts.yml'));
    copyFileSync(join(root, at, 'prometheus.yml'), join(dir, 'prometheus.yml'));
    for (const f of cases)
      copyFileSync(join(root, 'tests/integration', f), join(dir, f));
    await exec('promtool', ['check', 'config', 'prometheus.yml'], { cwd: dir });
    await exec('promtool', ['test', 'rules', ...cases], { cwd: dir });
  });
