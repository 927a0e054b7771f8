/** Who gets notifications: a system that takes Standard Webhooks, and robots of chats. */
import { createWebhookSigner } from '../../signing/webhook.ts';
import { createChat } from './chat.ts';
import type { ChatConfig, WebhookConfig } from './message.ts';
import { partsOf, type Receiver } from './post.ts';

export interface ReceiversConfig {
  readonly webhooks?: WebhookConfig;
  readonly chats?: readonly ChatConfig[];
}

export const createReceivers = ({ webhooks, chats = [] }: ReceiversConfig): readonly Receiver[] => [
  ...(webhooks ? [createWebhook(webhooks)] : []),
  ...chats.map((chat, at) => {
    // By kind and place, so that messages still find a robot whose address was corrected.
    const place = chats.slice(0, at + 1).filter(({ kind }) => kind === chat.kind).length;
    return createChat(chat, `notify ${chat.kind} ${place}`);
  }),
];

export function createWebhook({ url, secrets }: WebhookConfig): Receiver {
  const sign = createWebhookSigner(secrets);
  return {
    name: 'webhooks',
    request({ id, type, at, data }, now) {
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'waybill',
        'webhook-id': id,
      };
      const body = JSON.stringify({ type, timestamp: at, data });
      return sign({ method: 'POST', ...partsOf(url), headers, body }, now);
    },
    refusalIn: () => undefined,
  };
}
