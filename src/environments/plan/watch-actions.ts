import type { WatchRule } from '../../compose/index.ts';
import { type FileEntry, ignoreRules } from '../../files/index.ts';
import { isWithin } from '../../model/index.ts';

/** What is to be done in one service because files have changed, in the order of its fields. */
export interface ServiceActions {
  readonly service: string;
  /** Build its image anew and make its containers anew; everything else is then of no use. */
  readonly rebuild: boolean;
  readonly copies: readonly CopyAction[];
  /** Absolute paths in the container that go away. */
  readonly removals: readonly string[];
  readonly restart: boolean;
  /** Commands to run in the container. */
  readonly commands: readonly (readonly string[])[];
}

/** Files of one rule that go into a container. */
export interface CopyAction {
  /** Absolute directory in the machine. */
  readonly from: string;
  /** Paths below it. */
  readonly names: readonly string[];
  /** Absolute directory in the container. With `as`, the only file gets that name in it. */
  readonly to: string;
  readonly as?: string;
}

/** Works out what `develop.watch` asks for after changes; nothing for services whose rules no change matches. */
export function planWatchActions(
  rules: readonly WatchRule[],
  changed: readonly FileEntry[],
  removed: readonly string[],
): ServiceActions[] {
  const files = changed.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
  const services = [...new Set(rules.map(({ service }) => service))];
  return services.flatMap((service) => {
    const matched = rules
      .filter((rule) => rule.service === service)
      .map((rule) => ({ rule, files: matching(rule, files), removed: matching(rule, removed) }))
      .filter((match) => match.files.length + match.removed.length > 0);
    if (matched.length === 0) return [];
    const copying = matched.filter(({ rule }) => rule.action.startsWith('sync'));
    return [
      {
        service,
        rebuild: matched.some(({ rule }) => rule.action === 'rebuild'),
        copies: copying.flatMap(({ rule, files: found }) => copyOf(rule, found)),
        removals: copying.flatMap(({ rule, removed: gone }) => gone.flatMap((path) => targetOf(rule, path))),
        restart: matched.some(({ rule }) => rule.action === 'restart' || rule.action === 'sync+restart'),
        commands: copying.flatMap(({ rule }) => (rule.exec === undefined ? [] : [rule.exec])),
      },
    ];
  });
}

function matching(rule: WatchRule, paths: readonly string[]): string[] {
  const ignores = ignoreRules(rule.ignore.join('\n'));
  const includes = rule.include.length === 0 ? undefined : ignoreRules(rule.include.join('\n'));
  return paths.filter((path) => {
    if (!isWithin(path, rule.path)) return false;
    if (path === rule.path) return true;
    const below = path.slice(rule.path.length + 1);
    return !ignores(below, false) && (includes === undefined || includes(below, false));
  });
}

function copyOf({ path: root, target }: WatchRule, files: readonly string[]): CopyAction[] {
  if (target === undefined || files.length === 0) return [];
  if (files.includes(root)) {
    // The rule names one file. A target with a slash at its end is the directory that it goes to.
    const name = nameOf(root);
    const to = target.endsWith('/') ? target : parentOf(target);
    return [
      {
        from: parentOf(root),
        names: [name],
        to: clean(to),
        as: target.endsWith('/') ? name : nameOf(target),
      },
    ];
  }
  return [{ from: root, names: files.map((path) => path.slice(root.length + 1)), to: clean(target) }];
}

function targetOf({ path: root, target }: WatchRule, path: string): string[] {
  if (target === undefined) return [];
  if (path !== root) return [`${clean(target)}/${path.slice(root.length + 1)}`];
  return [target.endsWith('/') ? `${clean(target)}/${nameOf(root)}` : target];
}

function clean(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
