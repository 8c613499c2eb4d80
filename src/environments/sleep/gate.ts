import { type Gate, matchAddresses } from '../../ingress/index.ts';
import type { EnvironmentId, IdlePolicy } from '../../model/index.ts';
import type { Sleepers } from './sleepers.ts';

/** The gate before the ports of one environment. Its policy may change with each `up`. */
export function gateOf(
  sleepers: Pick<Sleepers, 'isAwake' | 'wake' | 'touch'>,
  id: EnvironmentId,
  policyNow: () => IdlePolicy | undefined,
): Gate {
  let known: { readonly policy: IdlePolicy; readonly ignores: (source: string) => boolean } | undefined;
  const ignores = (policy: IdlePolicy | undefined, source: string): boolean => {
    if (policy === undefined || policy.ignore.length === 0) return false;
    if (known?.policy !== policy) known = { policy, ignores: matchAddresses(policy.ignore) };
    return known.ignores(source);
  };
  const wakeFor = async (source: string): Promise<true> => {
    await sleepers.wake(id, `a connection from ${source}`);
    return true;
  };
  return {
    pass: (source, knock) => {
      const policy = policyNow();
      const isIgnored = ignores(policy, source);
      const isAwake = sleepers.isAwake(id);
      if (isIgnored) return isAwake ? undefined : Promise.resolve(false);
      // A bare connection means nothing where the client has to speak first.
      if (policy?.wake !== 'data') sleepers.touch(id);
      if (isAwake) return undefined;
      return policy?.wake === 'data'
        ? knock().then((hasSpoken) => hasSpoken && wakeFor(source))
        : wakeFor(source);
    },
    touch: (source) => {
      if (ignores(policyNow(), source)) return;
      sleepers.touch(id);
      // What was sent waits in front of the machine; a wake that fails is told as an event.
      if (!sleepers.isAwake(id)) wakeFor(source).catch(() => undefined);
    },
  };
}
