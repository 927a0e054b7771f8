import { describe, expect, it } from 'vitest';
import { decide } from '../../../deploy/decide.ts';

const none = { Ref: 'AWS::NoValue' };
const Conditions = {
  Yes: { 'Fn::Equals': ['a', 'a'] },
  No: { 'Fn::Not': [{ 'Fn::Equals': ['a', 'a'] }] },
  Both: { 'Fn::And': [{ 'Fn::Equals': [true, 'true'] }, { 'Fn::Equals': ['', 'a'] }] },
  Either: { 'Fn::Or': [{ 'Fn::Equals': ['b', 'a'] }, { 'Fn::Equals': ['b', 'b'] }] },
};
const decided = (Properties: unknown) =>
  decide({ Conditions, Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties } } });

describe('a template whose conditions are known', () => {
  it('holds the chosen values, and neither conditions nor `Fn::If`', () => {
    expect(
      decided({
        Name: { 'Fn::If': ['Yes', 'yes', 'no'] },
        Other: { 'Fn::If': ['No', 'yes', { 'Fn::If': ['Either', { Ref: 'Topic' }, 'no'] }] },
        Both: { 'Fn::If': ['Both', 'yes', 'no'] },
      }),
    ).toEqual({
      Resources: {
        Queue: {
          Type: 'AWS::SQS::Queue',
          Properties: { Name: 'yes', Other: { Ref: 'Topic' }, Both: 'no' },
        },
      },
    });
  });

  it('leaves out what has no value, in lists too', () => {
    expect(
      decided({
        Boundary: { 'Fn::If': ['No', 'arn', none] },
        List: [{ 'Fn::If': ['No', 1, none] }, { 'Fn::If': ['Yes', 2, none] }, { Deep: none }],
      }),
    ).toMatchObject({ Resources: { Queue: { Properties: { List: [2, {}] } } } });
    expect(JSON.stringify(decided({ Boundary: none }))).not.toContain('Boundary');
  });

  it('leaves out resources and outputs whose condition does not hold', () => {
    const [kept, left] = [
      { Type: 'T', Condition: 'Yes', Value: 1 },
      { Type: 'T', Condition: 'No', Value: 1 },
    ];
    const part = { Kept: kept, Left: left };
    const bare = { Kept: { Type: 'T', Value: 1 } };
    expect(decide({ Conditions, Resources: part, Outputs: part })).toEqual({
      Resources: bare,
      Outputs: bare,
    });
  });

  it('keeps the conditions of a policy', () => {
    const statement = { Effect: 'Allow', Condition: { StringEquals: { a: 'b' } } };
    expect(decided({ Statement: [statement] })).toMatchObject({
      Resources: { Queue: { Properties: { Statement: [statement] } } },
    });
  });

  it.each([
    ['an unknown condition', { 'Fn::If': ['Absent', 1, 2] }, Conditions],
    [
      'one that only AWS knows',
      { 'Fn::If': ['Here', 1, 2] },
      { Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'x'] } },
    ],
  ])('is refused with %s', (_name, value, conditions) => {
    const template = {
      Conditions: conditions,
      Resources: { Queue: { Type: 'T', Properties: { value } } },
    };
    expect(() => decide(template)).toThrow(/condition/i);
  });
});
