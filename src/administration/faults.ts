/** Issues of a schema as faults that name each wrong field, in words of this project instead of the library's. */
import type { z } from 'zod';
import { GatehouseError, type FieldFault } from '../errors.js';

/** More faults than these are not listed. */
export const MAX_FAULTS = 100;

/** One step of a JSON Pointer (RFC 6901 §3). */
export const pointerStep = (name: PropertyKey): string =>
  `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** @param base a JSON Pointer, or `query`: then pointers are `query/name` */
export function faultsOf(issues: readonly z.core.$ZodIssue[], base: string): FieldFault[] {
  return issues.slice(0, MAX_FAULTS).flatMap((issue) => {
    const at = base + issue.path.map(pointerStep).join('');
    if (issue.code !== 'unrecognized_keys') return [{ pointer: at, message: messageOf(issue) }];
    return issue.keys.map((key) => ({ pointer: at + pointerStep(key), message: 'is not known here' }));
  });
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'is required' : `must be ${NAMES[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value') {
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'too_big') return `must be ${issue.maximum}${sizeOf(issue.origin)} at most`;
  if (issue.code === 'too_small') return `must be ${issue.minimum}${sizeOf(issue.origin)} at least`;
  if (issue.code === 'invalid_format') {
    return issue.format === 'datetime' ? 'must be a time such as 2030-01-31T12:00:00Z' : 'is malformed';
  }
  return issue.code === 'invalid_key' ? 'has a name that is not valid' : issue.message;
}

function sizeOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}

/** `input` as the schema has it. @throws GatehouseError `validation_failed` with every fault, each by its place */
export function parsed<T extends z.ZodType>(schema: T, input: unknown, base: string): z.output<T> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(faultsOf(result.error.issues, base));
}

export function invalid(faults: readonly FieldFault[]): GatehouseError {
  return new GatehouseError('validation_failed', 'some fields are not valid', {
    faults: faults.slice(0, MAX_FAULTS),
  });
}
