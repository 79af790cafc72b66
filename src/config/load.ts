/**
 * Turns the environment and the YAML file into settings: defaults < file < environment, everything checked before
 * anything connects. A pure function of its arguments; knows nothing of processes and sockets.
 */
import type { z } from 'zod';
import { combinationFaults, combinationWarnings } from './checks.js';
import { ConfigurationError, type ConfigurationFault } from './faults.js';
import type { Settings } from './schema.js';
import {
  fromEnvironment,
  fromFile,
  settingNames,
  specOf,
  type Environment,
  type ReadFile,
} from './sources.js';

export interface LoadedSettings {
  readonly settings: Settings;
  /** Sentences about what is allowed but unwise, to be logged at the start. */
  readonly warnings: readonly string[];
}

/**
 * @param env the environment, e.g. `process.env`
 * @param readFile reads a text file; called for GATEHOUSE_CONFIG and the `NAME_FILE` variants
 * @throws ConfigurationError with every fault
 */
export function loadSettings(env: Environment, readFile: ReadFile): LoadedSettings {
  const faults: ConfigurationFault[] = [];
  const file = fromFile(env, readFile, faults);
  const environment = fromEnvironment(env, readFile, faults);
  const parsed: Record<string, unknown> = {};
  for (const name of settingNames) {
    const spec = specOf(name);
    const raw = environment.get(name) ?? file.get(name);
    const result = spec.schema.safeParse(raw?.value);
    if (result.success) parsed[name] = result.data;
    else
      faults.push({ setting: spec.env, source: raw?.source ?? 'default', message: messageOf(result.error) });
  }
  if (isComplete(parsed)) faults.push(...combinationFaults(parsed));
  if (faults.length > 0 || !isComplete(parsed)) throw new ConfigurationError(faults);
  return { settings: parsed, warnings: combinationWarnings(parsed) };
}

/** Every setting was parsed by its own schema, so the record is what the schemas say. */
function isComplete(parsed: Record<string, unknown>): parsed is Settings & Record<string, unknown> {
  return settingNames.every((name) => name in parsed);
}

function messageOf(error: z.ZodError): string {
  return [...new Set(error.issues.map((issue) => issue.message))].join('; ');
}

/** The settings as they may be shown: by their names in the environment, secrets replaced by `(set)`. */
export function printableSettings(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(
    settingNames.map((name) => {
      const { env, secret } = specOf(name);
      const value: unknown = settings[name];
      return [env, secret === true && value !== undefined ? '(set)' : (value ?? null)];
    }),
  );
}
