import { browserModules, layers } from '../layers/table.ts';
import { withPrinted } from './between-markers.ts';

const HEAD =
  '| rank | module | what it is for | may import | outside packages and doors |\n|---|---|---|---|---|';

/** The table of layers as Markdown. */
export function layersTable(): string {
  const rows = Object.entries(layers)
    .toSorted(([, a], [, b]) => a.rank - b.rank)
    .map(([name, { rank, purpose, modules, typesOf, packages, doors }]) => {
      const outside = [...packages, ...doors].map((each) => `\`${each}\``);
      const types = typesOf.length === 0 ? [] : [`types of ${typesOf.join(', ')}`];
      const imports = [...modules, ...types].join(', ') || '–';
      const none = browserModules.includes(name) ? 'none, no `node:*`' : '–';
      return `| ${rank} | \`${name}/\` | ${purpose} | ${imports} | ${outside.join(', ') || none} |`;
    });
  return [HEAD, ...rows].join('\n');
}

/** A page with the table replaced in it. */
export function withLayersTable(page: string, table: string): string {
  return withPrinted(page, 'tools/print-layers.ts', table);
}
