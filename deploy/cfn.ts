/**
 * Helpers that write CloudFormation and Serverless Framework expressions, so the files beside this
 * one read as plain data. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
 */

export interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  Condition?: string;
  DependsOn?: string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

/** By logical id. */
export type Resources = Record<string, Resource>;

/** `${name}`: a variable of the framework, or inside `sub` one of CloudFormation. */
const expression = (name: string): string => `\${${name}}`;

/** Value of a stage parameter (`parameters.ts`), filled in by the framework. */
export const param = (name: string): string => expression(`param:${name}`);
export const STAGE = expression('sls:stage');
export const REGION = expression('AWS::Region');
export const ACCOUNT = expression('AWS::AccountId');

export const ref = (id: string) => ({ Ref: id });
export const att = (id: string, attribute = 'Arn') => ({ 'Fn::GetAtt': [id, attribute] });
/** @param text with `${…}` of CloudFormation, such as `REGION` */
export const sub = (text: string) => ({ 'Fn::Sub': text });
export const NO_VALUE = ref('AWS::NoValue');
/** By a condition of `parameters.ts`; always `then` where there is none. */
export const when = (
  condition: string | undefined,
  then: unknown,
  otherwise: unknown = NO_VALUE,
): unknown => (condition === undefined ? then : { 'Fn::If': [condition, then, otherwise] });

/** @param rest what comes after the account, such as `function:waybill-dev-sweep` */
export const arn = (service: string, rest: string) =>
  sub(`arn:${expression('AWS::Partition')}:${service}:${REGION}:${ACCOUNT}:${rest}`);

/** Of this stage's resources: `waybill-dev-shards`. */
export const nameOf = (part: string): string => `waybill-${STAGE}-${part}`;

/** As the framework names what it makes of a function: `plan-manifest` is `PlanDashmanifest…`. */
export function idOf(functionName: string): string {
  const id = functionName.replaceAll('-', 'Dash');
  return id.slice(0, 1).toUpperCase() + id.slice(1);
}
export const lambdaId = (functionName: string): string => `${idOf(functionName)}LambdaFunction`;
export const roleId = (functionName: string): string => `${idOf(functionName)}Role`;
export const logGroupId = (functionName: string): string => `${idOf(functionName)}LogGroup`;

/** `shard-queue` or `nightly continue` as a logical id: `ShardQueue`. */
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
