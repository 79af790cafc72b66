import { describe, expect, it } from '@jest/globals';
import { BoundedQueue } from '../../../src/lib/bounded_queue.js';

/** Work that ends when it is told to. */
function task<T>(answer: T) {
  let end = (): void => undefined;
  let started = false;
  const done = new Promise<T>((resolve) => {
    end = () => resolve(answer);
  });
  return {
    run: () => {
      started = true;
      return done;
    },
    end: () => end(),
    started: () => started,
  };
}

describe('BoundedQueue', () => {
  it('runs so many at once, the others in order of arrival, and refuses when full', async () => {
    const queue = new BoundedQueue({ concurrency: 2, maxQueued: 2, name: 'password hashing' });
    const tasks = ['a', 'b', 'c', 'd'].map(task);
    const answers = tasks.map((t) => queue.run(t.run));
    expect(tasks.map((t) => t.started())).toEqual([true, true, false, false]);
    await expect(queue.run(async () => 'e')).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      message: expect.stringContaining('password hashing'),
      retryAfter: expect.any(Number),
    });
    tasks[1]?.end();
    await answers[1];
    expect(tasks.map((t) => t.started())).toEqual([true, true, true, false]);
    expect([queue.running, queue.queued]).toEqual([2, 1]);
    for (const t of tasks) t.end();
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd']);
    expect([queue.running, queue.queued]).toEqual([0, 0]);
  });

  it('frees the place of work that fails, also when it throws at once', async () => {
    const queue = new BoundedQueue({ concurrency: 1, maxQueued: 0 });
    await expect(queue.run(() => Promise.reject(new Error('one')))).rejects.toThrow('one');
    await expect(
      queue.run(() => {
        throw new Error('two');
      }),
    ).rejects.toThrow('two');
    expect(await queue.run(async () => 3)).toBe(3);
  });

  it('refuses impossible bounds', () => {
    expect(() => new BoundedQueue({ concurrency: 0, maxQueued: 1 })).toThrow(RangeError);
    expect(() => new BoundedQueue({ concurrency: 1, maxQueued: -1 })).toThrow(RangeError);
  });
});
