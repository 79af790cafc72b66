import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, migrations/ and views/, seen from the compiled file in build/src/lib. Ends with a slash. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));
