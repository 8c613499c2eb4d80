import { isText, textOf, type Value } from '../value.ts';
import { differs, like, ofKind, refused, refusedByReader, rowsBelow, works } from './row.ts';

const FILE = 'a file of the project';
const OUTSIDE = 'asks for something that only Swarm has';
const NO_STORE = 'no effect, as in Compose without Swarm';
const ofType =
  (type: string, also: (value: Value) => boolean = () => true) =>
  (value: Value) =>
    value.kind === 'map' && textOf(value, 'type') === type && also(value);
const isOwnPath = (value: Value) =>
  isText(value) && /^\/(etc\/localtime|dev|proc|sys|run|tmp)\b/.test(value.text);

/** What containers keep, and what they are given to read. */
export const storageRows = [
  ...rowsBelow('services.*', {
    'volumes[] NAME:PATH': works(
      '"data:/data"',
      'on the disk of the machine; a fork has its own from the moment of the fork',
      like(/^[A-Za-z0-9][\w.-]+:\//),
    ),
    'volumes[] PATH': works('/data', 'without a name: gone with its container', like(/^\/[^:]*$/)),
    'volumes[] :ro': works('"data:/data:ro"', '', like(/:ro$/)),
    'volumes[] PATH OF THE PROJECT:PATH': works(
      '"./data:/data"',
      'the machine has a copy at the same path; what containers write stays there',
      like(/^\.{0,2}\//),
    ),
    'volumes[] path outside of the project': refusedByReader(
      '"/srv/other:/data"',
      'the machine does not have it, unless `--allow-mount` names it',
      like(/^([~.]|\/[^:]*:)/),
    ),
    'volumes[] path of the machine': differs(
      '"/etc/localtime:/etc/localtime:ro"',
      "`/dev`, `/proc`, `/sys`, `/run`, `/tmp`, `/etc/localtime` and the like are the machine's own",
      isOwnPath,
    ),
    'volumes[] type: volume': works('{type: volume, source: data, target: /data}', '', ofType('volume')),
    'volumes[] type: tmpfs': works('{type: tmpfs, target: /scratch}', '', ofType('tmpfs')),
    'volumes[] type: bind': works(
      '{type: bind, source: ./data, target: /data}',
      'the machine has a copy of the project at the same path',
      ofType('bind'),
    ),
    'volumes[].bind.create_host_path': works(
      'false',
      'a source that is not there is told before anything starts',
    ),
    'volumes[].bind.propagation': works('rprivate', 'in the machine'),
    'volumes[].bind.selinux': differs('z', 'no effect: the machine has no SELinux'),
    'volumes[].read_only': works('true'),
    'volumes[].volume.nocopy': differs('true', "no effect: a new volume begins with the image's files"),
    'volumes[].volume.subpath': refused('sub', 'is not known to the Compose version in the machine'),
    'volumes[].tmpfs.size': works('2m'),
    'volumes[].tmpfs.mode': works('448'),
    volumes_from: works('[other]'),
    tmpfs: works('["/run:size=1m"]'),
    'configs short form': works('[settings]', 'at `/NAME`', ofKind('list')),
    'configs[].target': works('/etc/settings'),
    'configs[].mode': works('256'),
    'secrets short form': works('[token]', 'at `/run/secrets/NAME`', ofKind('list')),
    'secrets[].target': works('other'),
    'secrets[].uid': differs('"1000"', "no effect: root's"),
    'secrets[].gid': differs('"1000"', "no effect: root's"),
    'secrets[].mode': works('288'),
    use_api_socket: refused(
      'true',
      'is not known to the Compose version in the machine: mount /run/podman/podman.sock',
    ),
  }),
  ...rowsBelow('volumes.*', {
    'driver = local': works('local'),
    'driver another': refused(
      'rclone',
      'is not in the machine, which has "local" only',
      like(/^(?!(local)?$)/),
    ),
    driver_opts: works(
      '{type: tmpfs, device: tmpfs, o: "size=3m"}',
      'what the machine can mount; no paths of this host',
    ),
    labels: works('{a: b}'),
    name: works('data-of-shop', 'its name in the machine'),
    external: differs(
      'true',
      'it must be in the machine already, made through its Docker endpoint or by `berth shell`',
    ),
  }),
  ...rowsBelow('configs.*', {
    name: differs('other', NO_STORE),
    labels: differs('{a: b}', NO_STORE),
    template_driver: refused('golang', OUTSIDE),
    content: works('"text"', 'variables in it are filled in'),
    environment: works('NAME', 'from the shell or `.env`'),
    file: works('./settings', FILE),
    external: refused('true', OUTSIDE),
  }),
  ...rowsBelow('secrets.*', {
    name: differs('other', NO_STORE),
    labels: differs('{a: b}', NO_STORE),
    driver: refused('vault', OUTSIDE),
    driver_opts: refused('{a: b}', OUTSIDE),
    template_driver: refused('golang', OUTSIDE),
    environment: works('NAME', 'from the shell or `.env`'),
    file: works('./token', FILE),
    external: refused('true', OUTSIDE),
  }),
];
