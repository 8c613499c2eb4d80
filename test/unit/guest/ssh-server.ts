import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import ssh2, { type Connection, type ServerChannel, type Session } from 'ssh2';
import { makeHostKeyPair } from '../../../src/guest/index.ts';
import { publicKeyBlob } from '../../../src/guest/ssh-keys.ts';

/** A real SSH server in this process: it runs command lines with the shell of this machine, as OpenSSH does. */
export class SshServer implements AsyncDisposable {
  readonly hostKey = makeHostKeyPair('guest');
  readonly clientKey = makeHostKeyPair('berth');
  readonly commands: string[] = [];
  readonly terminals: { rows: number; cols: number }[] = [];
  readonly connections: Connection[] = [];
  readonly #programs = new Set<number>();
  #server = this.#make();

  port = 0;

  /** What {@link connectGuestShell} needs to get in. */
  get target() {
    return {
      host: '127.0.0.1',
      port: this.port,
      privateKey: this.clientKey.private,
      hostKey: this.hostKey.public,
    };
  }

  /** Number of programs that run. */
  get programs(): number {
    return this.#programs.size;
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return this;
  }

  /** Cuts every connection. */
  drop(): void {
    for (const connection of this.connections.splice(0)) connection.end();
  }

  async stop(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server = this.#make();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #make() {
    return new ssh2.Server({ hostKeys: [this.hostKey.private] }, (connection) => {
      this.connections.push(connection);
      connection.on('error', () => undefined);
      // Its own types leave this out.
      if ('setNoDelay' in connection && typeof connection.setNoDelay === 'function')
        connection.setNoDelay.call(connection, true);
      connection.on('close', () => this.#endPrograms());
      connection.on('authentication', (context) => {
        const isKnown =
          context.method === 'publickey' &&
          publicKeyBlob(this.clientKey.public)?.equals(context.key.data) === true;
        if (isKnown) context.accept();
        else context.reject(['publickey']);
      });
      connection.on('session', (accept) => this.#onSession(accept()));
      connection.on('openssh.streamlocal', (accept, reject, info: { socketPath: string }) => {
        const socket = connect(info.socketPath);
        socket.once('error', () => reject());
        socket.once('connect', () => {
          const channel = accept();
          socket.pipe(channel).pipe(socket);
          socket.on('error', () => channel.close());
        });
      });
    });
  }

  /** Unlike OpenSSH: nothing that a test started outlives it. */
  #endPrograms(): void {
    for (const pid of this.#programs) process.kill(-pid, 'SIGKILL');
    this.#programs.clear();
  }

  #onSession(session: Session): void {
    session.on('pty', (accept, _reject, info) => {
      this.terminals.push({ rows: info.rows, cols: info.cols });
      accept();
    });
    session.on('window-change', (accept, _reject, info) => {
      this.terminals.push({ rows: info.rows, cols: info.cols });
      accept?.();
    });
    session.on('exec', (accept, _reject, info) => this.#run(info.command, accept()));
    session.on('shell', (accept) => this.#run('cat', accept()));
  }

  #run(command: string, channel: ServerChannel): void {
    this.commands.push(command);
    const child = spawn('sh', ['-c', command], { detached: true });
    const { pid } = child;
    if (pid !== undefined) this.#programs.add(pid);
    child.on('exit', () => this.#programs.delete(pid ?? 0));
    channel.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
    child.on('close', (code, signal) => {
      if (code === null) channel.exit(signal?.replace('SIG', '') ?? 'KILL');
      else channel.exit(code);
      channel.end();
    });
  }
}
