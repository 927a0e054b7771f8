/**
 * Robots of chats: WeCom, Feishu, DingTalk and Slack. Each gets a text in its own payload; all but
 * Slack answer 200 to what they refuse, with a code in the body.
 */
import * as v from 'valibot';
import type { Pair } from '../../lib/api-request.ts';
import { jsonText } from '../../lib/validate.ts';
import { dingtalkSignature, feishuSignature } from '../../signing/chat.ts';
import { textOf } from './chat-text.ts';
import type { ChatConfig } from './message.ts';
import { partsOf, type Receiver } from './post.ts';

interface Chat {
  /** Takes away what the chat would take for a mention or a link. */
  readonly plain: (text: string) => string;
  readonly payload: (text: string, signature: object) => object;
  readonly sign?: (secret: string, at: Date) => { query?: readonly Pair[]; fields?: object };
  /** Of the body, where that holds one: 0 when it took the text. */
  readonly code?: v.GenericSchema<unknown, number>;
}

const withoutTags = (text: string): string => text.replaceAll('<', '‹');

const errcode = v.pipe(
  v.object({ errcode: v.number() }),
  v.transform((answer) => answer.errcode),
);

const KINDS: Readonly<Record<ChatConfig['kind'], Chat>> = {
  // https://developer.work.weixin.qq.com/document/path/91770
  wecom: {
    plain: withoutTags,
    payload: (content) => ({ msgtype: 'text', text: { content } }),
    code: errcode,
  },
  // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
  feishu: {
    plain: withoutTags,
    payload: (text, signature) => ({ ...signature, msg_type: 'text', content: { text } }),
    sign: (secret, at) => ({ fields: feishuSignature(secret, at) }),
    // An older form of success has StatusCode besides.
    code: v.pipe(
      v.union([v.object({ code: v.number() }), v.object({ StatusCode: v.number() })]),
      v.transform((answer) => ('code' in answer ? answer.code : answer.StatusCode)),
    ),
  },
  // https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
  dingtalk: {
    plain: (text) => text,
    payload: (content) => ({ msgtype: 'text', text: { content } }),
    sign: (secret, at) => ({ query: dingtalkSignature(secret, at) }),
    code: errcode,
  },
  // https://api.slack.com/reference/surfaces/formatting#escaping
  slack: {
    plain: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    payload: (text) => ({ text }),
  },
};

export function createChat({ kind, url, secret }: ChatConfig, name: string): Receiver {
  const { plain, payload, sign, code } = KINDS[kind];
  return {
    name,
    request(message, at) {
      const signed = secret === undefined ? {} : sign?.(secret, at);
      const parts = partsOf(url);
      return {
        method: 'POST',
        ...parts,
        query: [...parts.query, ...(signed?.query ?? [])],
        headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'waybill' },
        body: JSON.stringify(payload(plain(textOf(message)), signed?.fields ?? {})),
      };
    },
    refusalIn({ body }) {
      if (!code) return undefined;
      const said = v.safeParse(v.pipe(jsonText, code), body);
      if (!said.success) return 'REPLY_INVALID';
      return said.output === 0 ? undefined : String(said.output);
    },
  };
}
