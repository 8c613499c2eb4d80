import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output, runProgram, StreamingProgram } from './program.ts';
import { workDirectory } from './tiny.ts';

const NAMESPACE = 'berth-e2e-world';
const LINK = 'berth-e2e';

/** Another computer that the host reaches: a namespace behind a pair of interfaces, with addresses out of the range for benchmarks. */
export class World implements AsyncDisposable {
  /** Its address. */
  readonly address = '198.18.77.1';
  /** The host's address on the way to it. */
  readonly hostAddress = '198.18.77.2';
  readonly #servers: StreamingProgram[] = [];

  static async make(): Promise<World> {
    const world = new World();
    await world.#remove();
    const { address, hostAddress } = world;
    await output(['ip', '-batch', '-'], {
      input: [
        `netns add ${NAMESPACE}`,
        `link add ${LINK} type veth peer name eth0 netns ${NAMESPACE}`,
        `addr add ${hostAddress}/30 dev ${LINK}`,
        `link set ${LINK} up`,
        '',
      ].join('\n'),
    });
    await output(['ip', '-n', NAMESPACE, '-batch', '-'], {
      input: ['link set lo up', `addr add ${address}/30 dev eth0`, 'link set eth0 up', ''].join('\n'),
    });
    return world;
  }

  /** Serves a page that says `world` on port 80. */
  serve(): void {
    const directory = workDirectory('world');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'index.html'), 'world\n');
    this.#start(['httpd', '-f', '-p', '80', '-h', directory]);
  }

  /** Accepts connections on a port, keeps them open and says a word on each every second. */
  keepTalking(port: number): void {
    this.#start(['nc', '-ll', '-p', String(port), '-e', 'sh', '-c', 'while sleep 1; do echo tick; done']);
  }

  /** Connections that are established in it, one a line. */
  connections(port: number): Promise<string> {
    const filter = ['state', 'established', `( sport = :${port} )`];
    return output(['ip', 'netns', 'exec', NAMESPACE, 'ss', '-Htn', ...filter]);
  }

  #start(applet: readonly string[]): void {
    this.#servers.push(new StreamingProgram(['ip', 'netns', 'exec', NAMESPACE, 'busybox', ...applet]));
  }

  async #remove(): Promise<void> {
    const { stdout } = await runProgram(['ip', 'netns', 'pids', NAMESPACE]);
    const pids = stdout.split('\n').filter(Boolean);
    if (pids.length > 0) await runProgram(['kill', '-9', ...pids]);
    await runProgram(['ip', 'link', 'del', LINK]);
    await runProgram(['ip', 'netns', 'del', NAMESPACE]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}
