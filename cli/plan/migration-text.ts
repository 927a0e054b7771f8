/** The plan of a migration as text for a person. */
import type { PlannedRoute } from '../../shared/plans/plan.ts';
import { wrappedTable } from '../io/table.ts';
import { bytes, count, duration, indent, type Paint, plural, printable, wrap } from '../io/text.ts';
import type { PlanWithProbe, Probe } from './shape.ts';

export function migrationPlanText(plan: PlanWithProbe, paint: Paint, columns: number): string {
  const { recommended, routes, notes, probe, pricesAsOf } = plan;
  const [possible, impossible] = [
    routes.filter(({ available }) => available),
    routes.filter(({ available }) => !available),
  ];
  const chosen =
    recommended.route === null
      ? paint('bad', 'No route can start. ')
      : `Recommended: ${paint('good', recommended.route)}. `;
  const parts = [
    wrappedTable(headRows(plan), columns),
    ...possible.map((route) => routeText(route, paint, columns)),
    ...(impossible.length > 0 ? [wrappedTable(impossible.map(impossibleRow), columns)] : []),
    ...(probe ? [probeText(probe, paint, columns)] : []),
    ...notes.map((note) => indent(note, 0, columns)),
    `${wrap(`${chosen}${recommended.reason}`, columns).join('\n')}\n`,
    indent(
      `Prices as of ${pricesAsOf}, without discounts and free tiers; ask your provider.`,
      0,
      columns,
    ),
  ];
  return parts.join('\n');
}

function headRows({ source, target, counts, excluded, existing }: PlanWithProbe) {
  const { objects, withoutSize, sizes } = counts;
  const from = new Set([source.kind, source.region ?? source.kind, source.access]);
  const known = withoutSize === objects ? 'unknown' : bytes(counts.bytes);
  const classes = sizes.filter(({ objects: found }) => found > 0);
  return [
    ['source', printable(`${source.address ?? ''} (${[...from].join(', ')})`)],
    ['target', printable(`${target.kind}://${target.region}/${target.bucket}/${target.prefix}`)],
    ['objects', count(objects)],
    ['bytes', withoutSize > 0 ? `${known}, ${count(withoutSize)} without a size` : known],
    ...classes.map(({ upTo, objects: found, bytes: sum }, at) => [
      at === 0 ? 'sizes' : '',
      `${upTo === null ? 'larger' : `up to ${binary(upTo)}`}: ${count(found)}, ${bytes(sum)}`,
    ]),
    ...excluded.map(({ reason, count: found }, at) => [
      at === 0 ? 'left out' : '',
      `${count(found)} x ${reason}`,
    ]),
    ...(existing === null ? [] : [['existing', `${count(existing)} of the keys at the target`]]),
  ];
}

/** Bounds are powers of two, and multiples of them. */
function binary(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = value === 0 ? 0 : Math.min(3, Math.floor(Math.log2(value) / 10));
  return `${value / 1_024 ** power} ${units[power]}`;
}

const impossibleRow = ({ route, unavailable }: PlannedRoute): readonly string[] => [
  route,
  unavailable?.message ?? '',
];

function routeText(route: PlannedRoute, paint: Paint, columns: number): string {
  const { available, unavailable, cannot, cost, form, losses, needs, notes, objects, seconds } =
    route;
  const unknown = cost.parts.filter(({ usd }) => usd === null).map(({ what }) => what);
  const priced = cost.parts
    .filter(({ usd }) => usd !== null && usd >= 0.005)
    .map(({ what, usd }) => `${usd?.toFixed(2)} ${what}`);
  const rows = [
    ['state', available ? paint('good', 'available') : paint('odd', unavailable?.message ?? '')],
    ['carries', `${plural(objects, 'object')}, ${FORMS[form]}`],
    ...cannot.map(({ reason, count: found, message }) => [
      "can't carry",
      `${count(found)} x ${reason}: ${message}`,
    ]),
    ['time', `${duration(seconds.from)} to ${duration(seconds.to)}`],
    ['cost', costText(cost, priced)],
    ...(unknown.length > 0 ? [['', `price unknown: ${unknown.join(', ')}`]] : []),
    ...needs.map((need, at) => [at === 0 ? 'needs' : '', need]),
    ['loses', losses.join(', ')],
    ...notes.map((note, at) => [at === 0 ? 'note' : '', note]),
  ];
  const table = wrappedTable(rows, columns - 2);
  return `${route.route}\n${table.replaceAll(/^(?=.)/gm, '  ')}`;
}

const FORMS: Readonly<Record<PlannedRoute['form'], string>> = {
  objects: 'one request for each',
  job: 'in a job',
  task: 'in a task',
  group: 'in a group of tasks',
};

function costText({ isComplete, usd }: PlannedRoute['cost'], parts: readonly string[]): string {
  if (!isComplete && parts.length === 0) return 'unknown';
  const all = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return `${isComplete ? '' : 'at least '}${usd.toFixed(2)} USD${all}`;
}

function probeText({ objects, oms, target }: Probe, paint: Paint, columns: number): string {
  const faults = objects.filter(({ code }) => code !== null);
  const messages = [...new Set(faults.map(({ code, message }) => `${code}: ${message}`))];
  const read = `${objects.length - faults.length} of ${objects.length} probed objects can be read`;
  const rows = [
    ['probe', paint(faults.length > 0 ? 'bad' : 'good', read)],
    ...messages.map((message) => ['', printable(message)]),
    ...(target.code === null
      ? []
      : [['target', printable(`can't be listed: ${target.code}: ${target.message}`)]]),
    ...(oms?.code ? [['OMS', printable(`${oms.code}: ${oms.message}`)]] : []),
  ];
  return wrappedTable(rows, columns);
}
