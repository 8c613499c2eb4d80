import { join } from 'node:path';
import { readJson } from '../../host/index.ts';
import type { ScrubReport } from '../../model/index.ts';
import { type Check, fine, problem } from '../check.ts';

/** The daemon does it each day. */
const OLD_MS = 3 * 86_400_000;

/** What the daemon found when it last compared all that is saved with its hashes. */
export const checkScrub: Check = async ({ home }) => {
  const report = await readJson<ScrubReport>(join(home, 'scrub.json')).catch(() => undefined);
  if (report === undefined) return [];
  const { damaged, endedAt } = report;
  if (damaged.length > 0)
    return damaged.map(({ kind, name, message, remedy }) =>
      problem('saved', 'error', `${kind} ${name} is damaged: ${message}`, remedy),
    );
  if (Date.now() - Date.parse(endedAt) > OLD_MS)
    return [
      problem(
        'saved',
        'warning',
        `what is saved was last compared with its hashes at ${endedAt}`,
        'run sudo ./berth scrub --now',
      ),
    ];
  return [fine('saved', `templates, images and saved states are what was saved, as of ${endedAt}`)];
};
