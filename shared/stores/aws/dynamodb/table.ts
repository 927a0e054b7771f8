/**
 * A client of one DynamoDB table. Expressions are DynamoDB's own; every `#name` stands for the
 * attribute of that name, so no reserved word gets in the way. Reads are strongly consistent except
 * on global indexes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
import { AwsError } from '../../../lib/aws/errors.ts';
import { StoreError, TransportError } from '../../../lib/errors.ts';
import type { AwsCall } from '../json-api.ts';
import { type Attributes, fromAttributes, type Item, toAttributes, type Value } from './item.ts';
import type { Key } from './keys.ts';

type Values = Readonly<Record<string, Value>>;

export interface Query {
  /** Such as `#pk = :pk AND #sk > :sk`. */
  readonly where: string;
  readonly values: Values;
  readonly filter?: string;
  readonly index?: 'failed' | 'newest' | 'open';
  readonly attributes?: readonly string[];
  readonly newestFirst?: boolean;
  /** Items read in one page, before filtering. */
  readonly pageSize?: number;
}

/** Every method throws StoreError (STORE_FAILED) when the table can't be reached or refuses. */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** False when `condition` does not hold. */
  put(item: Item, condition?: string, values?: Values): Promise<boolean>;
  /** False when `condition` does not hold. */
  update(key: Key, expression: string, values: Values, condition?: string): Promise<boolean>;
  /** As `update`; the item as it is afterwards, undefined when `condition` does not hold. */
  updated(
    key: Key,
    expression: string,
    values: Values,
    condition?: string,
  ): Promise<Item | undefined>;
  remove(key: Key, condition?: string, values?: Values): Promise<void>;
  /** Reads page after page, only as far as it is iterated. */
  query(query: Query): AsyncGenerator<Item>;
  /** Those that are there, in no order. */
  getMany(keys: readonly Key[]): Promise<readonly Item[]>;
}

/** Most keys of one BatchGetItem. */
const BATCH = 100;

export function createTable(name: string, call: AwsCall): Table {
  const act = createAct(name, call);
  const change = (key: Key, expression: string, values: Values, condition = '') => ({
    TableName: name,
    Key: toAttributes({ ...key }),
    UpdateExpression: oneLine(expression),
    ...conditioned(condition, values, expression),
  });

  return {
    async get(key) {
      const Key = toAttributes({ ...key });
      const answer = await act('GetItem', { TableName: name, Key, ConsistentRead: true });
      const found = answer?.['Item'] as Attributes | undefined;
      return found && fromAttributes(found);
    },
    async put(item, condition = '', values = {}) {
      const Item = toAttributes(item);
      const input = { TableName: name, Item, ...conditioned(condition, values) };
      return (await act('PutItem', input)) !== undefined;
    },
    update: async (key, ...expression) =>
      (await act('UpdateItem', change(key, ...expression))) !== undefined,
    async updated(key, ...expression) {
      const input = { ...change(key, ...expression), ReturnValues: 'ALL_NEW' };
      const answer = await act('UpdateItem', input);
      return answer && fromAttributes(answer['Attributes'] as Attributes);
    },
    async remove(key, condition = '', values = {}) {
      const Key = toAttributes({ ...key });
      await act('DeleteItem', { TableName: name, Key, ...conditioned(condition, values) });
    },
    async *query(query) {
      const input = queryInput(name, query);
      let from: unknown;
      do {
        const page = await act('Query', { ...input, ...(from ? { ExclusiveStartKey: from } : {}) });
        for (const item of (page?.['Items'] ?? []) as Attributes[]) yield fromAttributes(item);
        from = page?.['LastEvaluatedKey'];
      } while (from);
    },
    async getMany(keys) {
      const items: Item[] = [];
      let waiting: readonly unknown[] = keys.map((key) => toAttributes({ ...key }));
      while (waiting.length > 0) {
        const request = { [name]: { Keys: waiting.slice(0, BATCH), ConsistentRead: true } };
        const answer = await act('BatchGetItem', { RequestItems: request });
        const found = answer?.['Responses'] as Record<string, Attributes[]> | undefined;
        items.push(...(found?.[name] ?? []).map(fromAttributes));
        // Keys the table had no capacity for are requested again.
        const left = answer?.['UnprocessedKeys'] as Record<string, { Keys: unknown[] }> | undefined;
        waiting = [...(left?.[name]?.Keys ?? []), ...waiting.slice(BATCH)];
      }
      return items;
    },
  };
}

/** Undefined where a condition does not hold. */
const createAct =
  (name: string, call: AwsCall) =>
  async (action: string, input: Readonly<Record<string, unknown>>) => {
    try {
      return await call(action, input);
    } catch (error) {
      if (error instanceof AwsError) {
        if (error.exception === 'ConditionalCheckFailedException') return undefined;
        throw new StoreError(`The ledger table ${name}: ${error.message}.`, error);
      }
      if (!(error instanceof TransportError)) throw error;
      throw new StoreError(`The ledger table ${name}: ${error.message}.`, error);
    }
  };

function queryInput(name: string, query: Query) {
  const { where, values, filter, index, attributes, newestFirst = false, pageSize } = query;
  const projection = attributes?.map((attribute) => `#${attribute}`).join(', ') ?? '';
  return {
    TableName: name,
    KeyConditionExpression: oneLine(where),
    ...expressed(values, where, filter ?? '', projection),
    ...(filter !== undefined && { FilterExpression: oneLine(filter) }),
    ...(projection !== '' && { ProjectionExpression: projection }),
    ...(index !== undefined && { IndexName: index }),
    ...(pageSize !== undefined && { Limit: pageSize }),
    ScanIndexForward: !newestFirst,
    // Global indexes have no other reads than eventual ones.
    ConsistentRead: index === undefined || index === 'failed',
  };
}

/** `#state IN (:state0, :state1)`; nothing for no choice. */
export const oneOf = (attribute: string, choices: readonly string[]): readonly string[] =>
  choices.length === 0
    ? []
    : [`#${attribute} IN (${choices.map((_, at) => `:${attribute}${at}`).join(', ')})`];

/** Some servers that speak DynamoDB's protocol read no line feeds in expressions. */
const oneLine = (expression: string): string => expression.replace(/\s+/g, ' ');

const conditioned = (condition: string, values: Values, expression = '') => ({
  ...(condition !== '' && { ConditionExpression: oneLine(condition) }),
  ...expressed(values, expression, condition),
});

/** Names and values as they are used; DynamoDB refuses those that are not. */
function expressed(values: Values, ...expressions: readonly string[]) {
  const all = expressions.join(' ');
  const names = [...new Set([...all.matchAll(/#(\w+)/g)].map(([, attribute = '']) => attribute))];
  const used = new Set([...all.matchAll(/:(\w+)/g)].map(([, value = '']) => value));
  const given = Object.entries(values).filter(([value]) => used.has(value));
  const attributes = toAttributes(Object.fromEntries(given));
  return {
    ...(names.length > 0 && {
      ExpressionAttributeNames: Object.fromEntries(
        names.map((attribute) => [`#${attribute}`, attribute]),
      ),
    }),
    ...(given.length > 0 && {
      ExpressionAttributeValues: Object.fromEntries(
        Object.entries(attributes).map(([value, attribute]) => [`:${value}`, attribute]),
      ),
    }),
  };
}
