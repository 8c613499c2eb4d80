import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { renderForGuest } from '../../../src/compose/index.ts';

const render = (text: string, variables: Record<string, string> = {}) => renderForGuest(text, { variables });

test('takes host addresses away and keeps everything else as it is', () => {
  const text = `# remark
services:
  web: # mine
    image: nginx
    ports:
      - &p "127.0.0.1:8080:80"   # local
      - "[::1]:53:53/udp"
      - 3000
      - "9000:9000"
      - target: 443
        published: 8443
        host_ip: 127.0.0.1
      - "\${BIND}:9001-9002:9001-9002"
      - 127.0.0.1::70
`;
  expect(render(text, { BIND: '10.0.0.1' })).toBe(`# remark
services:
  web: # mine
    image: nginx
    ports:
      - &p "8080:80/tcp"   # local
      - "53:53/udp"
      - 3000
      - "9000:9000"
      - target: 443
        published: 8443
        host_ip: ""
      - "9001-9002:9001-9002/tcp"
      - "70/tcp"
`);
});

test('a file without anything to change stays byte for byte', () => {
  const text = 'services:\r\n  a:\r\n    image: "x" # é\r\n    ports: [ "80:80" ]\r\n';
  expect(render(text)).toBe(text);
});

test('a shared list of ports is changed once', () => {
  const text = 'x-p: &p ["127.0.0.1::80"]\nservices: {a: {image: x, ports: *p}, b: {image: x, ports: *p}}\n';
  expect(render(text)).toBe(
    'x-p: &p ["80/tcp"]\nservices: {a: {image: x, ports: *p}, b: {image: x, ports: *p}}\n',
  );
});

test('hides ports of the host network, and the settings', () => {
  const text = `x-berth:
  cpus: 2
  images: [a.tar]
services:
  a: {image: x, build: {context: .}}
  b:
    image: x
    network_mode: host
    ports: ["127.0.0.1:80:80"]
`;
  expect(parseDocument(render(text)).toJS()).toEqual({
    'x-berth': {},
    services: {
      a: { image: 'x', build: { context: '.' } },
      b: { image: 'x', network_mode: 'host', 'x-berth-ports': ['127.0.0.1:80:80'] },
    },
  });
});

test('keeps settings that hold an anchor', () => {
  const text = 'x-berth: {image: &i debian-13}\nservices: {a: {image: *i}}\n';
  expect(render(text)).toBe(text);
});

test('a block scalar keeps its line end', () => {
  const text =
    'services:\n  a:\n    image: x\n    ports:\n      - |-\n        127.0.0.1:80:80\n      - "81:81"\n';
  expect(parseDocument(render(text)).toJS()).toEqual({
    services: { a: { image: 'x', ports: ['80:80/tcp', '81:81'] } },
  });
});

/** What Podman makes of a health check that comes by its Docker API. */
function asPodmanReadsIt(test: string[]): string[] {
  const line = test.join(' ');
  const [kind = '', ...rest] = line.split(' ');
  return kind === 'CMD-SHELL' ? [kind, rest.join(' ')] : line.split(/\s+/);
}

test.each([
  ['[CMD, sh, -c, "echo a; exit 1"]', ['CMD-SHELL', "sh -c 'echo a; exit 1'"]],
  [`["CMD", "sh", "-c", "echo it's $$HOME"]`, ['CMD-SHELL', String.raw`sh -c 'echo it'\''s $HOME'`]],
  ['[CMD, curl, -H, "Host: a", ""]', ['CMD-SHELL', "curl -H 'Host: a' ''"]],
  ['[CMD, curl, "http://localhost:80/?a=b&c"]', ['CMD', 'curl', 'http://localhost:80/?a=b&c']],
  ['[CMD-SHELL, "a b || c"]', ['CMD-SHELL', 'a b || c']],
])('a health check comes through Podman whole: %s', (check, expected) => {
  const text = `services:\n  a:\n    image: x\n    healthcheck: {test: ${check}, interval: 1s}\n`;
  const rendered = parseDocument(render(text)).toJS() as {
    services: { a: { healthcheck: { test: string[] } } };
  };
  const words = rendered.services.a.healthcheck.test.map((word) => word.replaceAll('$$', '$'));
  expect(asPodmanReadsIt(words)).toEqual(expected);
});

test('a health check written as lines keeps its form', () => {
  const text = `services:
  a:
    image: x
    healthcheck:
      test:
      - CMD
      - sh
      - -c
      - |
        test -f /ready &&
        echo "$$HOME"
      retries: 3
`;
  expect(render(text)).toBe(`services:
  a:
    image: x
    healthcheck:
      test:
      - "CMD-SHELL"
      - sh
      - -c
      - "'test -f /ready &&\\necho \\"$$HOME\\"\\n'"
      retries: 3
`);
});
