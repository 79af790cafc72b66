/** The server's entry point. */
import { compose } from './compose.js';
import { serve } from './process/index.js';

await serve(compose, process.env);
