import { Command } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import { openApi } from '../../contract/index.ts';
import { withExamples } from '../arguments/options.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';

export function define(cli: Cli): Command {
  const command = new Command('api')
    .description('Print the OpenAPI 3.1 document of the REST API; needs no daemon')
    .action(() => cli.out.line(formatJson(openApi(packageJson.version))));
  return withExamples(command, ['berth api > openapi.json']);
}
