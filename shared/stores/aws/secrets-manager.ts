/**
 * Reads secrets of AWS Secrets Manager.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */

import { AwsError } from '../../lib/aws/errors.ts';
import { ConfigError, StoreError, TransportError } from '../../lib/errors.ts';
import type { ReadSecret } from '../secrets.ts';
import type { AwsConfig } from './config.ts';
import { type AwsCall, createJsonApi, SECRETS_MANAGER } from './json-api.ts';

export const createSecretReader =
  (call: AwsCall): ReadSecret =>
  async (id) => {
    const fault = (message: string) => new ConfigError([{ path: `secret ${id}`, message }]);
    try {
      const { SecretString } = await call('GetSecretValue', { SecretId: id });
      if (typeof SecretString === 'string') return SecretString;
      throw fault('expected text, not binary data');
    } catch (error) {
      if (error instanceof TransportError) {
        throw new StoreError(`Secret ${id} can't be read: ${error.message}.`, error);
      }
      if (!(error instanceof AwsError)) throw error;
      if (error.status >= 500) throw new StoreError(`Secret ${id} can't be read now.`, error);
      if (error.exception === 'ResourceNotFoundException') {
        throw fault('expected a secret of this name, with a value, in this account and region');
      }
      throw fault(`can't be read: ${error.exception}`);
    }
  };

export const connectSecretReader = (config: AwsConfig): ReadSecret =>
  createSecretReader(createJsonApi({ service: SECRETS_MANAGER, config, connections: 4 }));
