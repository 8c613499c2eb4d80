import type { HandlersOf } from '../call.ts';
import type { EnvironmentService, TerminalOptions } from '../services.ts';

export function environmentHandlers(
  environments: EnvironmentService,
): HandlersOf<'environments' | 'forks' | 'stats'> {
  return {
    'environments.list': () => environments.list(),
    'environments.get': ({ params }) => environments.get(params.name),
    'environments.up': ({ body, start }) => environments.up(body, start),
    'environments.remove': ({ params, query, start }) => environments.remove(params.name, query, start),
    'environments.start': ({ params, body, start }) => environments.start(params.name, body, start),
    'environments.stop': ({ params, body, start }) => environments.stop(params.name, body, start),
    'environments.restart': ({ params, body, start }) => environments.restart(params.name, body, start),
    'environments.sleep': ({ params, body, start }) => environments.sleep(params.name, body, start),
    'environments.wake': ({ params, start }) => environments.wake(params.name, start),
    'environments.scale': ({ params, body, start }) => environments.scale(params.name, body, start),
    'environments.resize': ({ params, body, start }) => environments.resize(params.name, body, start),
    'environments.trim': ({ params, start }) => environments.trim(params.name, start),
    'forks.create': ({ body, start }) => environments.fork(body, start),
    'environments.stats': ({ params }) => environments.stats(params.name),
    'stats.list': () => environments.allStats(),
    'environments.services': ({ params, signal }) => environments.services(params.name, signal),
    'environments.logs': ({ params, query, signal }) =>
      environments.logs(params.name, { follow: false, timestamps: false, ...query, signal }),
    'environments.console': ({ params, query }) => environments.console(params.name, query.tail),
    'environments.exec': ({ params, query, signal }) => {
      const options = { ...terminalOf(query), service: query.service, argv: query.cmd };
      return environments.exec(params.name, options, signal);
    },
    'environments.files': ({ params, query, signal }) =>
      environments.files(params.name, { actions: false, ...query }, signal),
    'environments.shell': ({ params, query, signal }) => {
      const options = { ...terminalOf(query), ...(query.cmd === undefined ? {} : { argv: query.cmd }) };
      return environments.shell(params.name, options, signal);
    },
  };
}

function terminalOf(query: Partial<TerminalOptions>): TerminalOptions {
  return { tty: query.tty ?? false, rows: query.rows ?? 24, columns: query.columns ?? 80 };
}
