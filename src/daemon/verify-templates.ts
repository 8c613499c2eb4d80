import type { Context } from '../environments/index.ts';
import { asBerthError } from '../errors/index.ts';

/**
 * Compares every template with its hashes, one after the other, as the daemon starts: so that the first fork need not wait for it,
 * and damage is told before somebody needs the template.
 */
export function verifyTemplates(context: Context): AsyncDisposable {
  const ending = new AbortController();
  const done = verifyAll(context, ending.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await done;
    },
  };
}

async function verifyAll({ templates, events, log }: Context, signal: AbortSignal): Promise<void> {
  for (const template of await templates.list()) {
    if (template.diskOnly || signal.aborted) continue;
    try {
      await templates.verify(template, signal);
    } catch (error) {
      if (signal.aborted) return;
      const { message } = asBerthError(error);
      log.warn({ template: template.name, err: error }, 'a template is not what was saved');
      events.append('template.invalid', template.name, message);
    }
  }
}
