/** The two remarks in a page between which `tool` prints. */
function markers(tool: string): { readonly begin: string; readonly end: string } {
  return { begin: `<!-- printed by ${tool}: begin -->`, end: `<!-- printed by ${tool}: end -->` };
}

/** A page with what stands between the two markers of a tool replaced; unchanged markers are needed to find the place. */
export function withPrinted(page: string, tool: string, text: string): string {
  const { begin, end } = markers(tool);
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return `${begin}\n${text}\n${end}\n`;
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
