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

test('hides build beside an image, ports of the host network, and the settings', () => {
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
      a: { image: 'x', 'x-berth-build': { context: '.' } },
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
