import { expect, onTestFinished, test } from 'vitest';
import { berthError } from '../../../src/errors/index.ts';
import type { Context } from '../../../src/environments/context.ts';
import { PortFollower } from '../../../src/environments/follow-ports.ts';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import type { Session } from '../../../src/environments/sessions.ts';
import type { EnginePublisher } from '../../../src/guest/index.ts';
import type { EnvironmentId, PublishedPort } from '../../../src/model/index.ts';

const ID = 'env-000000000001' as EnvironmentId;
const ADDRESS = '127.88.9.1';
const COMPOSE = 'services: {web: {image: x, ports: ["8080:80"]}}';

function mark(count: number): string {
  return `${'ab'.repeat(8)}.${count}`;
}

function container(name: string, ...guestPorts: number[]): EnginePublisher {
  const port = { hostAddress: '', containerPort: 80, protocol: 'tcp' };
  return { name, ports: guestPorts.map((guestPort) => ({ ...port, guestPort })) };
}

/** An environment of which only the outside is real: what is open on the host, and what its guest says. */
class Rig {
  record = {
    id: ID,
    name: 'shop',
    state: 'running',
    address: ADDRESS,
    ports: [],
    workload: { compose: COMPOSE, variables: {} },
  } as unknown as EnvironmentRecord;
  /** Ports that are open on the host. */
  readonly open = new Set<number>();
  /** Ports that somebody else has. */
  readonly held = new Set<number>();
  readonly told: string[] = [];
  containers: readonly EnginePublisher[] = [];
  /** Mark that the guest answers with. */
  current = mark(0);
  listings = 0;
  looks = 0;
  failures = 0;
  notice: (told: string) => void = () => undefined;
  readonly follower: PortFollower;

  constructor(change: Partial<EnvironmentRecord> = {}) {
    this.record = { ...this.record, ...change };
    this.follower = new PortFollower(this.#context(), ID, this.#session(), async () => {
      this.looks += 1;
    });
    onTestFinished(() => this.follower.close());
  }

  /** Containers come and go; the guest tells of it. */
  become(count: number, ...containers: EnginePublisher[]): void {
    this.containers = containers;
    this.current = mark(count);
    this.notice(this.current);
  }

  #session(): Session {
    const link = {
      containersMark: async () => this.current,
      onContainers: (listener: (told: string) => void) => {
        this.notice = listener;
      },
    };
    return {
      machine: { link, slot: { guestReachableAt: '100.96.0.2' } },
      ending: false,
    } as unknown as Session;
  }

  #context(): Context {
    const publish = async (_owner: string, { hostPort }: PublishedPort) => {
      if (this.held.has(hostPort))
        throw berthError('port-in-use', `${hostPort} is held by process 7 (nginx)`);
      this.open.add(hostPort);
    };
    const publishers = async () => {
      this.listings += 1;
      if (this.failures > 0) {
        this.failures -= 1;
        throw berthError('timeout', 'the container engine did not answer');
      }
      return this.containers;
    };
    return {
      registry: {
        find: () => this.record,
        get: () => this.record,
        update: async (_id: string, change: Partial<EnvironmentRecord>) => {
          this.record = { ...this.record, ...change };
          return this.record;
        },
      },
      sessions: { engine: () => ({ publishers }), find: () => this.#session() },
      sleepers: { gateOf: () => undefined },
      ingress: {
        publish,
        withdrawPort: async (_owner: string, { hostPort }: PublishedPort) => void this.open.delete(hostPort),
      },
      events: {
        append: (kind: string, _name: string, message: string) => this.told.push(`${kind} ${message}`),
      },
      log: { info: () => undefined, warn: () => undefined },
    } as unknown as Context;
  }
}

