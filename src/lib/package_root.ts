import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, migrations/ and views/, seen from the compiled file in build/src/lib. Ends with a slash. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** The version in package.json. */
export const packageVersion = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
