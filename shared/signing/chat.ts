/**
 * Signs requests to robots of chats, whose secret stands in their settings.
 */
import { createHmac } from 'node:crypto';
import type { Pair } from '../lib/api-request.ts';

/**
 * The query that DingTalk wants of a robot with a signature.
 * https://open.dingtalk.com/document/orgapp/customize-robot-security-settings
 */
export function dingtalkSignature(secret: string, at: Date): readonly Pair[] {
  const timestamp = String(at.getTime());
  const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
  return [
    ['timestamp', timestamp],
    ['sign', sign],
  ];
}

/**
 * The fields that Feishu wants in the body: time and secret are the key, and nothing is signed.
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
 */
export function feishuSignature(secret: string, at: Date) {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const sign = createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
  return { timestamp, sign };
}
