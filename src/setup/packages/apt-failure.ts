import { BerthError, berthError } from '../../errors/index.ts';

const CAUSES: readonly { pattern: RegExp; message: string; remedy: string }[] = [
  {
    pattern: /Could not get lock|Unable to acquire the dpkg/,
    message: 'another program is installing packages and did not end in time',
    remedy:
      'wait until it has ended (sudo lsof /var/lib/dpkg/lock-frontend names it), then run sudo ./berth host setup',
  },
  {
    pattern: /dpkg was interrupted/,
    message: 'an earlier installation was interrupted',
    remedy: 'run sudo dpkg --configure -a, then sudo ./berth host setup',
  },
  {
    pattern:
      /Temporary failure resolving|Could not resolve|Could not connect|Connection timed out|Network is unreachable|Connection refused|Connection failed/,
    message: 'the Debian mirror cannot be reached',
    remedy:
      'check the network, or set BERTH_DEBIAN_MIRROR to a mirror that can be reached, then run sudo ./berth host setup',
  },
  {
    pattern: /No space left on device|You don't have enough free space/,
    message: 'there is not enough disk space for the packages',
    remedy: 'free some space (df -h / /var), then run sudo ./berth host setup',
  },
  {
    pattern:
      /does not have a Release file|Failed to fetch .* 40[034] |Unable to locate package|has no installation candidate/,
    message: 'the Debian mirror does not have what is needed',
    remedy: 'set BERTH_DEBIAN_MIRROR to a full Debian mirror, then run sudo ./berth host setup',
  },
  {
    pattern: /NO_PUBKEY|is not signed|EXPKEYSIG|BADSIG/,
    message: 'the Debian mirror’s signature cannot be verified',
    remedy: 'check the host’s clock and the package debian-archive-keyring, then run sudo ./berth host setup',
  },
];

/** What apt said, as an error with its cause and what to do; an abort stays what it is. */
export function aptFailure(error: unknown, output: string): BerthError {
  if (error instanceof BerthError && error.code === 'cancelled') return error;
  const found = CAUSES.find(({ pattern }) => pattern.test(output));
  const complaints = output.split('\n').filter((line) => /^(E:|W:|Err:|dpkg: error)/.test(line));
  const said = complaints.slice(-3).join('; ');
  const missing =
    error instanceof BerthError && error.code === 'tool-missing' ? 'apt-get is not installed' : undefined;
  const message = missing ?? found?.message ?? (error instanceof Error ? error.message : String(error));
  return berthError('host-setup-failed', said === '' ? message : `${message}: ${said}`, {
    cause: error,
    ...(found === undefined ? {} : { remedy: found.remedy }),
  });
}
