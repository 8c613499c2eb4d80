import { copyFileSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environmentCollection } from '../../src/environments/index.ts';
import { sha256File } from '../../src/host/index.ts';
import { layoutOf, SharedBase, TemplateStore, withChecksum } from '../../src/machines/index.ts';
import type { TemplateManifest } from '../../src/machines/index.ts';
import type { BerthEvent, Environment, ScrubReport, Template } from '../../src/model/index.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import {
  berth,
  berthFails,
  berthJson,
  berthOk,
  fork,
  inMachine,
  inspect,
  removeAllEnvironments,
  templates,
} from '../e2e/rig/berth.ts';
import { sharedHome } from '../e2e/rig/home.ts';
import { get, urlOf } from '../e2e/rig/http.ts';
import { cutTail, damageSomewhere, flipBit, seeded } from './rig/damage.ts';
import { FAULT_TEMPLATE, prepareFaults } from './rig/project.ts';
import { Subject } from './rig/subject.ts';

const NAME = 'guarded';
const MACHINE = 7;
const CONFLICT = 4;
/** All 200 take a minute of a core; a part of them shows the same each time, with another seed. */
const FLIPS = Number(process.env['BERTH_FLIPS'] ?? 24);
/** A host whose processors are all wanted takes seconds for each. */
const FLIPS_TIMEOUT_MS = 120_000 + FLIPS * 4_000;
const SEED = Number(process.env['BERTH_SEED'] ?? 1);

const directoryOf = ({ id }: Pick<Environment, 'id'>) => join(sharedHome(), 'environments', id);
const templateFile = ({ id }: Pick<Template, 'id'>, name: string) =>
  join(sharedHome(), 'templates', id, name);

function fileIn(environment: Environment, start: string): string {
  const name = readdirSync(directoryOf(environment)).find((one) => one.startsWith(start));
  if (name === undefined) throw new Error(`${environment.name} has no file ${start}…`);
  return join(directoryOf(environment), name);
}

const savedFile = (environment: Environment) => fileIn(environment, 'sleep-');
const diskFile = (environment: Environment) => fileIn(environment, 'disk-');
const serves = async () => get(`${urlOf(await inspect(NAME))}/`);
const stopDaemon = () => berthOk(['daemon', 'stop']);
const eventsOf = async () =>
  (await berthOk(['events', '--json']))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BerthEvent);

/** The hashes are computed in the background. */
async function untilHashed({ id }: Pick<Environment, 'id'>): Promise<void> {
  const copy = () => readFileSync(join(sharedHome(), 'environments', id, 'record.json'), 'utf8');
  const seals = () =>
    Object.values(
      (JSON.parse(copy()) as { record: { seals?: Record<string, { hash?: string }> } }).record.seals ?? {},
    );
  await expect
    .poll(() => seals().length > 0 && seals().every(({ hash }) => hash !== undefined), { timeout: 60_000 })
    .toBe(true);
}

beforeAll(async () => {
  await prepareFaults(new Subject(sharedHome()));
  await fork(FAULT_TEMPLATE, '--name', NAME);
});
afterAll(() => removeAllEnvironments());

test('#19 · remove a template in use · it is refused and names who needs it', async () => {
  const failure = await berth(['template', 'rm', FAULT_TEMPLATE]);
  expect(failure.code).toBe(CONFLICT);
  expect(failure.stderr).toContain(`is needed by ${NAME}`);
  expect(await serves()).toBe('hello\n');
});

test('#16 · truncated template while its clone runs · forks are refused, the clone goes on', async () => {
  const template = (await templates()).find(({ name }) => name === FAULT_TEMPLATE) as Template;
  const state = templateFile(template, 'state');
  const whole = `${state}.whole`;
  renameSync(state, whole);
  copyFileSync(whole, state);
  cutTail(state, 1);
  const failure = await berthFails(['fork', FAULT_TEMPLATE, '--name', 'wrong']);
  expect(failure).toMatchObject({ code: 'template-invalid', exitCode: MACHINE });
  expect(failure.message).toContain(
    `the memory of template "${FAULT_TEMPLATE}" differs from what was saved: ${state}`,
  );
  expect(failure.remedy).toContain(`./berth template rm ${FAULT_TEMPLATE}`);
  expect(await berthJson<Environment[]>(['ls'])).toHaveLength(1);
  expect(await serves()).toBe('hello\n');
  renameSync(whole, state);
  await berthOk(['fork', FAULT_TEMPLATE, '--name', 'right']);
  await berthOk(['rm', 'right']);
});

