/** Shows the plan of an apply as a diff. Knows nothing of how a plan comes about. */
import type { Plan, PlanChange } from '../wire.js';
import type { Colour, Paint } from './terminal.js';
import { jsonText, visible } from './visible.js';

const SIGNS: Readonly<Record<PlanChange['action'], readonly [sign: string, colour: Colour]>> = {
  create: ['+', 'green'],
  update: ['~', 'yellow'],
  delete: ['-', 'red'],
};

/** A scope as people write it on the command line; anything else as JSON. */
const shownItem = (value: unknown): string => {
  if (typeof value !== 'object' || value === null || !('name' in value)) return shown(value);
  const { name, description } = value as { name: unknown; description?: unknown };
  const text = typeof description === 'string' && description !== '' ? ` = ${shown(description)}` : '';
  return `${visible(String(name))}${text}`;
};

const shown = (value: unknown): string =>
  value === undefined ? '(unset)' : typeof value === 'string' ? `"${visible(value)}"` : jsonText(value, true);

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** Ids of clients that do not exist yet are made when the plan is carried out, so a proposal does not show one. */
function title(change: PlanChange, applied: boolean): string {
  const name = visible(change.name ?? change.id);
  if (change.kind === 'grant')
    return `grant ${name} -> ${visible(change.id.slice(change.id.lastIndexOf(' ') + 1))}`;
  const isNamedById = change.name === undefined || change.name === change.id;
  if (isNamedById || (change.action === 'create' && !applied)) return `${change.kind} ${name}`;
  return `${change.kind} ${name} (${visible(change.id)})`;
}

const isEmpty = (value: unknown): boolean =>
  isAbsent(value) || value === '' || (Array.isArray(value) && value.length === 0);

/** Words that were added to and removed from a list of words: shorter than both lists in full. */
function listChange(from: readonly unknown[], to: readonly unknown[], paint: Paint): string[] {
  const before = new Set(from.map(shownItem));
  const after = new Set(to.map(shownItem));
  return [
    ...[...before].filter((item) => !after.has(item)).map((item) => `        ${paint('red', `- ${item}`)}`),
    ...[...after].filter((item) => !before.has(item)).map((item) => `        ${paint('green', `+ ${item}`)}`),
  ];
}

function fieldLines(name: string, from: unknown, to: unknown, paint: Paint): string[] {
  const label = visible(name);
  if (Array.isArray(from) && Array.isArray(to)) {
    const lines = listChange(from, to, paint);
    // None when the same words stand in another order.
    if (lines.length > 0) return [`      ${label}:`, ...lines];
  }
  if (isAbsent(from) && Array.isArray(to)) return [`      ${label}:`, ...listChange([], to, paint)];
  if (isAbsent(from)) return [`      ${paint('green', `${label}: ${shown(to)}`)}`];
  if (isAbsent(to)) return [`      ${paint('red', `${label}: ${shown(from)}`)} -> ${shown(to)}`];
  return [`      ${label}: ${paint('red', shown(from))} -> ${paint('green', shown(to))}`];
}

function changeLines(change: PlanChange, applied: boolean, paint: Paint): string[] {
  const [sign, colour] = SIGNS[change.action];
  const lines = [`  ${paint(colour, `${sign} ${title(change, applied)}`)}`];
  if (change.action === 'delete') return lines;
  for (const [name, { from, to }] of Object.entries(change.fields))
    if ((!isEmpty(from) || !isEmpty(to)) && to !== change.name)
      lines.push(...fieldLines(name, from, to, paint));
  return lines;
}

/** The plan; `applied` says whether it was carried out or is only proposed. */
export function planText(plan: Plan, applied: boolean, paint: Paint): string {
  const { create, update, delete: removed, unchanged } = plan.summary;
  if (plan.changes.length === 0) return `No changes: ${unchanged} unchanged.`;
  const lines = plan.changes.flatMap((change) => changeLines(change, applied, paint));
  const counts = `${create} to create, ${update} to update, ${removed} to delete, ${unchanged} unchanged`;
  const done = `${create} created, ${update} updated, ${removed} deleted, ${unchanged} unchanged`;
  return [...lines, '', paint('bold', applied ? `Applied: ${done}.` : `Plan: ${counts}.`)].join('\n');
}
