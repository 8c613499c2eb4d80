import { expect, test } from 'vitest';
import { mountRequestOf, mountsOf } from '../../../src/endpoint/mounts.ts';
import { Rig } from './rig.ts';

const paths = (kind: 'container' | 'volume', body: unknown) => mountsOf(kind, body).map(({ path }) => path);

test.each([
  ['POST', '/containers/create', 'container'],
  ['POST', '/v1.50/containers/create?name=x', 'container'],
  ['POST', '/v5.4.2/libpod/containers/create', 'container'],
  ['POST', '/v1.41//containers/./create', 'container'],
  ['POST', '/volumes/create', 'volume'],
  ['GET', '/containers/create', undefined],
  ['POST', '/containers/create/start', undefined],
  ['POST', '/v1.41/containers/x/start', undefined],
  ['POST', undefined, undefined],
])('%s %s is %s', (method, url, kind) => {
  expect(mountRequestOf(method, url)).toBe(kind);
});

test('binds: paths are told from names of volumes, and are made clean', () => {
  const Binds = ['/etc:/x', 'data:/data', '/a/../etc/:/x:ro', '/', '/:/host', '~/x:/y', './x:/y', '/one', 7];
  expect(paths('container', { HostConfig: { Binds } })).toEqual(['/etc', '/etc', '/', '~/x', './x']);
});

test('mounts: binds and volumes that are binds in disguise, in the forms of Docker and Podman', () => {
  const options = { type: 'none', o: 'rw,bind', device: '/srv' };
  const Mounts = [
    { Type: 'bind', Source: '/etc', Target: '/x' },
    { Type: 'bind', Source: '/b', Target: '/x', BindOptions: { CreateMountpoint: true } },
    { Type: 'volume', Source: 'v', Target: '/x' },
    { Type: 'volume', VolumeOptions: { DriverConfig: { Options: options } } },
    { Type: 'tmpfs', Target: '/x' },
  ];
  const mounts = [{ type: 'bind', source: '/podman', destination: '/x' }];
  expect(mountsOf('container', { HostConfig: { Mounts }, mounts })).toEqual([
    { path: '/etc', field: 'HostConfig.Mounts[0]', isMadeWhenMissing: false },
    { path: '/b', field: 'HostConfig.Mounts[1]', isMadeWhenMissing: true },
    {
      path: '/srv',
      field: 'HostConfig.Mounts[3].VolumeOptions.DriverConfig.Options.device',
      isMadeWhenMissing: false,
    },
    { path: '/podman', field: 'mounts[0]', isMadeWhenMissing: false },
  ]);
});

test('volumes: devices that are paths', () => {
  expect(paths('volume', { DriverOpts: { type: 'none', o: 'bind', device: '/srv' } })).toEqual(['/srv']);
  expect(paths('volume', { Options: { o: 'rbind', device: '/srv' } })).toEqual(['/srv']);
  expect(paths('volume', { DriverOpts: { type: 'tmpfs', device: 'tmpfs' } })).toEqual([]);
  expect(paths('volume', { DriverOpts: { type: 'nfs', o: 'addr=192.0.2.1', device: ':/export' } })).toEqual(
    [],
  );
});

test.each([
  undefined,
  null,
  'text',
  7,
  [],
  { HostConfig: null },
  { HostConfig: { Binds: {}, Mounts: [null, []] } },
])('a body of another form has no mounts: %j', (body) => {
  expect(paths('container', body)).toEqual([]);
  expect(paths('volume', body)).toEqual([]);
});

test('a refused mount never reaches the engine; all of them are told', async () => {
  const bodies: string[] = [];
  await using rig = await Rig.start({
    onRequest: (incoming, answer) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      incoming.on('end', () => {
        bodies.push(text);
        answer.writeHead(201).end('{"Id":"1"}');
      });
    },
  });
  const create = (HostConfig: object) =>
    rig.call('POST', '/v1.50/containers/create', JSON.stringify({ Image: 'x', HostConfig }));
  const refused = await create({
    Binds: ['/etc:/x', 'data:/data'],
    Mounts: [{ Type: 'bind', Source: '/etc' }],
  });
  expect(refused.status).toBe(400);
  expect((JSON.parse(refused.body) as { message: string }).message).toContain(
    'HostConfig.Binds[0]: "/etc" is a path of the host; HostConfig.Mounts[0]: "/etc" is a path of the host.',
  );
  expect(bodies).toEqual([]);
  expect(await create({ Binds: ['data:/data'] })).toMatchObject({ status: 201 });
  expect(bodies).toEqual(['{"Image":"x","HostConfig":{"Binds":["data:/data"]}}']);
});

test('descriptions that are too large or no JSON are refused', async () => {
  await using rig = await Rig.start({ onRequest: (_incoming, answer) => void answer.end() });
  expect(await rig.call('POST', '/containers/create', 'no json')).toMatchObject({ status: 400 });
  expect(await rig.call('POST', '/containers/create', '{"a":'.repeat(100_000))).toMatchObject({
    status: 400,
  });
  const large = rig
    .raw()
    .send('POST /containers/create HTTP/1.1', 'Host: x', 'Content-Length: 99999999999', '', '');
  const chunk = 'x'.repeat(1024 * 1024);
  for (let count = 0; count < 6; count += 1) large.socket.write(chunk);
  await large.ended;
  expect(large.heard).toMatch(/^HTTP\/1\.1 413 /);
  expect(rig.accepted).toBe(0);
});