test('#16 b · write to a template as the user of its clone · the kernel refuses it', async () => {
  const template = (await templates()).find(({ name }) => name === FAULT_TEMPLATE) as Template;
  for (const name of ['state', 'disk.qcow2']) {
    const { mode, uid } = statSync(templateFile(template, name));
    expect([mode & 0o222, uid]).toEqual([0, 0]);
  }
});

test('#17 · flipped bit and cut tail in a saved state · refused, a cold boot is offered and works', async () => {
  await berthOk(['sleep', NAME]);
  const asleep = await inspect(NAME);
  await untilHashed(asleep);
  const saved = savedFile(asleep);
  for (const undo of [() => flipBit(saved, 3_000_000), () => cutTail(saved, 4096)]) {
    const putBack = undo();
    const failure = await berthFails(['wake', NAME]);
    expect(failure).toMatchObject({ code: 'saved-state-invalid', exitCode: MACHINE });
    expect(failure.message).toContain(`${saved} is not what was left there`);
    expect(failure.remedy).toContain(`./berth start ${NAME} --cold`);
    expect((await inspect(NAME)).state).toBe('asleep');
    putBack();
  }
  expect(
    (await eventsOf()).some(({ kind, subject }) => kind === 'environment.wake-failed' && subject === NAME),
  ).toBe(true);
  await berthOk(['wake', NAME]);
  expect(await serves()).toBe('hello\n');
});

test('#18 · another QEMU than the one that saved it · refused with both versions, never restored by guess', async () => {
  await berthOk(['sleep', NAME]);
  const { id } = await inspect(NAME);
  await stopDaemon();
  const store = await openSqliteStore({ path: join(sharedHome(), 'berth.db') });
  const found = await store.get(environmentCollection, id);
  if (found?.value.asleep === undefined) throw new Error(`${NAME} is not asleep`);
  const { asleep } = found.value;
  const older = { ...asleep, saved: { ...asleep.saved, qemuVersion: '9.1.0' } };
  await store.put(environmentCollection, id, { ...found.value, asleep: older });
  await store.close();
  const template = (await templatesAtRest()).find(({ name }) => name === FAULT_TEMPLATE) as TemplateManifest;
  const path = templateFile(template, 'manifest.json');
  writeFileSync(path, JSON.stringify(withChecksum({ ...template, qemuVersion: '9.1.0' })));
  const failure = await berthFails(['wake', NAME]);
  expect(failure).toMatchObject({ code: 'saved-state-invalid' });
  expect(failure.message).toMatch(/QEMU was 9\.1\.0 and is \d+\.\d+\.\d+/);
  expect(await berthFails(['fork', FAULT_TEMPLATE, '--name', 'wrong'])).toMatchObject({
    code: 'template-invalid',
  });
  writeFileSync(path, JSON.stringify(withChecksum(template)));
  // What was offered.
  await berthOk(['start', NAME, '--cold']);
  expect(await serves()).toBe('hello\n');
});

test('#15 · bytes flipped in the L1 table and the refcounts of a stopped disk · start refused, the file is kept', async () => {
  await inMachine(NAME, 'sync');
  await berthOk(['stop', NAME]);
  const stopped = await inspect(NAME);
  await untilHashed(stopped);
  const disk = diskFile(stopped);
  const header = readFileSync(disk).subarray(0, 72);
  // qcow2: `l1_table_offset` at 40, `refcount_table_offset` at 48.
  for (const table of [header.readBigUInt64BE(40), header.readBigUInt64BE(48)]) {
    const putBack = flipBit(disk, Number(table) + 4, 3);
    const spoilt = await sha256File(disk);
    const changed = await berthFails(['start', NAME]);
    expect(changed).toMatchObject({ code: 'image-corrupt', exitCode: MACHINE });
    expect(changed.remedy).toContain('./berth backup restore');
    // Also where somebody vouches for the file.
    const trusted = await berthFails(['start', NAME, '--trust-disk']);
    expect(trusted).toMatchObject({ code: 'image-corrupt', exitCode: MACHINE });
    expect(await sha256File(disk)).toBe(spoilt);
    putBack();
  }
  expect((await inspect(NAME)).state).toBe('stopped');
});

