/** Reads answers: JSON by a shape, problems (RFC 9457) and OAuth errors (RFC 6749 §5.2) as failures. */
import type { z } from 'zod';
import { CliFailure } from '../failure.js';
import { oauthErrorShape, problemShape } from '../wire.js';
import type { Answer } from './http.js';

/** The JSON of an answer; undefined when it is none. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    return undefined;
  }
}

/** The answer as the shape has it. @throws CliFailure when it is something else */
export function parsed<T extends z.ZodType>(shape: T, value: unknown, from: string): z.output<T> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new CliFailure(`${from} answered something that this version of gatehouse does not understand`, {
    code: 'unexpected_answer',
    hint: `compare \`gatehouse --version\` with the server's version${where === '' ? '' : ` (at "${where}")`}`,
  });
}

const PROBLEM = /^urn:gatehouse:problem:([a-z_]+)$/;

/** A refusal of the admin API. */
export function problemFailure(answer: Answer, from: string, hint?: string): CliFailure {
  const problem = problemShape.safeParse(jsonOf(answer)).data;
  const sentence = problem?.detail ?? problem?.title;
  const retry = answer.headers.get('retry-after');
  return new CliFailure(sentence ?? `${from} answered ${answer.status}`, {
    code: PROBLEM.exec(problem?.type ?? '')?.[1] ?? `http_${answer.status}`,
    status: answer.status,
    faults: problem?.errors,
    requestId: problem?.requestId ?? answer.headers.get('x-request-id') ?? undefined,
    hint: hint ?? (retry === null ? undefined : `try again in ${retry} s`),
  });
}

/** A refusal of an OAuth endpoint. */
export function oauthFailure(answer: Answer, from: string, hint?: string): CliFailure {
  const error = oauthErrorShape.safeParse(jsonOf(answer)).data;
  const retry = answer.headers.get('retry-after');
  const description = error?.error_description;
  const message =
    error === undefined
      ? `${from} answered ${answer.status}`
      : `${error.error}${description === undefined ? '' : `: ${description}`}`;
  return new CliFailure(message, {
    code: error?.error ?? `http_${answer.status}`,
    status: answer.status,
    requestId: answer.headers.get('x-request-id') ?? undefined,
    hint: hint ?? (retry === null ? undefined : `try again in ${retry} s`),
  });
}
