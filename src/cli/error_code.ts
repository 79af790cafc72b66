/**
 * The code of a system error, such as ENOENT; `otherwise` when there is none. Its message is never shown: it may quote
 * what was read.
 */
export function errorCode(error: unknown, otherwise: string): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return otherwise;
  return typeof error.code === 'string' ? error.code : otherwise;
}
