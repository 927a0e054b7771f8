/**
 * Decides the conditions of the compiled template. Stage parameters are known when it is made, so it
 * holds what a stage has, and neither conditions nor `Fn::If`.
 */

type Fields = Readonly<Record<string, unknown>>;

export interface Template extends Fields {
  readonly Conditions?: Fields;
  readonly Resources: Readonly<Record<string, Fields>>;
  readonly Outputs?: Readonly<Record<string, Fields>>;
}

/** What `AWS::NoValue` leaves behind. */
const NOTHING = Symbol('nothing');

/** @throws TypeError for a condition that is not known, or that only AWS can decide */
export function decide({ Conditions = {}, Resources, Outputs, ...rest }: Template): Template {
  const holds = (name: string): boolean => {
    if (!(name in Conditions)) throw new TypeError(`The template has no condition ${name}.`);
    return isTrue(name, Conditions[name]);
  };
  const part = (entries: Readonly<Record<string, Fields>>) =>
    Object.fromEntries(
      Object.entries(entries)
        .filter(([, { Condition }]) => Condition === undefined || holds(String(Condition)))
        .map(([id, { Condition, ...entry }]) => [id, choose(entry, holds) as Fields]),
    );
  return {
    ...rest,
    Resources: part(Resources),
    ...(Outputs && { Outputs: part(Outputs) }),
  };
}

function isTrue(name: string, condition: unknown): boolean {
  const [[kind = '', operands] = []] = Object.entries(condition as Fields);
  const list = operands as readonly unknown[];
  const inner = (each: unknown) => isTrue(name, each);
  if (kind === 'Fn::Equals' && list.every((each) => typeof each !== 'object')) {
    return String(list[0]) === String(list[1]);
  }
  if (kind === 'Fn::Not') return !list.every(inner);
  if (kind === 'Fn::And') return list.every(inner);
  if (kind === 'Fn::Or') return list.some(inner);
  throw new TypeError(`Condition ${name} can not be decided from the stage parameters.`);
}

function choose(value: unknown, holds: (condition: string) => boolean): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => choose(each, holds)).filter((each) => each !== NOTHING);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[name, input] = []] = entries;
  if (entries.length === 1 && name === 'Fn::If') {
    const [condition, then, otherwise] = input as readonly [string, unknown, unknown];
    return choose(holds(condition) ? then : otherwise, holds);
  }
  if (entries.length === 1 && name === 'Ref' && input === 'AWS::NoValue') return NOTHING;
  return Object.fromEntries(
    entries
      .map(([key, each]) => [key, choose(each, holds)] as const)
      .filter(([, each]) => each !== NOTHING),
  );
}
