import type {
  Environment,
  EnvironmentId,
  ImageId,
  Operation,
  OperationId,
  TemplateId,
} from '../../../src/model/index.ts';
import type { Services } from '../../../src/server/index.ts';

/** Services of which a test gives the methods it needs; any other one throws. */
export function fakeServices(
  parts: { readonly [Name in keyof Services]?: Partial<Services[Name]> },
): Services {
  const service = <Name extends keyof Services>(name: Name): Services[Name] =>
    new Proxy({ ...parts[name] } as Services[Name], {
      get(target, method) {
        const found: unknown = Reflect.get(target, method);
        if (found === undefined) throw new Error(`the test gave no ${name}.${String(method)}`);
        return found;
      },
    });
  return {
    environments: service('environments'),
    templates: service('templates'),
    volumes: service('volumes'),
    images: service('images'),
    cache: service('cache'),
    operations: service('operations'),
    events: service('events'),
    host: service('host'),
    capacity: service('capacity'),
    doctor: service('doctor'),
    daemon: service('daemon'),
  };
}

export function anOperation(change: Partial<Operation> = {}): Operation {
  return {
    id: 'op-0123456789ab' as OperationId,
    kind: 'up',
    targets: ['shop'],
    state: 'running',
    createdAt: '2026-01-01T00:00:00.000Z',
    steps: [],
    ...change,
  };
}

export function anEnvironment(name: string): Environment {
  return {
    id: 'env-0123456789ab' as EnvironmentId,
    name,
    state: 'running',
    image: 'img-0123456789abcdef' as ImageId,
    template: 'tpl-0123456789ab' as TemplateId,
    shape: { vcpus: 1, memoryMib: 512, diskGib: 8 },
    address: '127.88.0.1',
    dockerSocket: '/run/berth/docker/shop.sock',
    ports: [],
    services: [],
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}
