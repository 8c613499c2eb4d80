import { createHash } from 'node:crypto';
import { poll } from '../../src/base/index.ts';
import { RespClient } from './resp-client.ts';

/** What was compared after a restore. */
export interface RowCheck {
  readonly rows: number;
  /** Rows that had been acknowledged before the snapshot, and are not there. */
  readonly lost: number;
  /** Lists whose content is not what was written, by its checksum, or that hold more than was ever sent. */
  readonly wrong: number;
}

/**
 * Clients of a store that write rows, each one after the other to a list of its own, and note what was acknowledged. What a row holds follows from its list and number, so
 * that a list must be a beginning of what was sent.
 */
export class RowWriters {
  readonly #o: {
    readonly host: string;
    readonly port: number;
    readonly writers: number;
    readonly seed: string;
  };
  readonly #sent: number[];
  readonly #acknowledged: number[];
  #clients: RespClient[] = [];
  #isWriting = false;

  constructor(o: {
    readonly host: string;
    readonly port: number;
    readonly writers: number;
    readonly seed: string;
  }) {
    this.#o = o;
    this.#sent = Array.from({ length: o.writers }, () => 0);
    this.#acknowledged = [...this.#sent];
  }

  /** How many rows of each list were sent, or acknowledged, until now. */
  sent(): readonly number[] {
    return [...this.#sent];
  }

  acknowledged(): readonly number[] {
    return [...this.#acknowledged];
  }

  /** Opens a connection for each writer once the store answers, and goes on where its lists end. */
  async connect(timeoutMs: number): Promise<void> {
    if (this.#clients.length > 0) return;
    const { host, port, writers } = this.#o;
    this.#clients = await poll(
      async () => {
        const clients = await Promise.allSettled(
          Array.from({ length: writers }, () => RespClient.connect(host, port)),
        );
        const open = clients.flatMap((client) => (client.status === 'fulfilled' ? [client.value] : []));
        const answers = await Promise.allSettled(open.map((client) => client.send(['PING'])));
        const isReady = answers.every((answer) => answer.status === 'fulfilled' && answer.value === 'PONG');
        if (open.length === writers && isReady) return open;
        for (const client of open) client.close();
        return undefined;
      },
      { timeoutMs, intervalMs: 50, what: 'the store' },
    );
    await Promise.all(
      this.#clients.map(async (client, list) => {
        const length = Number(await client.send(['LLEN', this.#nameOf(list)]));
        this.#sent[list] = length;
        this.#acknowledged[list] = length;
      }),
    );
  }

  disconnect(): void {
    for (const client of this.#clients) client.close();
    this.#clients = [];
  }

  /** Writes for a while. */
  write(forMs: number): Promise<void> {
    return this.whileWriting(() => new Promise((resolve) => setTimeout(resolve, forMs)));
  }

  /** Writes until `work` is done. A connection that ends is no failure: what it had sent is not acknowledged. */
  async whileWriting(work: () => Promise<void>): Promise<void> {
    this.#isWriting = true;
    const writing = this.#clients.map((client, list) => this.#writeRows(client, list).catch(() => undefined));
    try {
      await work();
    } finally {
      this.#isWriting = false;
      await Promise.all(writing);
    }
  }

  /** Compares the lists with what was acknowledged before a snapshot was asked for, and sent until it was taken. */
  async check(o: {
    readonly acknowledged: readonly number[];
    readonly sent: readonly number[];
  }): Promise<RowCheck> {
    const checks = await Promise.all(
      this.#clients.map(async (client, list) => {
        const rows = (await client.send(['LRANGE', this.#nameOf(list), '0', '-1'])) as readonly string[];
        const isWhole = checksumOf(rows) === checksumOf(rows.map((_row, index) => this.#rowOf(list, index)));
        const tooMany = rows.length > (o.sent[list] ?? 0);
        const lost = Math.max(0, (o.acknowledged[list] ?? 0) - rows.length);
        return { rows: rows.length, lost, wrong: isWhole && !tooMany ? 0 : 1 };
      }),
    );
    const sumOf = (key: keyof RowCheck) => checks.reduce((sum, one) => sum + one[key], 0);
    return { rows: sumOf('rows'), lost: sumOf('lost'), wrong: sumOf('wrong') };
  }

  async #writeRows(client: RespClient, list: number): Promise<void> {
    while (this.#isWriting) {
      const number = this.#sent[list] ?? 0;
      this.#sent[list] = number + 1;
      const length = await client.send(['RPUSH', this.#nameOf(list), this.#rowOf(list, number)]);
      if (length !== number + 1)
        throw new Error(`list ${list} has ${String(length)} rows, not ${number + 1}`);
      this.#acknowledged[list] = number + 1;
    }
  }

  #nameOf(list: number): string {
    return `rows:${list}`;
  }

  #rowOf(list: number, number: number): string {
    return createHash('sha256').update(`${this.#o.seed} ${list} ${number}`).digest('hex');
  }
}

function checksumOf(rows: readonly string[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${row}\n`);
  return hash.digest('hex');
}
