/** The process of the load generator: takes jobs from its parent one at a time, and ends with it. */
import type { LoadJob, LoadReply } from './job.js';
import { runStretch } from './stretch.js';

function reply(message: LoadReply): void {
  process.send?.(message);
}

process.on('message', (job: LoadJob) => {
  runStretch(job).then(
    (result) => reply({ ok: true, result }),
    (error: unknown) => reply({ ok: false, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
