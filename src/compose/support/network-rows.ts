import { isText, type Value } from '../value.ts';
import { differs, like, ofKind, refused, refusedByReader, rowsBelow, works } from './row.ts';

const NO_IPV6 = 'asks for IPv6, and the machine has none';
const OWN_ADDRESS = "open on the environment's own address `127.88.x.y`";
const text = (test: (text: string) => boolean) => (value: Value) => isText(value) && test(value.text);
const short = (pattern: RegExp) => like(new RegExp(`^${pattern.source}(/\\w+)?$`));
const hasAddress = text((port) => /^(\[.*\]|[^:[\]]*\.[^:]*|localhost):/.test(port));
const ANY = /^(\[::1?\]|127\.0\.0\.1|0\.0\.0\.0|localhost):/;

/** Ports and networks of services, and the networks themselves. */
export const networkRows = [
  ...rowsBelow('services.*', {
    'ports[] HOST:CONTAINER': works('"8080:80"', OWN_ADDRESS, short(/\d+:\d+/)),
    'ports[] FROM-TO:FROM-TO': works('"8000-8001:80-81"', OWN_ADDRESS, short(/\d+-\d+:\d+-\d+/)),
    'ports[] CONTAINER': works(
      '"80"',
      'the engine picks a port in the machine; it is open under that number',
      short(/\d+/),
    ),
    'ports[] LOOPBACK:HOST:CONTAINER': differs(
      '"127.0.0.1:8080:80"',
      `${OWN_ADDRESS}, which is a loopback address; so for 0.0.0.0, ::, localhost`,
      text((port) => ANY.test(port)),
    ),
    'ports[] ADDRESS:HOST:CONTAINER': differs(
      '"192.0.2.7:8080:80"',
      'open on that address of the host; a fork does not have such a port',
      text(
        (port) =>
          hasAddress({ kind: 'string', text: port, source: port, place: { start: 0, end: 0 } }) &&
          !ANY.test(port),
      ),
    ),
    'ports[] /udp': works(
      '"53:53/udp"',
      "a client's session ends after a minute without a datagram",
      like(/\/udp$/i),
    ),
    'ports[] as a map': works(
      '{target: 80, published: "8080"}',
      '`name`, `app_protocol` and `mode` have no effect, as in Compose',
      ofKind('map'),
    ),
    'ports[] 22': refusedByReader(
      '"22:22"',
      'belongs to the machine itself: publish another one, such as 2222:22',
      short(/22:\d+/),
    ),
    expose: works('["9000"]', 'containers of one network reach all ports of each other'),
    'networks as a list': works('[front]', '', ofKind('list')),
    'networks.*.aliases': works('[other]'),
    'networks.*.ipv4_address': works('172.30.1.10'),
    'networks.*.ipv6_address': refused('"fd00::1"', NO_IPV6),
    'networks.*.mac_address': refused(
      '02:42:ac:1e:01:0a',
      'is not known to the engine in the machine: use "mac_address" of the service',
    ),
    'networks.*.driver_opts': differs('{a: b}', 'no effect'),
    'networks.*.gw_priority': refused('1', 'is not known to the Compose version in the machine'),
    'networks.*.link_local_ips': refused('[169.254.8.8]', 'is not known to the engine in the machine'),
    'networks.*.priority': differs('10', 'no effect on the order of interfaces'),
    'network_mode = host': differs(
      'host',
      "the machine's network; `ports` of such a service are published as they are",
    ),
    'network_mode = none': works('none'),
    'network_mode = bridge': works('bridge'),
    'network_mode service:NAME': works('service:other', '', like(/^service:/)),
    mac_address: works('02:42:ac:11:00:99'),
    links: refused(
      '["other:name"]',
      'is not known to the engine in the machine: use the name of the service, or "aliases" of a network',
    ),
    external_links: refused(
      '[shop-web-1]',
      'names containers of other projects, and those run in machines of their own',
    ),
    dns: works('[192.0.2.53]'),
    dns_opt: works('["ndots:3"]'),
    dns_search: works('[example.test]'),
    'extra_hosts as a list': works('["a.test:192.0.2.1"]', '', ofKind('list')),
    'extra_hosts as a map': works('{a.test: 192.0.2.1}', '', ofKind('map')),
  }),
  ...rowsBelow('networks.*', {
    'driver = bridge': works('bridge'),
    'driver another': refused(
      'overlay',
      'is not in the machine, which has "bridge" only',
      like(/^(?!(bridge)?$)/),
    ),
    driver_opts: works('{com.docker.network.driver.mtu: "1400"}'),
    internal: works('true', 'no way out of the machine'),
    attachable: differs('true', 'no effect, as in Compose without Swarm'),
    enable_ipv4: works('true'),
    'enable_ipv6 = true': refused('true', NO_IPV6),
    'ipam.config[].subnet': works('172.30.1.0/24'),
    'ipam.config[].gateway': works('172.30.1.254'),
    'ipam.config[].ip_range': works('172.30.1.128/25'),
    'ipam.config[].aux_addresses': differs('{host1: 172.30.1.5}', 'no effect'),
    labels: works('{a: b}'),
    name: works('front-net', 'its name in the machine'),
    external: differs(
      'true',
      'it must be in the machine already, made through its Docker endpoint or by `berth shell`',
    ),
  }),
];
