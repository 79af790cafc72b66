/** The benchmark's handle on its load generator. */
import type { ManagedProcess } from '../servers/process.js';
import { startManaged } from '../servers/process.js';
import type { LoadJob, LoadReply, LoadResult } from './job.js';

export class LoadGenerator {
  readonly #process: ManagedProcess;

  constructor(core: number) {
    this.#process = startManaged('load generator', {
      script: new URL('./main.js', import.meta.url),
      core,
      env: {},
    });
  }

  /** Runs one job; rejects when the generator cannot. One at a time. */
  async run(job: LoadJob): Promise<LoadResult> {
    const reply = await this.#process.ask<LoadReply>(job, (job.seconds + 30) * 1000);
    if (!reply.ok) throw new Error(`the load generator failed: ${reply.error}`);
    return reply.result;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