test('ports open and close with their containers; one that goes on is not touched', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: false });
  rig.become(1, container('a', 9000), container('b', 9001, 9002));
  await expect.poll(() => [...rig.open]).toEqual([9000, 9001, 9002]);
  rig.become(2, container('b', 9001, 9002));
  await expect.poll(() => [...rig.open]).toEqual([9001, 9002]);
  expect(rig.record).toMatchObject({
    followedMark: mark(2),
    followed: [{ hostPort: 9001 }, { hostPort: 9002 }],
  });
  await expect.poll(() => rig.looks).toBe(2);
});

test('a fork that wakes with the mark of its source asks its engine nothing', async () => {
  const rig = new Rig({ followedMark: mark(7) });
  rig.current = mark(7);
  rig.follower.start({ isNew: false });
  await rig.follower.settled();
  rig.notice(mark(7));
  await rig.follower.settled();
  expect(rig.listings).toBe(0);
});

test('a machine without containers is not looked at', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  await expect.poll(() => rig.record.followedMark).toBe(mark(0));
  await rig.follower.settled();
  expect(rig.listings).toBe(0);
});

test('settled waits until what the guest has now is open', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  rig.containers = [container('a', 9000)];
  rig.current = mark(1);
  await rig.follower.settled();
  expect([...rig.open]).toEqual([9000]);
});

test('while an operation starts containers itself nobody looks; afterwards once', async () => {
  const rig = new Rig({ state: 'creating' });
  rig.follower.start({ isNew: true });
  for (let count = 1; count < 20; count += 1) rig.become(count, container('a', 9000));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(rig.listings).toBe(0);
  rig.record = { ...rig.record, state: 'running' };
  await expect.poll(() => [...rig.open]).toEqual([9000]);
  expect(rig.listings).toBe(1);
});

test("the file's own ports are left to the file", async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  rig.become(1, container('shop-web-1', 8080), container('a', 9000));
  await expect.poll(() => [...rig.open]).toEqual([9000]);
});

test('a port that is held is told once, and opens when it is free', async () => {
  const rig = new Rig();
  rig.held.add(9000);
  rig.follower.start({ isNew: true });
  rig.become(1, container('a', 9000, 9001));
  await expect.poll(() => rig.record.followed?.[0]?.problem).toBe('9000 is held by process 7 (nginx)');
  expect([...rig.open]).toEqual([9001]);
  rig.become(2, container('a', 9000, 9001));
  await rig.follower.settled();
  expect(rig.told).toEqual(['port.unavailable container "a": 9000 is held by process 7 (nginx)']);
  rig.held.clear();
  await expect.poll(() => rig.open.has(9000), { timeout: 10_000 }).toBe(true);
  expect(rig.record.followed?.[0]).not.toHaveProperty('problem');
  expect(rig.told.at(-1)).toContain('is open now');
});

test('a port at another address of the host is never opened, nor tried again', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  const [port] = container('a', 9000).ports;
  rig.become(1, { name: 'a', ports: port === undefined ? [] : [{ ...port, hostAddress: '192.0.2.7' }] });
  await expect.poll(() => rig.told).toEqual([expect.stringMatching(/^port\.unavailable container "a"/)]);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(rig.open.size).toBe(0);
});

test('an engine that does not answer is asked again', async () => {
  const rig = new Rig();
  rig.failures = 1;
  rig.follower.start({ isNew: true });
  rig.become(1, container('a', 9000));
  await expect.poll(() => [...rig.open], { timeout: 10_000 }).toEqual([9000]);
});

test('a guest that tells of changes without end is looked at a bounded number of times', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  const startedAt = performance.now();
  for (let count = 1; performance.now() - startedAt < 3_000; count += 1) {
    rig.become(count, container('a', 9000 + (count % 2)));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(rig.listings).toBeLessThan(25);
});

test('nothing is opened once it was closed', async () => {
  const rig = new Rig();
  rig.follower.start({ isNew: true });
  rig.follower.close();
  rig.become(1, container('a', 9000));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(rig.open.size).toBe(0);
  expect(rig.listings).toBe(0);
});
