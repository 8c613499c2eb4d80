import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeTinyImage, TINY_IMAGE, workDirectory } from './tiny.ts';

/** Files of a project by their paths below its directory. */
export type ProjectFiles = Readonly<Record<string, string>>;

/** Writes files into a directory. */
export function writeFiles(directory: string, files: ProjectFiles): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** A project that needs its files in every way that Compose knows; gives its directory. The tiny image's archive lies in it. */
export async function projectWithFiles(name: string): Promise<string> {
  // A broken run may have left one in a home that is kept.
  rmSync(workDirectory(name), { recursive: true, force: true });
  const directory = workDirectory(name);
  await makeTinyImage(directory);
  writeFiles(directory, {
    'compose.yaml': COMPOSE,
    'compose.override.yaml': 'services:\n  web:\n    environment: { OVERRIDDEN: "yes" }\n',
    'common/base.yaml': BASE,
    'included/more.yaml': MORE,
    'included/page/index.html': 'included\n',
    'site/index.html': 'first\n',
    'site/old.html': 'old\n',
    'live/x.txt': 'x\n',
    'web.env': 'COLOUR=blue\n',
    '.env': 'SHADE=dark\n',
    'app/Dockerfile': `FROM ${TINY_IMAGE}\nCOPY page.html /www/built.html\nRUN echo ran >/www/ran.html\n`,
    'app/page.html': 'built\n',
    'secret.txt': 'hush\n',
    'data/in.txt': 'in\n',
    'node_modules/big.js': 'left out\n',
    '.berthignore': 'node_modules/\n',
  });
  return directory;
}

const COMPOSE = `
include: [included/more.yaml]
services:
  web:
    extends: { file: common/base.yaml, service: base }
    ports: ["8080:80"]
    volumes: ["./site:/www", "./data:/data"]
    env_file: web.env
    environment: { SHADE: "\${SHADE}" }
    secrets: [hush]
    configs: [{ source: page, target: /page.txt }]
    develop:
      watch: [{ path: ./live, action: sync+exec, target: /tmp/live, exec: { command: [touch, /tmp/reloaded] } }]
  built:
    build: ./app
    ports: ["8081:80"]
secrets: { hush: { file: ./secret.txt } }
configs: { page: { file: ./site/index.html } }
x-berth:
  images: [tiny.tar]
`;

const BASE = `
services:
  base:
    image: ${TINY_IMAGE}
    pull_policy: never
    labels: { base: "yes" }
`;

const MORE = `
services:
  included:
    image: ${TINY_IMAGE}
    pull_policy: never
    ports: ["127.0.0.1:8082:80"]
    volumes: ["./page:/www:ro"]
`;
