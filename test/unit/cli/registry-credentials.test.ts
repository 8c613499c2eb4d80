import { expect, test } from 'vitest';
import { parseDockerConfiguration } from '../../../src/cli/credentials/docker-configuration.ts';
import { findCredentials } from '../../../src/cli/credentials/registry-credentials.ts';

const basic = (text: string) => Buffer.from(text).toString('base64');

function configurationOf(value: object) {
  const configuration = parseDockerConfiguration(JSON.stringify(value), '/home/ann/.docker/config.json');
  if (configuration === undefined) throw new Error('no credentials');
  return configuration;
}

const noHelper = async () => {
  throw new Error('no helper is to be asked');
};

test('finds what docker login has left, under each name that it gives a registry, and nothing else', async () => {
  const configuration = configurationOf({
    auths: {
      [`https://index.${'docker.io'}/v1/`]: { auth: basic('ann:hub:with:colons') },
      'https://ghcr.io': { identitytoken: 'token' },
      'localhost:5000': { username: 'bob', password: 'x' },
      'elsewhere.example.com': { auth: basic('eve:y') },
    },
  });
  const registries = ['docker.io', 'ghcr.io', 'localhost:5000', 'quay.io'];
  expect(await findCredentials(configuration, registries, noHelper)).toEqual({
    credentials: [
      { registry: 'docker.io', username: 'ann', password: 'hub:with:colons' },
      { registry: 'ghcr.io', identityToken: 'token' },
      { registry: 'localhost:5000', username: 'bob', password: 'x' },
    ],
    notes: [],
  });
});

test('asks the helper of a registry, then the store of all', async () => {
  const configuration = configurationOf({
    credHelpers: { 'ghcr.io': 'gh' },
    credsStore: 'all',
    auths: { 'quay.io': {} },
  });
  const asked: string[] = [];
  const ask = async (helper: string, server: string) => {
    asked.push(`${helper} ${server}`);
    if (helper === 'gh') return JSON.stringify({ Username: '<token>', Secret: 'refresh' });
    return server === 'https://quay.io' ? JSON.stringify({ Username: 'ann', Secret: 'x' }) : undefined;
  };
  const { credentials } = await findCredentials(configuration, ['ghcr.io', 'quay.io'], ask);
  expect(credentials).toEqual([
    { registry: 'ghcr.io', identityToken: 'refresh' },
    { registry: 'quay.io', username: 'ann', password: 'x' },
  ]);
  expect(asked).toEqual(['gh ghcr.io', 'all quay.io', 'all https://quay.io']);
});

test('a helper that fails is told, and costs the others nothing', async () => {
  const configuration = configurationOf({
    credHelpers: { 'ghcr.io': 'gh' },
    auths: { 'quay.io': { auth: basic('a:b') } },
  });
  const found = await findCredentials(configuration, ['ghcr.io', 'quay.io'], noHelper);
  expect(found.credentials).toEqual([{ registry: 'quay.io', username: 'a', password: 'b' }]);
  expect(found.notes).toEqual([
    'the credentials for ghcr.io cannot be read (/home/ann/.docker/config.json): no helper is to be asked',
  ]);
});

test('a configuration without credentials is none', () => {
  for (const text of ['{}', '[]', '{"auths":{}}', '{"auths":3,"credsStore":""}'])
    expect(parseDockerConfiguration(text, 'x')).toBeUndefined();
});