test('saved-state · scrub · damage is told with the file and the next step, and is gone when it is mended', async () => {
  const stopped = await inspect(NAME);
  // The last start was vouched for: its disk is noted anew by the next look, which a daemon takes when it starts.
  await berthOk(['daemon', 'stop']);
  await inspect(NAME);
  await untilHashed(stopped);
  const disk = diskFile(stopped);
  const putBack = flipBit(disk, statSync(disk).size - 10);
  const { code, stdout } = await berth(['scrub', '--now', '--json']);
  expect(code).toBe(MACHINE);
  const { damaged } = JSON.parse(stdout) as ScrubReport;
  expect(damaged).toMatchObject([{ kind: 'environment', name: NAME }]);
  expect(damaged[0]?.message).toContain(disk);
  const doctor = await berth(['host', 'doctor']);
  expect(doctor.stdout).toContain(`environment ${NAME} is damaged`);
  putBack();
  expect((await berthJson<ScrubReport>(['scrub', '--now'])).damaged).toEqual([]);
  await berthOk(['start', NAME]);
  expect(await serves()).toBe('hello\n');
});

async function templatesAtRest(): Promise<TemplateManifest[]> {
  return new TemplateStore(layoutOf(sharedHome())).list();
}

/** One look of a new daemon at a file; what it refuses is thrown. */
type Look = () => Promise<void>;

interface Target {
  readonly path: string;
  readonly look: Look;
  /** Whether the damaged file says the same as before: a blank that is a line end now. */
  isSame?(): Promise<boolean>;
}

test(
  `saved-state · ${FLIPS} flips and cuts at random places (seed ${SEED}) · each is refused, none accepted in silence`,
  async () => {
    await berthOk(['sleep', NAME]);
    const asleep = await inspect(NAME);
    await untilHashed(asleep);
    await stopDaemon();
    const signal = AbortSignal.timeout(FLIPS_TIMEOUT_MS);
    const random = seeded(SEED);
    const targets = await targetsOf(asleep, signal);
    for (const { look } of targets) await look();
    const accepted: string[] = [];
    for (let round = 0; round < FLIPS; round++) {
      const target = targets[Math.floor(random() * targets.length)];
      if (target === undefined) throw new Error('there is nothing to damage');
      const { what, undo } = damageSomewhere(target.path, random);
      const refused = await target.look().then(
        () => false,
        () => true,
      );
      const harmless = !refused && (await target.isSame?.()) === true;
      undo();
      if (!refused && !harmless) accepted.push(what);
    }
    expect(accepted).toEqual([]);
    for (const { look } of targets) await look();
    await berthOk(['wake', NAME]);
    expect(await serves()).toBe('hello\n');
  },
  FLIPS_TIMEOUT_MS + 60_000,
);

/** Files of a template, of an image and of what an environment left, each with the look that a new daemon takes before it uses them. */
async function targetsOf(asleep: Environment, signal: AbortSignal): Promise<readonly Target[]> {
  const home = sharedHome();
  const template = (await templatesAtRest()).find(({ name }) => name === FAULT_TEMPLATE) as TemplateManifest;
  const lookAtTemplate: Look = async () => {
    const store = new TemplateStore(layoutOf(home));
    const found = await store.find(template.id);
    if (found === undefined) throw new Error('there is no such template');
    await store.verify(found, signal);
  };
  const { boot, seals = {} } = await recordOf(asleep);
  const lookAtImage: Look = () =>
    new SharedBase(new TemplateStore(layoutOf(home))).assertRight(boot, [], { signal });
  const left = Object.entries(seals).map(([name, seal]) => {
    const path = join(directoryOf(asleep), name);
    const look: Look = async () => {
      const verdict = await new TemplateStore(layoutOf(home)).trust.compare(path, seal, { signal });
      if (verdict !== 'right') throw new Error(verdict);
    };
    return { path, look };
  });
  const ofTemplate = ['state', 'disk.qcow2', 'overlay.qcow2', 'manifest.json'].map((name) => ({
    path: templateFile(template, name),
    look: lookAtTemplate,
    ...(name === 'manifest.json'
      ? {
          isSame: async () =>
            JSON.stringify(await new TemplateStore(layoutOf(home)).find(template.id)) ===
            JSON.stringify(template),
        }
      : {}),
  }));
  const ofImage = ['vmlinuz', 'disk.raw'].map((name) => ({
    path: join(dirname(boot.kernelPath), name),
    look: lookAtImage,
  }));
  return [...left, ...left, ...ofTemplate, ...ofImage];
}

async function recordOf({ id }: Environment) {
  const store = await openSqliteStore({ path: join(sharedHome(), 'berth.db') });
  try {
    const found = await store.get(environmentCollection, id);
    if (found === undefined) throw new Error(`there is no record of ${id}`);
    return found.value;
  } finally {
    await store.close();
  }
}
