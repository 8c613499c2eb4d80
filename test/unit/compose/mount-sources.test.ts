import { expect, test } from 'vitest';
import { mountRefusal } from '../../../src/compose/index.ts';

const PROJECT = '/home/a/shop';

test.each([PROJECT, `${PROJECT}/html`, `${PROJECT}/html/`, `${PROJECT}/x/../y`, '/data/in'])(
  '%s may be mounted: the machine has it of the host',
  (path) => expect(mountRefusal(path, [PROJECT, '/data'])).toBeUndefined(),
);

test.each(['/etc/localtime', '/proc', '/tmp/x', '/var/run/docker.sock', '/'])(
  "%s may be mounted: it is the machine's own",
  (path) => expect(mountRefusal(path, [])).toBeUndefined(),
);

test('a path outside is refused with the flag that allows it', () => {
  expect(mountRefusal('/data/in', [PROJECT])).toMatch(/only \/home\/a\/shop: .*--allow-mount \/data\/in/);
  expect(mountRefusal(`${PROJECT}/../other`, [PROJECT])).toContain('--allow-mount /home/a/other');
  expect(mountRefusal(`${PROJECT}x`, [PROJECT])).toContain('--allow-mount');
  expect(mountRefusal('/data', [])).toContain('has no files of this host');
});

test('a path where the machine has its own system is refused, and no flag is named that would be refused too', () => {
  const refusal = mountRefusal('/etc/nginx', [PROJECT]);
  expect(refusal).toContain('keep such files elsewhere');
  expect(refusal).not.toContain('--allow-mount');
});
