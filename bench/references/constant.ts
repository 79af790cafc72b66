/** Reference: a Koa app that returns constants. argv: one `path=file` for each; the file's text is the body. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Koa from 'koa';
import { listening } from './listening.js';

const bodies = new Map(
  process.argv.slice(2).map((argument): [string, string] => {
    const cut = argument.indexOf('=');
    return [argument.slice(0, cut), readFileSync(argument.slice(cut + 1), 'utf8')];
  }),
);

const app = new Koa();
app.use((ctx) => {
  const body = bodies.get(ctx.path);
  if (body === undefined) return;
  ctx.type = 'application/json';
  ctx.body = body;
});
// Koa's callback answers its own errors.
const handle = app.callback();
listening(createServer((request, response) => void handle(request, response)));
