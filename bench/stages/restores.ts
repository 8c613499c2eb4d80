import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { poll } from '../../src/base/index.ts';
import { berthError } from '../../src/errors/index.ts';
import { ensureDirectory, run, writeAtomic } from '../../src/host/index.ts';
import { RowWriters } from '../measure/row-writers.ts';
import { summarize } from '../measure/statistics.ts';
import type { RestoresStage } from '../result.ts';
import type { Rig } from '../rig.ts';

const NAME = 'bench-rows';
const WRITERS = 4;
/** How long is written before a snapshot, and between it and its restore. */
const WRITE_MS = 400;
const UP_TIMEOUT_MS = 5 * 60_000;
const ANSWER_TIMEOUT_MS = 120_000;
const PORT = 6379;

/** A store that has each write on its disk before it acknowledges it. */
const composeFile = (archive: string) => `name: ${NAME}
services:
  store:
    image: berth/shop:1
    pull_policy: never
    command: ["/usr/bin/valkey-server", "--dir", "/data", "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--protected-mode", "no"]
    ports: ["${PORT}:6379"]
    volumes: ["rows:/data"]
volumes:
  rows: {}
x-berth:
  images: ["${archive}"]
`;

/**
 * A database under write load, brought back to a snapshot again and again. Of what was acknowledged before the snapshot nothing may be missing afterwards, nothing may be there
 * that was never sent, and what is there must be what was written: compared by its checksum. Most cycles keep memory; the others boot from the disk.
 */
export async function restoresStage(
  rig: Rig,
  o: { readonly restores: number; readonly bootEach: number },
): Promise<RestoresStage> {
  await rig.removeForks();
  const host = await upStore(rig);
  const writers = new RowWriters({
    host,
    port: PORT,
    writers: WRITERS,
    seed: randomBytes(8).toString('hex'),
  });
  const stops: number[] = [];
  const withMemory: number[] = [];
  const booted: number[] = [];
  let lost = 0;
  let wrong = 0;
  let rows = 0;
  try {
    for (let cycle = 1; cycle <= o.restores; cycle += 1) {
      const memory = cycle % o.bootEach !== 0;
      const name = `cycle-${cycle}`;
      await writers.connect(ANSWER_TIMEOUT_MS);
      await writers.write(WRITE_MS);
      const acknowledged = writers.acknowledged();
      const startMs = performance.now();
      const taking = rig.client.snapshots.create(NAME, { name, memory });
      await writers.whileWriting(async () => void (await rig.finish((await taking).id)));
      stops.push(performance.now() - startMs);
      const sent = writers.sent();
      await writers.write(WRITE_MS);
      writers.disconnect();
      const restoreMs = performance.now();
      await rig.finish((await rig.client.snapshots.restore(NAME, name, { discard: true })).id);
      await writers.connect(ANSWER_TIMEOUT_MS);
      (memory ? withMemory : booted).push(performance.now() - restoreMs);
      const found = await writers.check({ acknowledged, sent });
      lost += found.lost;
      wrong += found.wrong;
      rows += acknowledged.reduce((sum, count) => sum + count, 0);
      await rig.client.snapshots.remove(NAME, name);
      if (cycle % 10 === 0 || found.lost + found.wrong > 0)
        rig.options.say(`  ${cycle} restores, ${found.rows} rows, ${lost} lost, ${wrong} wrong`);
    }
  } finally {
    writers.disconnect();
  }
  await rig.remove(NAME);
  return {
    ...{ restores: o.restores, bootEach: o.bootEach, rows, lost, wrong, snapshot: summarize(stops) },
    ...(withMemory.length === 0 ? {} : { withMemory: summarize(withMemory) }),
    ...(booted.length === 0 ? {} : { booted: summarize(booted) }),
  };
}

async function upStore(rig: Rig): Promise<string> {
  const { root, signal, say } = rig.options;
  const directory = join(rig.home, 'bench-rows');
  await ensureDirectory(directory);
  const file = join(directory, 'compose.yaml');
  await writeAtomic(file, composeFile(join(root, 'examples/shop/images/shop.tar')));
  await run([join(root, 'berth'), 'up', '-f', file, '--name', NAME], {
    ...{ cwd: root, timeoutMs: UP_TIMEOUT_MS, signal, env: { NO_COLOR: '1' } },
    onLine: (line) => say(`  ${line}`),
  });
  const { ports } = await poll(
    async () => {
      const environment = await rig.client.environments.get(NAME);
      return environment.state === 'running' ? environment : undefined;
    },
    { timeoutMs: ANSWER_TIMEOUT_MS, intervalMs: 100, signal, what: 'the store' },
  );
  const port = ports.find(({ service }) => service === 'store');
  if (port === undefined) throw berthError('not-found', `${NAME} publishes no port`);
  return port.hostAddress;
}
