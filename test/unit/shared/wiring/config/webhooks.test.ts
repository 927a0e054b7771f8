import { describe, expect, it } from 'vitest';
import type { Env } from '../../../../../shared/lib/env.ts';
import { ConfigError } from '../../../../../shared/lib/errors.ts';
import { sweepConfig } from '../../../../../shared/wiring/config/functions.ts';

const URL_NAME = 'WAYBILL_WEBHOOK_URL';
const SECRETS_NAME = 'WAYBILL_WEBHOOK_SECRETS';
const secret = (text: string, bytes = 24): string =>
  `whsec_${Buffer.alloc(bytes, text).toString('base64')}`;
const [A, B, C] = [secret('a'), secret('b', 64), secret('canary', 32)];
const url = 'https://receiver.example/hooks?tenant=a%26b';
const keys = { TENCENTCLOUD_SECRET_ID: 'AKIDexample', TENCENTCLOUD_SECRET_KEY: 'secret-example' };
const read = (env: Env) => sweepConfig({ ...keys, ...env }).webhooks;

function faultsOf(env: Env): Record<string, string> {
  try {
    read(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(JSON.stringify([error.message, error.stack])).not.toContain('canary');
    expect(JSON.stringify([error.message, error.stack])).not.toContain(C);
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('the configuration of notifications', () => {
  it('is none by default', () => {
    expect(read({})).toBeUndefined();
    expect(read({ [URL_NAME]: ' ', [SECRETS_NAME]: '' })).toBeUndefined();
  });

  it('takes an address and one or two secrets', () => {
    expect(read({ [URL_NAME]: url, [SECRETS_NAME]: A })).toEqual({ url, secrets: [A] });
    expect(read({ [URL_NAME]: url, [SECRETS_NAME]: ` ${B} , ${A},` })).toEqual({
      url,
      secrets: [B, A],
    });
  });

  it('needs both', () => {
    expect(faultsOf({ [URL_NAME]: url })).toEqual({
      [SECRETS_NAME]: expect.stringMatching(/^is not set; expected one or two of whsec_/),
    });
    expect(faultsOf({ [SECRETS_NAME]: A })).toEqual({
      [URL_NAME]: expect.stringMatching(/^is not set; expected an https:/),
    });
  });

  it('lists the faults of both', () => {
    expect(Object.keys(faultsOf({ [URL_NAME]: 'canary', [SECRETS_NAME]: 'canary' }))).toEqual([
      URL_NAME,
      SECRETS_NAME,
    ]);
  });

  it.each([
    'http://localhost:8080/hook',
    'http://127.0.0.1/',
    'http://127.9.9.9/hook',
    'http://[::1]:8080/hook',
    'https://10.0.0.1/hook',
  ])('takes %s', (address) => {
    expect(read({ [URL_NAME]: address, [SECRETS_NAME]: A })?.url).toBe(address);
  });

  it.each([
    ['a host that is not this machine without TLS', 'http://canary.example/'],
    ['a host that only begins like this machine', 'http://127.0.0.1.canary.example/'],
    ['another scheme', 'ftp://canary.example/'],
    ['no host', 'https://'],
    ['a path alone', '/canary'],
    ['a user name', 'https://canary@receiver.example/'],
    ['a password', 'https://:canary@receiver.example/'],
    ['a fragment', 'https://receiver.example/#canary'],
    ['an escaped slash', 'https://receiver.example/canary%2fb'],
    ['an escape that is none', 'https://receiver.example/canary%zz'],
  ])('refuses %s', (_name, address) => {
    expect(faultsOf({ [URL_NAME]: address, [SECRETS_NAME]: A })).toEqual({
      [URL_NAME]: expect.stringContaining('expected'),
    });
  });

  it.each([
    ['three', [A, B, C].join(',')],
    ['the same one twice', [C, C].join(',')],
    ['a short one', secret('canary', 23)],
    ['a long one', secret('canary', 65)],
    ['a bad one behind a good one', `${C},canary`],
    ['commas alone', ',,'],
  ])('refuses %s as secrets', (_name, secrets) => {
    expect(faultsOf({ [URL_NAME]: url, [SECRETS_NAME]: secrets })).toEqual({
      [SECRETS_NAME]: expect.stringContaining('expected'),
    });
  });
});

describe('the configuration of chats', () => {
  const NAME = 'WAYBILL_NOTIFY';
  const chats = (text: string) => sweepConfig({ ...keys, [NAME]: text }).chats;

  it('is none by default', () => {
    expect(sweepConfig(keys)).not.toHaveProperty('chats');
  });

  it('takes several, with the secret of a robot behind its address', () => {
    const wecom = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k';
    const dingtalk = 'https://oapi.dingtalk.com/robot/send?access_token=t';
    const feishu = 'https://open.feishu.cn/open-apis/bot/v2/hook/h';
    const slack = 'https://hooks.slack.com/services/T/B/X';
    const text = `wecom:${wecom}, feishu:${feishu}#a#b,dingtalk:${dingtalk}#SEC1,slack:${slack},`;
    expect(chats(text)).toEqual([
      { kind: 'wecom', url: wecom },
      { kind: 'feishu', url: feishu, secret: 'a#b' },
      { kind: 'dingtalk', url: dingtalk, secret: 'SEC1' },
      { kind: 'slack', url: slack },
    ]);
  });

  it.each([
    [
      'another chat',
      'teams:https://canary.example/',
      /^expected in item 1: wecom:<address>, feishu/,
    ],
    ['no chat', 'https://canary.example/', /^expected in item 1: wecom:<address>/],
    ['no address', 'slack:canary', /^expected in item 1: behind slack: an https:\/\/ address/],
    [
      'http elsewhere',
      'wecom:https://a.example/,slack:http://canary.example/',
      /item 2: .*slack: an https/,
    ],
    ['a password', 'feishu:https://u:canary@a.example/', /behind feishu: .* without user name/],
    [
      'a secret for a chat without',
      'slack:https://a.example/#canary',
      /no # behind the address of slack/,
    ],
    ['commas alone', ',', /^expected wecom:<address>/],
  ])('refuses %s, and names the variable', (_name, text, message) => {
    expect(faultsOf({ [NAME]: text })).toEqual({ [NAME]: expect.stringMatching(message) });
  });
});
