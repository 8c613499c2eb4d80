import type { ComposeOptions } from './compose-project.ts';
import { type Edit, healthCheckEdits } from './health-check-edits.ts';
import { ProblemList } from './problem-list.ts';
import { splitShortForm } from './ports.ts';
import { child, entriesOf, isText, itemsOf, type MapValue, textOf, type Value } from './value.ts';
import { readValues } from './value-reader.ts';
import { readYaml } from './yaml-source.ts';

/**
 * The text that Compose in the machine is given. Only these change, in place, so that comments, anchors and the layout stay:
 * - addresses of this host in `ports` go away, because the machine has others: its ports open on all of its addresses
 * - `ports` under `network_mode: host` become `x-berth-ports`, which Compose passes over
 * - health checks whose words Podman would split are quoted ({@link healthCheckEdits})
 * - `x-berth` becomes an empty remark
 *
 * `text` is a file in which {@link parseCompose} found no problem with the same variables.
 */
export function renderForGuest(text: string, options: ComposeOptions): string {
  const { root } = readYaml(text);
  if (root === undefined) return text;
  const { value } = readValues(root, options, new ProblemList());
  if (value === undefined) return text;
  const edits = [
    ...settingsEdits(value, text),
    ...entriesOf(child(value, 'services')).flatMap(({ value: service }) => serviceEdits(service)),
  ];
  return apply(text, edits);
}

function serviceEdits(service: Value): Edit[] {
  if (service.kind !== 'map') return [];
  const ports = textOf(service, 'network_mode') === 'host' ? renamed(service, 'ports') : portEdits(service);
  return [...ports, ...healthCheckEdits(service)];
}

function renamed(map: MapValue, key: string): Edit[] {
  const entry = map.entries.get(key);
  return entry === undefined ? [] : [{ ...entry.keyPlace, text: `x-berth-${key}` }];
}

function portEdits(service: MapValue): Edit[] {
  return itemsOf(child(service, 'ports')).flatMap((item): Edit[] => {
    if (item.kind === 'map') {
      const address = child(item, 'host_ip');
      return address === undefined ? [] : [{ ...address.place, text: '""' }];
    }
    const parts = isText(item) ? splitShortForm(item.text) : undefined;
    if (parts?.hostAddress === undefined) return [];
    const { published, target, protocol } = parts;
    return [
      {
        ...item.place,
        text: JSON.stringify(`${published === '' ? '' : `${published}:`}${target}/${protocol}`),
      },
    ];
  });
}

/** Takes the settings out unless something else refers to an anchor in them. */
function settingsEdits(root: Value, text: string): Edit[] {
  const entry = root.kind === 'map' ? root.entries.get('x-berth') : undefined;
  if (entry === undefined || entry.value.kind !== 'map' || !entry.own) return [];
  const { place } = entry.value;
  const source = text.slice(entry.keyPlace.end, place.end);
  if (source.includes('&') || place.start < entry.keyPlace.end) return [];
  return [{ ...place, text: source.endsWith('\n') ? '{}\n' : '{}' }];
}

/** Makes each edit once; an alias or a merge key may have led to the same place several times. */
function apply(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < done) continue;
    parts.push(text.slice(done, edit.start), edit.text);
    // A block scalar's place ends after its last line end.
    if (text.slice(edit.start, edit.end).endsWith('\n') && !edit.text.endsWith('\n')) parts.push('\n');
    done = edit.end;
  }
  return [...parts, text.slice(done)].join('');
}
