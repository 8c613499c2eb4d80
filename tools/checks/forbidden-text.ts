import type { Check } from './outcome.ts';
import { repositoryTexts } from './repository-files.ts';

// Put together here, so that this file does not hold what it looks for.
const host = (...labels: string[]) => labels.join('.');
const folder = (...names: string[]) => `/${names.join('/')}`;

const FORBIDDEN: readonly { readonly what: string; readonly texts: readonly string[] }[] = [
  {
    what: 'the name of a mirror or registry, which is the business of the machine',
    texts: [
      host('deb', 'debian', 'org'),
      host('security', 'debian', 'org'),
      host('ftp', 'debian', 'org'),
      host('archive', 'ubuntu', 'com'),
      host('registry', 'npmjs', 'org'),
      host('registry', 'npmmirror', 'com'),
      host('registry', 'yarnpkg', 'com'),
      host('registry-1', 'docker', 'io'),
      host('index', 'docker', 'io'),
      host('mirrors', 'aliyun', 'com'),
      host('mirrors', 'tuna', 'tsinghua'),
      host('pypi', 'org'),
    ],
  },
  {
    what: 'a path of one machine',
    texts: [folder('work', 'main'), folder('work', 'shared'), folder('tmp', 'lab'), folder('root', 'berth')],
  },
];

/** No file names a mirror, a registry or a folder of the machine on which it was written. */
export const forbiddenText: Check = {
  name: 'forbidden text',
  run(root) {
    let seen = 0;
    const problems: string[] = [];
    for (const { path, text } of repositoryTexts(root)) {
      seen += 1;
      for (const { what, texts } of FORBIDDEN) {
        for (const each of texts) {
          const at = text.indexOf(each);
          if (at >= 0) problems.push(`${path}:${lineAt(text, at)}: holds ${each}, ${what}`);
        }
      }
    }
    return { seen, unit: 'files', problems };
  },
};

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
