/**
 * The schedules of the stack. The scheduler may start these functions and no others.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
 */
import type { Deployment, Schedule } from '../shared/runtime/deployment.ts';
import {
  arn,
  att,
  nameOf,
  param,
  pascal,
  type Resource,
  type Resources,
  ref,
  when,
} from './cfn.ts';
import { useOfKey } from './encryption.ts';
import { FAILED_EVENTS, functionArn } from './stores.ts';

const ROLE = 'SchedulerRole';
/** Of a start that Lambda did not take. */
const RETRY_SECONDS = 3_600;

/** `parseSchedule` reads this; the scheduler fills in the moment that it fires for. */
const event = ({ detail = {} }: Schedule): string =>
  JSON.stringify({
    source: 'aws.scheduler',
    'detail-type': 'Scheduled Event',
    time: '<aws.scheduler.scheduled-time>',
    detail,
  });

const scheduled = (functionName: string, schedule: Schedule): Resource => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name: nameOf(schedule.name),
    Description: `Starts ${functionName} of Waybill.`,
    ScheduleExpression: schedule.parameter ? param(schedule.parameter) : schedule.expression,
    ScheduleExpressionTimezone: param('timeZone'),
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: 'ENABLED',
    Target: {
      Arn: functionArn(functionName),
      RoleArn: att(ROLE),
      Input: event(schedule),
      RetryPolicy: { MaximumEventAgeInSeconds: RETRY_SECONDS, MaximumRetryAttempts: 20 },
      DeadLetterConfig: { Arn: att(FAILED_EVENTS) },
    },
  },
});

export function schedules(deployments: Readonly<Record<string, Deployment>>): Resources {
  const all = Object.entries(deployments).flatMap(([name, deployment]) =>
    (deployment.schedules ?? []).map((schedule) => [name, schedule] as const),
  );
  const targets = [...new Set(all.map(([name]) => name))];
  return {
    ...Object.fromEntries(
      all.map(([name, schedule]) => [
        `${pascal(schedule.name)}Schedule`,
        scheduled(name, schedule),
      ]),
    ),
    [ROLE]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Description: 'Starts the scheduled functions of Waybill.',
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'scheduler.amazonaws.com' },
              Action: 'sts:AssumeRole',
              Condition: {
                StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') },
                ArnEquals: { 'aws:SourceArn': arn('scheduler', 'schedule-group/default') },
              },
            },
          ],
        },
        PermissionsBoundary: when('HasBoundary', param('permissionsBoundary')),
        Policies: [
          {
            PolicyName: 'scheduler',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Sid: 'StartFunctions',
                  Effect: 'Allow',
                  Action: ['lambda:InvokeFunction'],
                  Resource: targets.map(functionArn),
                },
                {
                  Sid: 'FailedEvents',
                  Effect: 'Allow',
                  Action: ['sqs:SendMessage'],
                  Resource: [att(FAILED_EVENTS)],
                },
                useOfKey(['sqs'], true),
              ],
            },
          },
        ],
      },
    },
  };
}
