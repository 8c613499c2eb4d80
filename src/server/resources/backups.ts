import type { HandlersOf } from '../call.ts';
import type { BackupService } from '../services.ts';

export function backupHandlers(
  backups: BackupService,
): HandlersOf<'backups'> & HandlersOf<'backup-repositories'> {
  return {
    'backup-repositories.list': () => backups.repositories(),
    'backup-repositories.add': ({ body, signal }) => backups.addRepository(body, signal),
    'backup-repositories.remove': async ({ params }) => {
      await backups.removeRepository(params.name);
      return undefined;
    },
    'backups.list': ({ query, signal }) => backups.list(query, signal),
    'backups.create': ({ body, start }) => backups.create(body, start),
    'backups.verify': ({ params, body, start }) => backups.verify(params.ref, body, start),
    'backups.restore': ({ params, body, start }) => backups.restore(params.ref, body, start),
    'backups.prune': ({ body, start }) => backups.prune(body, start),
    'backups.remove': async ({ params, query, signal }) => {
      await backups.remove(params.ref, query.repository, signal);
      return undefined;
    },
  };
}
