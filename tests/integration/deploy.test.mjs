// What the deployments are made of: which image has what, and that Kubernetes is given the
// same processes as compose is. What a container engine or a cluster makes of it is not seen
// here: tests/compose/run.sh runs the one, nothing in this repository the other.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parseAllDocuments } from 'yaml';

import { profiles, readCompose } from '../testlib/compose.mjs';
import { root } from '../testlib/stack.mjs';
import { settings } from '../../tools/write-tables.mjs';

const read = file => readFileSync(join(root, file), 'utf8');
const { services } = readCompose(profiles.medium);

describe('images', () => {
  const instructions = file => read(file).replace(/\\\n/g, ' ').split('\n');

  test('one service builds each, and it is that of whoever runs it', () => {
    const built = Object.values(services).filter(s => s.build).map(s => s.image);
    assert.deepEqual([...built].sort(),
      ['hermetic', 'hermetic-database', 'hermetic-mqtt']);
    for (const [name, { image }] of Object.entries(services))
      assert.ok(built.includes(image) || /^\$\{HERMETIC_\w+:-[\w./-]+:[\w.]+\}$/.test(image),
        `${name}: ${image}`);
  });

  test('the broker and its plugin are in the broker\'s image alone', () => {
    const stages = read('Dockerfile').split(/^FROM /m).slice(1);
    const having = pattern => stages.filter(s => pattern.test(s))
      .map(s => /^\S+ AS (\w+)/.exec(s)?.[1]);
    assert.deepEqual(having(/install[^]* mosquitto\b/), ['mqtt']);
    assert.deepEqual(having(/hermetic_mqtt\.so/), ['mqtt']);
    assert.doesNotMatch(stages.at(-1), /^\S+ AS /); // who names no target gets the last
  });

  test('what is copied is there, and .dockerignore lets it in', () => {
    const lets = read('.dockerignore').split('\n');
    assert.equal(lets.find(l => l && !l.startsWith('#')), '*');
    const shut = lets.filter(l => /^[^*!#]/.test(l)).map(l =>
      new RegExp(`^${l.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}(/|$)`));
    for (const file of ['Dockerfile', services.postgres.build.dockerfile])
      for (const line of instructions(file).filter(l => /^COPY (?!--from)/.test(l)))
        for (const source of line.split(/\s+/).slice(1, -1)) {
          assert.ok(lets.includes(`!${source.split('/')[0]}`), source);
          assert.ok(!shut.some(s => s.test(source)), source);
          assert.ok(source.includes('*') || existsSync(join(root, source)), source);
        }
  });

  test('each says what it consists of', () => {
    for (const [file, name] of [['Dockerfile', 'hermetic'], ['Dockerfile', 'hermetic-mqtt'],
      [services.postgres.build.dockerfile, 'hermetic-database']])
      assert.match(instructions(file).join(' '), new RegExp(
        `sbom\\.sh ${name}\\s+>/usr/local/lib/hermetic/sbom\\.json`));
    // of the machine that runs this, since it has Debian's packages, too
    const run = (...args) => execFileSync(args[0], args.slice(1), { encoding: 'utf8' });
    const bom = JSON.parse(run('sh', join(root, 'deploy/sbom.sh'), 'this'));
    const packages = run('dpkg-query', '-W', '-f',
      '${db:Status-Status} ${Package} ${Version} ${Architecture}\n');
    assert.deepEqual([bom.bomFormat, bom.metadata.component.name], ['CycloneDX', 'this']);
    assert.deepEqual(bom.components.map(c => {
      const [, name, version, arch] = /^pkg:deb\/debian\/([^@]+)@([^?]+)\?arch=(\w+)$/.exec(c.purl);
      assert.deepEqual([c.name, c.version], [name, version].map(decodeURIComponent));
      assert.doesNotMatch(version, /[+:]/);
      return `installed ${c.name} ${c.version} ${arch}`;
    }), packages.split('\n').filter(l => l.startsWith('installed ')));
  });

  const dockerfiles = ['Dockerfile', services.postgres.build.dockerfile];

  test('all are made of one base, which has a digest, with what Debian has mended since', () => {
    const bases = [...dockerfiles.map(file => /^ARG BASE=(.*)$/m.exec(read(file))[1]),
      ...Object.values(services).filter(s => s.build).map(({ build }) =>
        /^\$\{HERMETIC_BASE:-(.*)\}$/.exec(build.args.BASE)[1])];
    assert.deepEqual(bases, bases.map(() => bases[0]));
    assert.equal(bases[0], 'debian:bookworm-slim');
    assert.match(read('deploy/pinned.env'),
      /^HERMETIC_BASE=debian:bookworm-\d{8}-slim@sha256:[0-9a-f]{64}$/m);
    for (const file of dockerfiles)
      for (const stage of instructions(file).join('\n').split(/^(?=FROM )/m).slice(1)) {
        const [, platform, from, name] =
          /^FROM (?:--platform=(\S+) )?(\S+)(?: AS (\w+))?$/m.exec(stage);
        const builds = ['build', 'page'].includes(name); // no image has these two
        assert.ok(['${BASE}', 'node'].includes(from), from);
        assert.equal(platform, builds ? '${BUILDPLATFORM:-linux}' : undefined, name);
        assert.equal(/apt-get upgrade -y/.test(stage), from === '${BASE}' && !builds, name);
      }
  });

  test('no processor is meant in particular, and any builder takes them', () => {
    for (const file of [...dockerfiles, 'tools/image.sh'])
      assert.doesNotMatch(read(file), /amd64|arm64|x86|aarch64|RUN --/i);
  });

  test('each has its labels', () => {
    for (const file of dockerfiles)
      for (const name of ['title', 'version', 'revision', 'licenses'])
        assert.ok(read(file).includes(`org.opencontainers.image.${name}=`), name);
    for (const { build } of Object.values(services).filter(s => s.build))
      assert.deepEqual(Object.keys(build.args), ['BASE', 'VERSION', 'REVISION']);
  });
});

describe('Kubernetes', () => {
  const base = 'deploy/kubernetes/base';
  const documents = dir => readdirSync(join(root, dir)).filter(n => n !==
    'kustomization.yaml').flatMap(n => parseAllDocuments(read(join(dir, n)))
    .map(d => { assert.deepEqual(d.errors, [], n); return d.toJS(); }));
  const kustomization = name => parseAllDocuments(read(
    `deploy/kubernetes/${name}/kustomization.yaml`))[0].toJS();
  const patches = name => kustomization(name).patches.map(({ patch }) =>
    parseAllDocuments(patch)[0].toJS());
  const all = documents(base);
  const objects = documents('deploy/kubernetes/objects');
  const example = documents('deploy/kubernetes/example');
  const of = (kind, name) => all.find(d => d.kind === kind &&
    d.metadata.name === `hermetic-${name}`) ?? assert.fail(`${kind} ${name}`);
  const pods = all.filter(d => d.spec.template).map(d => d.spec.template);
  const containers = pods.flatMap(({ spec }) =>
    spec.containers.map(c => ({ ...c, pod: spec })));
  const env = c => Object.fromEntries(c.env.map(({ name, value }) => [name, value]));

  test('kustomize takes every file', () => {
    for (const dir of [base, 'deploy/kubernetes/example', 'deploy/kubernetes/objects']) {
      const { resources } = parseAllDocuments(read(`${dir}/kustomization.yaml`))[0].toJS();
      assert.deepEqual(resources.filter(r => r !== '../base').sort(),
        readdirSync(join(root, dir)).filter(n => n !== 'kustomization.yaml').sort());
    }
  });

  test('the processes are those of compose: images, commands, settings, secrets', () => {
    assert.deepEqual(containers.map(c => c.name).sort(),
      ['api', 'migrate', 'mqtt', 'mqtt-bridge', 'rotation']);
    for (const c of containers) {
      const service = services[c.name];
      assert.equal(c.image, service.image);
      assert.deepEqual(c.args, service.command ?? ['api']);
      if (c.name === 'migrate') continue; // a URL with its password, in place of the two
      const { HERMETIC_DRAIN_SECONDS: drain, ...same } = env(c);
      assert.equal(drain, c.name === 'api' ? '10' : undefined);
      // a cluster's operator says whether nodes serve the page
      const { HERMETIC_WEB: web, ...shared } = service.environment;
      assert.equal(web, c.name === 'api' ? '${HERMETIC_WEB:-1}' : undefined);
      assert.deepEqual(same, shared, c.name);
    }
  });

  test('settings are known, and secrets are those of make-secrets.sh', () => {
    const known = new Set(settings().flatMap(g => g.settings).flatMap(
      s => [s.name, `${s.name}_FILE`]));
    const doc = read('docs/operations.md');
    for (const c of containers) {
      const files = [];
      for (const [name, value] of Object.entries(env(c))) {
        assert.ok(known.has(name), name);
        if (value.startsWith('/run/secrets/')) files.push(value.slice(13));
      }
      const mount = c.volumeMounts.find(m => m.mountPath === '/run/secrets');
      const { secretName } = c.pod.volumes.find(v => v.name === mount.name).secret;
      const made = new RegExp(`create secret generic ${secretName}((?: \\\\?\\s*` +
        '--from-file=secrets/\\w+)+)').exec(doc) ?? assert.fail(secretName);
      assert.deepEqual([...made[1].matchAll(/secrets\/(\w+)/g)].map(m => m[1]).sort(),
        files.sort(), secretName);
    }
  });

  test('containers may as little as compose lets them', () => {
    for (const { spec, metadata } of pods) {
      assert.equal(spec.automountServiceAccountToken, false);
      assert.equal(spec.enableServiceLinks, false); // their names begin with HERMETIC_
      assert.equal(spec.securityContext.runAsNonRoot, true);
      assert.equal(spec.securityContext.runAsUser, 10001); // the image's
      assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault');
      assert.equal(metadata.labels['app.kubernetes.io/part-of'], 'hermetic');
    }
    for (const c of containers) {
      assert.deepEqual(c.securityContext, { allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      if (c.name !== 'migrate')
        assert.equal(c.resources.limits.memory.replace('Mi', 'M'),
          services[c.name].deploy.resources.limits.memory, c.name);
      for (const m of c.volumeMounts)
        assert.ok([...c.pod.volumes, { name: 'data' }].some(v => v.name === m.name));
    }
    const policy = all.find(d => d.kind === 'NetworkPolicy' &&
      d.metadata.name === 'hermetic');
    assert.deepEqual(policy.spec.policyTypes, ['Ingress', 'Egress']);
  });

  test('nobody comes in but by a label of its namespace, which the manual names', () => {
    const doc = read('docs/operations.md');
    for (const { metadata, spec } of all.filter(d => d.kind === 'NetworkPolicy'))
      for (const { from } of spec.ingress) {
        assert.equal(from?.length, 1, metadata.name);
        for (const [label, value] of Object.entries(from[0].namespaceSelector.matchLabels))
          assert.ok(doc.includes(`the label \`${label}: "${value}"\``), label);
      }
    // and the door alone is believed of whom it brings
    const [patch] = patches('example');
    const [c] = patch.spec.template.spec.containers;
    assert.equal(patch.metadata.name, 'hermetic-api');
    assert.ok(env(containers.find(x => x.name === c.name)).HERMETIC_TRUSTED_PROXIES);
    assert.match(env(c).HERMETIC_TRUSTED_PROXIES, /^[\d.]+\/(1[6-9]|2\d|3[0-2])$/);
  });

  test('a store of objects: nodes and the worker get a way to it and its settings', () => {
    const overlay = readCompose(['deploy/objects.yml']);
    const known = new Set(settings().flatMap(g => g.settings).flatMap(
      s => [s.name, `${s.name}_FILE`]));
    const doc = read('docs/operations.md');
    const [policy] = objects;
    assert.deepEqual(policy.spec.podSelector.matchExpressions[0].values,
      ['hermetic-api', 'hermetic-rotation']);
    assert.deepEqual(policy.spec.egress, [{ ports: [{ protocol: 'TCP', port: 443 }] }]);
    assert.deepEqual(Object.keys(overlay.services), ['api', 'rotation']);
    for (const [name, service] of Object.entries(overlay.services)) {
      const { spec } = patches('objects').find(p => p.metadata.name === `hermetic-${name}`)
        .spec.template;
      const [c] = spec.containers;
      assert.equal(c.name, name);
      assert.deepEqual(Object.keys(env(c)).sort(), Object.keys(service.environment).sort());
      for (const setting of Object.keys(env(c))) assert.ok(known.has(setting), setting);
      assert.equal(env(c).HERMETIC_FILES_STORE, service.environment.HERMETIC_FILES_STORE);
      // by a network with a way out
      for (const n of service.networks) assert.notEqual(overlay.networks[n].internal, true);
      assert.ok(service.networks.length > 0);
      const [secret] = service.secrets;
      assert.equal(service.environment.HERMETIC_OBJECTS_SECRET_KEY_FILE,
        `/run/secrets/${secret}`);
      assert.equal(overlay.secrets[secret].file, `./deploy/secrets/${secret}`);
      const [mount] = c.volumeMounts, [volume] = spec.volumes;
      assert.equal(mount.name, volume.name);
      assert.equal(env(c).HERMETIC_OBJECTS_SECRET_KEY_FILE, `${mount.mountPath}/${secret}`);
      assert.ok(doc.includes(`create secret generic ${volume.secret.secretName} ` +
        `--from-file=secrets/${secret}`));
    }
  });

  test('probes, budgets, services and the autoscaler name what there is', () => {
    const api = of('Deployment', 'api').spec;
    const [c] = api.template.spec.containers;
    assert.equal(c.readinessProbe.httpGet.path, '/readyz');
    assert.equal(c.livenessProbe.httpGet.path, '/healthz');
    assert.equal(api.replicas, undefined); // else each apply undoes the autoscaler
    assert.ok(api.template.spec.terminationGracePeriodSeconds >=
      Number(env(c).HERMETIC_DRAIN_SECONDS) + 10);
    const ports = Object.fromEntries(containers.flatMap(x => x.ports ?? [])
      .map(p => [p.name, p.containerPort]));
    assert.equal(String(ports.http), env(c).HERMETIC_PORT);
    const labels = pods.map(p => p.metadata.labels['app.kubernetes.io/name']);
    for (const d of all.filter(x => ['Service', 'PodDisruptionBudget'].includes(x.kind))) {
      const selector = d.spec.selector.matchLabels ?? d.spec.selector;
      assert.ok(labels.includes(selector['app.kubernetes.io/name']), d.metadata.name);
      for (const p of d.spec.ports ?? []) assert.equal(ports[p.targetPort], p.port);
    }
    const scaler = of('HorizontalPodAutoscaler', 'api').spec;
    assert.ok(read('src/base/metrics.c').includes(`"${scaler.metrics[0].pods.metric.name}"`));
    // the ceilings' sums are for as many nodes, the one in exchange included
    assert.equal(scaler.maxReplicas + api.strategy.rollingUpdate.maxSurge,
      Number(services.haproxy.environment.PROXY_NODES));
    assert.ok(Number(scaler.metrics[0].pods.target.averageValue) <
      Number(env(c).HERMETIC_WORKERS) * Number(env(c).HERMETIC_CONNECTIONS));
    for (const { backend } of example.flatMap(d => d.spec.rules[0].http.paths)) {
      const service = all.find(d => d.kind === 'Service' &&
        d.metadata.name === backend.service.name);
      assert.ok(service.spec.ports.some(p => p.name === backend.service.port.name));
    }
  });

  // Kinds and required fields, types; fields that the API does not know pass.
  const models = process.env.HERMETIC_TEST_KUBERNETES_MODELS;
  test('the API\'s schemas', { skip: !models && 'HERMETIC_TEST_KUBERNETES_MODELS names no ' +
    'directory in which `npm install kubernetes-models` was run' }, async () => {
    const group = { 'v1': 'CoreV1', 'apps/v1': 'AppsV1', 'batch/v1': 'BatchV1',
      'policy/v1': 'PolicyV1', 'autoscaling/v2': 'AutoscalingV2',
      'networking.k8s.io/v1': 'NetworkingV1' };
    for (const d of [...all, ...example, ...objects]) {
      const { validate } = await import(pathToFileURL(join(models, 'node_modules',
        'kubernetes-models/_schemas', `IoK8sApi${group[d.apiVersion]}${d.kind}.mjs`)));
      assert.ok(validate(d), JSON.stringify(validate.errors));
    }
    const [wrong] = structuredClone(all);
    wrong.spec.template.spec.containers = 'none';
    const { validate } = await import(pathToFileURL(join(models, 'node_modules',
      'kubernetes-models/_schemas/IoK8sApiBatchV1Job.mjs')));
    assert.equal(validate({ ...wrong, kind: 'Job', apiVersion: 'batch/v1' }), false);
  });
});
