/**
 * Where raw values come from: the environment with its `NAME_FILE` variants, and the YAML file.
 * Owns names and unknown names; knows nothing of what a value must look like.
 */
import { LineCounter, parseDocument } from 'yaml';
import { nearest, type ConfigurationFault } from './faults.js';
import { SETTINGS, type SettingSpec } from './schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => string;
export type SettingName = keyof typeof SETTINGS;

/** A value as it was found; `source` is told with a fault. */
export interface RawValue {
  readonly value: unknown;
  readonly source: string;
}
export type RawValues = Map<SettingName, RawValue>;

export const settingNames = Object.keys(SETTINGS) as SettingName[];
export const specOf = (name: SettingName): SettingSpec => SETTINGS[name];

/** Variables that are no settings of the server: the YAML file's name, the credentials of the CLI, the store of the tests. */
const OTHER_VARIABLES = [
  'GATEHOUSE_CONFIG',
  'GATEHOUSE_ADMIN_FILE',
  'GATEHOUSE_CLIENT_ID',
  'GATEHOUSE_CLIENT_SECRET',
  'GATEHOUSE_TEST_STORE',
];

function knownVariables(): string[] {
  const names = settingNames.flatMap((name) => {
    const { env, secret } = specOf(name);
    return secret === true ? [env, `${env}_FILE`] : [env];
  });
  return [...names, ...OTHER_VARIABLES];
}

const reason = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unreadable';

/** Values from the environment. A variable that is set to nothing counts as not set, as in `NAME=` of a compose file. */
export function fromEnvironment(
  env: Environment,
  readFile: ReadFile,
  faults: ConfigurationFault[],
): RawValues {
  const values: RawValues = new Map();
  for (const name of settingNames) {
    const spec = specOf(name);
    const value = env[spec.env] ?? '';
    const file = spec.secret === true ? (env[`${spec.env}_FILE`] ?? '') : '';
    if (value !== '' && file !== '') {
      const message = `both ${spec.env} and ${spec.env}_FILE are set; remove one`;
      faults.push({ setting: spec.env, source: 'environment', message });
    } else if (value !== '') {
      values.set(name, { value, source: 'environment' });
    } else if (file !== '') {
      try {
        values.set(name, { value: readFile(file).replace(/\r?\n$/, ''), source: `file ${file}` });
      } catch (error) {
        const message = `${file} cannot be read (${reason(error)})`;
        faults.push({ setting: `${spec.env}_FILE`, source: 'environment', message });
      }
    }
  }
  refuseUnknownVariables(env, faults);
  return values;
}

function refuseUnknownVariables(env: Environment, faults: ConfigurationFault[]): void {
  const known = knownVariables();
  const set = new Set(known);
  for (const variable of Object.keys(env).sort()) {
    if (!variable.startsWith('GATEHOUSE_') || set.has(variable)) continue;
    const near = nearest(variable, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    faults.push({ setting: variable, source: 'environment', message: `is not a setting${hint}` });
  }
}

/** Values from the YAML file that GATEHOUSE_CONFIG names; none when it names none. */
export function fromFile(env: Environment, readFile: ReadFile, faults: ConfigurationFault[]): RawValues {
  const values: RawValues = new Map();
  const path = env['GATEHOUSE_CONFIG'] ?? '';
  if (path === '') return values;
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const message = `${path} cannot be read (${reason(error)})`;
    faults.push({ setting: 'GATEHOUSE_CONFIG', source: 'environment', message });
    return values;
  }
  const source = `file ${path}`;
  const content = parseYaml(text, source, faults);
  if (content !== undefined) collect(content, '', { values, source, faults });
  return values;
}

/** The root mapping. Messages of the parser are not repeated, because they quote the text around a fault. */
function parseYaml(text: string, source: string, faults: ConfigurationFault[]): object | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    const message = `is not valid YAML at line ${line}, column ${col} (${error.code})`;
    faults.push({ setting: 'GATEHOUSE_CONFIG', source, message });
  }
  if (document.errors.length > 0) return undefined;
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  if (content === null || content === undefined) return undefined;
  if (typeof content === 'object' && !Array.isArray(content)) return content;
  faults.push({ setting: 'GATEHOUSE_CONFIG', source, message: 'must hold a mapping of settings' });
  return undefined;
}

interface Collection {
  readonly values: RawValues;
  readonly source: string;
  readonly faults: ConfigurationFault[];
}

const nameByKey = new Map(settingNames.map((name) => [specOf(name).key, name]));
const keys = [...nameByKey.keys()];

function collect(content: object, prefix: string, into: Collection): void {
  for (const [part, value] of Object.entries(content) as [string, unknown][]) {
    const key = `${prefix}${part}`;
    const name = nameByKey.get(key);
    const fault = (message: string): number =>
      into.faults.push({ setting: key, source: into.source, message });
    if (name !== undefined) {
      if (value === null) fault('has no value; remove the line to take the default');
      else into.values.set(name, { value, source: into.source });
    } else if (!keys.some((candidate) => candidate.startsWith(`${key}.`))) {
      const near = nearest(key, keys);
      fault(`is not a setting${near === undefined ? '' : `; did you mean ${near}?`}`);
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      collect(value, `${key}.`, into);
    } else {
      fault('must be a mapping');
    }
  }
}
