// Makes the command executable after a build; tsc keeps the shebang but not the mode.
import { chmodSync, existsSync } from 'node:fs';

const command = new URL('../build/src/cli/main.js', import.meta.url);
if (existsSync(command)) chmodSync(command, 0o755);
