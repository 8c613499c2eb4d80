import { join } from 'node:path';
import { Repositories } from '../../backups/index.ts';
import { ScratchPlace } from './scratch.ts';

/** What this installation has for backups: `backups/` below its home. */
export class BackupPlace {
  readonly repositories: Repositories;
  readonly scratch: ScratchPlace;

  constructor(home: string) {
    const directory = join(home, 'backups');
    this.repositories = new Repositories({ home, directory });
    this.scratch = new ScratchPlace(join(directory, 'scratch'));
  }

  /** Removes what interrupted work left. Only to be called while none is under way. */
  async clean(): Promise<void> {
    await this.scratch.clean();
    await this.repositories.clean();
  }
}
