import { expect, test } from 'vitest';
import { imageIdOf, parsePackages } from '../../../src/images/image-manifest.ts';

test('the id comes from recipe and package versions, not from their order', () => {
  const id = imageIdOf('abc', { systemd: '257', podman: '5.4' });
  expect(id).toMatch(/^img-[0-9a-f]{16}$/);
  expect(imageIdOf('abc', { podman: '5.4', systemd: '257' })).toBe(id);
  expect(imageIdOf('abc', { podman: '5.5', systemd: '257' })).not.toBe(id);
  expect(imageIdOf('abd', { podman: '5.4', systemd: '257' })).not.toBe(id);
});

test('installed packages are read from the status file of dpkg', () => {
  const status = `Package: podman
Status: install ok installed
Architecture: amd64
Version: 5.4.2+ds1-2
Description: engine
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1.0
`;
  expect(parsePackages(status)).toEqual({ podman: '5.4.2+ds1-2' });
});
