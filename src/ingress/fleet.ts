/** Another machine that answers at an owner's ports. */
export interface FleetMember {
  readonly id: string;
  /** Address of the machine as the host reaches it. */
  readonly host: string;
}

/** How one machine of a fleet is doing. */
export interface MemberLoad {
  /** The owner's own id for its own machine. */
  readonly id: string;
  /** Open TCP connections and UDP sessions. */
  readonly connections: number;
  /** It gets no new connections; those that are open may end. */
  readonly isDraining: boolean;
  /** Present while it gets no new connections because it took none lately. */
  readonly failure?: { readonly reason: string; readonly sinceMs: number; readonly times: number };
}

/** How long one that refused is passed over: longer each time. */
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 10_000;

interface Refusal {
  readonly reason: string;
  /** On the monotonic clock. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly times: number;
}

interface Member {
  readonly id: string;
  /** Absent for the owner's own machine: that is where its ports lead. */
  readonly host?: string;
  readonly lines: Set<() => void>;
  /** By port of the machine. */
  readonly refusals: Map<number, Refusal>;
  isDraining: boolean;
  isGone: boolean;
  /** When it was chosen last, as a count of choices. */
  turn: number;
}

/** A machine that was chosen for a new connection. */
export interface Choice {
  readonly id: string;
  readonly host?: string;
  /** Counts the connection until the result is called; `cut` is called when the machine leaves before. */
  begin(cut: () => void): () => void;
  /** Notes that it took none. */
  refused(reason: string): void;
  /** Notes that it took one. */
  accepted(): void;
}

/** The machines behind the ports of one owner: its own, and those that joined. */
export class Fleet {
  readonly #own: Member;
  readonly #members = new Map<string, Member>();
  readonly #waiting = new Set<() => void>();
  #turn = 0;
  #answers = { count: 0, sumMs: 0 };

  constructor(owner: string) {
    this.#own = newMember({ id: owner });
    this.#members.set(owner, this.#own);
  }

  /** How many machines take new connections, whether they answer or not. */
  get size(): number {
    return [...this.#members.values()].filter((one) => !one.isDraining && !one.isGone).length;
  }

  /** Present already is fine; one that drains takes connections again. */
  join(member: FleetMember): void {
    const known = this.#members.get(member.id);
    if (known?.host === member.host) {
      known.isDraining = false;
      return;
    }
    if (known !== undefined) this.leave(member.id);
    this.#members.set(member.id, newMember(member));
  }

  /** Ends the connections of a machine. Nothing happens when it is no member; the owner's own is only passed over. */
  leave(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    if (member !== this.#own) this.#members.delete(id);
    member.isGone = true;
    for (const cut of [...member.lines]) cut();
  }

  /** The owner's own machine is there, anew or still. */
  ownIsHere(): void {
    this.#own.isGone = false;
    this.#own.refusals.clear();
  }

  /** No new connections to a machine from now on; resolves with how many are open still when none are, or `signal` aborts. */
  async drain(id: string, signal: AbortSignal): Promise<number> {
    const member = this.#members.get(id);
    if (member === undefined || member === this.#own) return 0;
    member.isDraining = true;
    while (member.lines.size > 0 && !signal.aborted) await this.#change(signal);
    return member.lines.size;
  }

  /**
   * The machine for a new connection to a port: that with the fewest, in turn where several have as few. Those that refused lately
   * come last. `isShared` false: the owner's own only. Undefined when all have been `tried`.
   */
  choose(
    port: number,
    o: { readonly isShared: boolean; readonly tried: ReadonlySet<string> },
  ): Choice | undefined {
    const nowMs = performance.now();
    const pausesOf = (one: Member) => ((one.refusals.get(port)?.untilMs ?? 0) > nowMs ? 1 : 0);
    const able = (o.isShared ? [...this.#members.values()] : [this.#own])
      .filter((one) => !one.isDraining && !one.isGone && !o.tried.has(one.id))
      .sort((a, b) => pausesOf(a) - pausesOf(b) || a.lines.size - b.lines.size || a.turn - b.turn);
    const [first] = able;
    return first === undefined ? undefined : this.#choiceOf(first, port);
  }

  /** Notes how long a machine took to answer. */
  answered(ms: number): void {
    this.#answers.count += 1;
    this.#answers.sumMs += ms;
  }

  /** How long answers took on average since the last call, in ms; undefined when there was none. */
  takeAnswerMs(): number | undefined {
    const { count, sumMs } = this.#answers;
    this.#answers = { count: 0, sumMs: 0 };
    return count === 0 ? undefined : sumMs / count;
  }

  loads(): MemberLoad[] {
    return [...this.#members.values()].map(({ id, lines, isDraining, refusals }) => {
      const [worst] = [...refusals.values()].sort((a, b) => a.sinceMs - b.sinceMs);
      const failure =
        worst === undefined
          ? {}
          : { failure: { reason: worst.reason, sinceMs: worst.sinceMs, times: worst.times } };
      return { id, connections: lines.size, isDraining, ...failure };
    });
  }

  #choiceOf(member: Member, port: number): Choice {
    this.#turn += 1;
    member.turn = this.#turn;
    return {
      id: member.id,
      ...(member.host === undefined ? {} : { host: member.host }),
      begin: (cut) => {
        member.lines.add(cut);
        return () => {
          if (member.lines.delete(cut)) for (const tell of [...this.#waiting]) tell();
        };
      },
      refused: (reason) => refuse(member, port, reason),
      accepted: () => void member.refusals.delete(port),
    };
  }

  /** Resolves when a connection of any member has ended, or `signal` aborts. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const tell = () => resolve();
    this.#waiting.add(tell);
    signal.addEventListener('abort', tell, { once: true });
    await promise;
    this.#waiting.delete(tell);
    signal.removeEventListener('abort', tell);
  }
}

function newMember({ id, host }: { readonly id: string; readonly host?: string }): Member {
  return {
    ...{ id, lines: new Set(), refusals: new Map(), isDraining: false, isGone: false, turn: 0 },
    ...(host === undefined ? {} : { host }),
  };
}

function refuse(member: Member, port: number, reason: string): void {
  const nowMs = performance.now();
  const known = member.refusals.get(port);
  // Many connections may fail of the same; what failed while it is passed over says nothing new.
  if (known !== undefined && known.untilMs > nowMs) return;
  const times = (known?.times ?? 0) + 1;
  const untilMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), LAST_PAUSE_MS);
  member.refusals.set(port, { reason, sinceMs: known?.sinceMs ?? nowMs, untilMs, times });
}
