import { type Rig, TEMPLATE } from '../rig.ts';
import { forkAndVisit } from './fork-and-visit.ts';

/** Each fork of a running environment leaves one more layer under its disk, and there is a limit to them. */
const FORKS_OF_ONE_PARENT = 15;

/** A running environment to fork from: a fork of the template itself, replaced after a number of forks. */
export class ForkParents {
  readonly #rig: Rig;
  #count = 0;
  #forks = 0;

  private constructor(rig: Rig) {
    this.#rig = rig;
  }

  static async open(rig: Rig): Promise<ForkParents> {
    const parents = new ForkParents(rig);
    await parents.#next();
    return parents;
  }

  get current(): string {
    return `bench-parent-${this.#count}`;
  }

  /** Says that the parent was forked once more. */
  async used(): Promise<void> {
    this.#forks += 1;
    if (this.#forks < FORKS_OF_ONE_PARENT) return;
    await this.#rig.remove(this.current);
    await this.#next();
  }

  async #next(): Promise<void> {
    this.#count += 1;
    this.#forks = 0;
    await forkAndVisit(this.#rig, TEMPLATE, this.current);
  }
}
