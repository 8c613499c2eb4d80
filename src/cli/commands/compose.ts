import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { type CheckedElement, checkCompose, type ComposeOptions } from '../../compose/index.ts';
import { registry } from '../../errors/index.ts';
import { exists } from '../../host/index.ts';
import {
  allowMount,
  type JsonOptions,
  type QuietOptions,
  withExamples,
  withJson,
  withQuiet,
} from '../arguments/options.ts';
import { type ComposeText, type Project, requireProject } from '../arguments/project.ts';
import type { Cli } from '../cli.ts';
import { formatJson } from '../format/json.ts';
import { type Column, formatTable } from '../format/table.ts';
import { readInput } from '../terminal/read-input.ts';
import type { Style } from '../terminal/style.ts';

export function define(cli: Cli): Command {
  return new Command('compose').description('Compose files').addCommand(check(cli));
}

interface CheckOptions extends JsonOptions, QuietOptions {
  readonly allowMount?: readonly string[];
}

/** An element with the file in which it is, as the user would name it. */
interface Found extends CheckedElement {
  readonly file: string;
}

type Counts = Readonly<Record<Found['verdict'], number>>;

function check(cli: Cli): Command {
  const command = new Command('check')
    .description('Tell what becomes of each element of a Compose file; needs no daemon and starts nothing')
    .argument('[files...]', 'Compose files, - for standard input (default: found as docker compose does)')
    .option('--allow-mount <path>', 'take it that `up` is given this path, too; may be repeated', allowMount)
    .action((files: readonly string[], options: CheckOptions) => runCheck(cli, files, options));
  withQuiet(withJson(command), 'leave out what works');
  return withExamples(command, [
    'berth compose check',
    'berth compose check -q examples/shop/compose.yaml',
    'berth compose check - --json < compose.yaml',
  ]);
}

async function runCheck(cli: Cli, files: readonly string[], options: CheckOptions): Promise<void> {
  const named = files.length === 0 ? {} : { files };
  const project = await requireProject({ cwd: cli.cwd, env: cli.env, readInput, ...named });
  const texts = [{ path: project.path, text: project.text }, ...project.overrides];
  const settings = readingOptions(cli, project, options);
  const found = (await Promise.all(texts.map((text) => checkText(cli, text, settings)))).flat();
  const counts: Record<Found['verdict'], number> = { works: 0, differs: 0, refused: 0, invalid: 0 };
  for (const { verdict } of found) counts[verdict] += 1;
  if (counts.refused + counts.invalid > 0) cli.setExitCode(registry['compose-unsupported'].exitCode);
  const elements = options.quiet === true ? found.filter(({ verdict }) => verdict !== 'works') : found;
  if (options.json === true) return cli.out.line(formatJson({ counts, elements }));
  if (elements.length > 0)
    for (const line of formatTable(columns(cli.out.style), elements)) cli.out.line(line);
  cli.out.line(summary(counts));
}

/** As `up` would read them. */
function readingOptions(cli: Cli, project: Project, options: CheckOptions): ComposeOptions {
  const home = cli.env['HOME'];
  const mounts = (options.allowMount ?? []).map((path) => resolve(cli.cwd, path));
  const files = { directory: project.directory, mountable: [project.directory, ...mounts] };
  return {
    variables: project.variables,
    partial: project.overrides.length > 0,
    files: home?.startsWith('/') === true ? { ...files, home } : files,
  };
}

async function checkText(cli: Cli, { path, text }: ComposeText, options: ComposeOptions): Promise<Found[]> {
  const file = path === '-' ? '-' : shownPath(cli.cwd, path);
  const { elements, files } = checkCompose(text, options);
  const needed = files.filter(({ required }) => required);
  const there = await Promise.all(needed.map((reference) => exists(reference.path)));
  const missing = needed.filter((_, index) => there[index] === false);
  const wrong = new Set(missing.map(({ where }) => where));
  return [
    ...elements.filter((element) => !wrong.has(element.path)),
    ...missing.map(({ where, path: absent, line, column }) => ({
      ...{ path: where, verdict: 'invalid' as const, message: `there is no ${absent}` },
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    })),
  ]
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
    .map((element) => ({ file, ...element }));
}

function shownPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('..') ? path : near;
}

function columns(style: Style): Column<Found>[] {
  const paint = { works: style.green, differs: style.yellow, refused: style.red, invalid: style.red };
  const place = ({ file, line, column }: Found): string =>
    [file, line, column].filter((part) => part !== undefined).join(':');
  return [
    { title: 'PLACE', cell: place },
    {
      title: 'VERDICT',
      cell: ({ verdict }) => verdict,
      paint: (text, { verdict }) => paint[verdict](text),
    },
    { title: 'ELEMENT', cell: ({ path }) => path, paint: style.bold },
    { title: 'HOW OR WHY', cell: ({ message }) => message },
  ];
}

/** `12 elements: 9 work, 2 differ, 1 refused`. */
function summary({ works, differs, refused, invalid }: Counts): string {
  const all = works + differs + refused + invalid;
  const parts = [`${works} work`, `${differs} differ`, `${refused} refused`, `${invalid} invalid`];
  return `${all} elements: ${parts.filter((part) => !part.startsWith('0 ')).join(', ') || 'nothing is in it'}`;
}
