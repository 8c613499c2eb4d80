import { Command } from 'commander';
import { withExamples } from '../arguments/options.ts';

/** Only the help: `berth serve` itself is started by `src/main.ts`, before the command line is. */
export function define(): Command {
  const command = new Command('serve').description(
    'Run the daemon in the foreground; commands start it by themselves',
  );
  return withExamples(command, ['sudo berth serve', 'sudo BERTH_HOME=/srv/berth berth serve']);
}
