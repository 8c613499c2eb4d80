import type { Environment, EnvironmentStats, Operation } from '../../../src/model/index.ts';

/** An environment as the daemon would give it. */
export function environment(rest: Partial<Environment> = {}): Environment {
  return {
    id: 'env-000000000001' as Environment['id'],
    name: 'shop',
    state: 'running',
    image: 'img-0000000000000001' as Environment['image'],
    template: 'tpl-000000000001' as Environment['template'],
    shape: { vcpus: 1, memoryMib: 512, diskGib: 8 },
    address: '127.88.0.2',
    dockerSocket: '/run/berth/docker/shop.sock',
    ports: [
      {
        service: 'web',
        protocol: 'tcp',
        hostAddress: '127.88.0.2',
        hostPort: 8080,
        guestPort: 8080,
        containerPort: 80,
      },
      {
        service: 'dns',
        protocol: 'udp',
        hostAddress: '0.0.0.0',
        hostPort: 5353,
        guestPort: 5353,
        containerPort: 53,
      },
    ],
    services: [
      { name: 'web', container: 'shop-web-1', image: 'shop-web', state: 'running', health: 'healthy' },
    ],
    createdAt: '2026-01-01T00:00:00.000Z',
    ...rest,
  };
}

/** An operation that ended well. */
export function operation(rest: Partial<Operation> = {}): Operation {
  return {
    id: 'op-000000000001' as Operation['id'],
    kind: 'up',
    targets: ['shop'],
    state: 'succeeded',
    createdAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:01.500Z',
    steps: [
      {
        name: 'boot',
        title: 'boot the guest',
        startedAt: '2026-01-01T00:00:00.000Z',
        endedAt: '2026-01-01T00:00:01.000Z',
      },
    ],
    ...rest,
  };
}

export function stats(rest: Partial<EnvironmentStats> = {}): EnvironmentStats {
  const id = 'env-000000000001' as EnvironmentStats['id'];
  const MIB = 1024 ** 2;
  return {
    id,
    name: 'shop',
    pssBytes: 120 * MIB,
    ownBytes: 98 * MIB,
    sharedBytes: 200 * MIB,
    mergedBytes: 0,
    cpuPercent: 1.25,
    cpuMs: 90,
    diskBytes: 12 * MIB,
    ...rest,
  };
}
