/** The pages for operators fit what is packaged. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PARAMETERS } from '../../deploy/parameters.ts';
import { functionNames } from '../../scripts/bundle.ts';
import { expectPart, markdownTable } from '../fixtures/docs.ts';
import { roleGrants } from '../fixtures/policies.ts';
import { loadTemplate, ofType } from '../fixtures/template.ts';
import { KEY } from '../fixtures/variants.ts';

const template = loadTemplate('everything');
const pageOf = (name: string): string =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

/** Names as an operator knows them. */
const readable = (resource: string): string =>
  resource
    .replace('<Ledger.Arn>', 'table `waybill-<stage>-ledger`')
    .replace('<Shards.Arn>', 'queue `waybill-<stage>-shards`')
    .replace('<DeadShards.Arn>', 'queue `waybill-<stage>-shards-dead`')
    .replace('<FailedEvents.Arn>', 'queue `waybill-<stage>-failed-events`')
    .replace(/^arn:aws:dynamodb:.*\/index\/(\w+)$/, 'its index `$1`')
    .replace(/^arn:aws:s3:::waybill-dev-[\w-]+\/(.*)$/, '`$1` of the bucket')
    .replace(/^arn:aws:s3:::waybill-dev-[\w-]+$/, 'the bucket, below prefixes that it reads')
    .replace(
      /^.*:secret:waybill\/dev\/(credentials|webhooks)-\?{6}$/,
      'the secret `$1Secret`, if there is one',
    )
    .replace(/^.*:secret:waybill\/dev\/(\w+)-\?{6}$/, 'secret `waybill/<stage>/$1`')
    .replace(KEY, 'the key `kmsKey`, if there is one, through services that it uses')
    .replace(/^.*:function:waybill-dev-([\w-]+)$/, 'function `$1`')
    .replace(/^.*:log-group:.*$/, 'its own log group')
    .replace(/^\*$/, 'X-Ray, which has no resources');

it('deploy.md lists what each role may do', () => {
  const owners = [...functionNames(), 'the scheduler'];
  const rows = owners.flatMap((owner) => {
    const id = owner.replaceAll('-', 'Dash');
    const role =
      owner === 'the scheduler' ? 'SchedulerRole' : `${id[0]?.toUpperCase()}${id.slice(1)}Role`;
    const byActions = new Map<string, Set<string>>();
    const byResource = new Map<string, string[]>();
    for (const { action, resource } of roleGrants(template).filter(({ of }) => of === role)) {
      byResource.set(readable(resource), [...(byResource.get(readable(resource)) ?? []), action]);
    }
    for (const [resource, actions] of byResource) {
      const key = actions.map((action) => `\`${action}\``).join(', ');
      byActions.set(key, (byActions.get(key) ?? new Set()).add(resource));
    }
    return [...byActions].map(([actions, resources], at) => [
      at === 0 ? `\`${owner}\``.replace('`the scheduler`', 'the scheduler') : '',
      actions,
      [...resources].join(', '),
    ]);
  });
  expectPart('docs/deploy.md', 'permissions', markdownTable(['Who', 'May', 'On'], rows));
});

it('deploy.md lists every parameter with its default', () => {
  const rows = Object.entries(PARAMETERS).map(([name, parameter]) => {
    const fallback = String(parameter.default).replace(/\$\{sls:stage\}/, '<stage>');
    const prod = 'prod' in parameter ? `; in \`prod\` \`${parameter.prod}\`` : '';
    return [`\`${name}\``, parameter.meaning, fallback === '' ? '' : `\`${fallback}\`${prod}`];
  });
  expectPart(
    'docs/deploy.md',
    'parameters',
    markdownTable(['Parameter', 'Meaning', 'Default'], rows),
  );
});

it('runbook.md has a section for every alarm, and for no other', () => {
  const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
    String(Properties['AlarmName']).replace('waybill-dev-', ''),
  );
  const ofFunctions = new Map(
    functionNames().flatMap((name) => [
      [`${name}-errors`, '<function>-errors'],
      [`${name}-throttles`, '<function>-throttles'],
    ]),
  );
  const wanted = new Set(
    alarms.map(
      (name) => ofFunctions.get(name) ?? name.replace(/(?<=^ledger-throttles-).*/, '<of>'),
    ),
  );
  const sections = [...pageOf('runbook').matchAll(/^### `(.+)`$/gm)].map(([, name]) => name);
  expect(sections.sort()).toEqual([...wanted].sort());
});

it('the policy for the deployer covers every kind of resource in the stack', () => {
  const policy = JSON.parse(
    readFileSync(new URL('../../docs/deployer-policy.json', import.meta.url), 'utf8'),
  ) as { Statement: readonly { Action: readonly string[] }[] };
  const services = new Set(
    policy.Statement.flatMap(({ Action }) => Action.map((action) => action.split(':')[0])),
  );
  const prefixes: Readonly<Record<string, string>> = { apigatewayv2: 'apigateway' };
  const used = Object.values(template.Resources).map(({ Type }) => {
    const service = (Type.split('::')[1] ?? '').toLowerCase();
    return prefixes[service] ?? service;
  });
  expect([...new Set(used)].filter((service) => !services.has(service))).toEqual([]);
});
