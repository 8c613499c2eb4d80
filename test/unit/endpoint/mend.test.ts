import { expect, test } from 'vitest';
import { Rig } from './rig.ts';

/** What a client is told when the engine says these chunks. */
async function told(path: string, ...chunks: readonly string[]): Promise<string> {
  await using rig = await Rig.start({
    onRequest: (_incoming, answer) => {
      answer.setHeader('Content-Length', Buffer.byteLength(chunks.join('')));
      for (const chunk of chunks) answer.write(chunk);
      answer.end();
    },
  });
  return (await rig.call('GET', path)).body;
}

test('a port published on every address says so, others stay as they are', async () => {
  const ports = [
    '{"PrivatePort":80,"PublicPort":8080,"Type":"tcp"}',
    '{"IP":"127.0.0.1","PrivatePort":81,"PublicPort":8081,"Type":"udp"}',
    '{"PrivatePort":82,"Type":"tcp"}',
  ];
  const list = `[{"Id":"é","Ports":[${ports.join(',')}],"Labels":{"a":"{\\"PrivatePort\\":1}"}}]\n`;
  expect(await told('/v1.41/containers/json?all=1', list)).toBe(
    list.replace(ports[0] ?? '', '{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}'),
  );
});

test('names in statistics begin with a slash; large numbers are kept; lines may come in parts', async () => {
  const limit = '"limit":18446744073709551615';
  const parts = ['{"read":"x","na', `me":"one",${limit}}\n{"name":"/two"}\n{"name":`, '"three"}'];
  expect(await told('/containers/one/stats', ...parts)).toBe(
    `{"read":"x","name":"/one",${limit}}\n{"name":"/two"}\n{"name":"/three"}`,
  );
});

test('events up to a moment that has passed are read to their end, without those that came later', async () => {
  const asked: string[] = [];
  await using rig = await Rig.start({
    onRequest: ({ url }, answer) => {
      asked.push(url ?? '');
      answer.end('{"timeNano":1700000000500000000}\n{"timeNano":1700000000500000001}\n');
    },
  });
  const past = await rig.call('GET', '/v1.41/events?since=1&until=1700000000.5&filters=%7B%7D');
  expect(past.body).toBe('{"timeNano":1700000000500000000}\n');
  const later = '/v1.41/events?until=99999999999';
  expect((await rig.call('GET', later)).body.split('\n')).toHaveLength(3);
  expect(asked).toEqual(['/v1.41/events?since=1&filters=%7B%7D&stream=false', later]);
});

test('all else stays as it is', async () => {
  const text = '{"name":"one","Ports":[{"PrivatePort":80,"PublicPort":8080}]}\n';
  expect(await told('/containers/one/json', text)).toBe(text);
  expect(await told('/v5.0.0/libpod/containers/json', text)).toBe(text);
});
