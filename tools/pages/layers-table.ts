import { browserModules, layers } from '../layers/table.ts';

const BEGIN = '<!-- printed by tools/print-layers.ts: begin -->';
const END = '<!-- printed by tools/print-layers.ts: end -->';
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

/** A page with what stands between its two markers replaced; unchanged markers are needed to find the place. */
export function withLayersTable(page: string, table: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) return `${BEGIN}\n${table}\n${END}\n`;
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`;
}
