/**
 * Writes the lines of list files: a URL, a TAB and the encoded target key; or the encoded key of an
 * object. One list is of one kind, and of one bucket: what its first line says decides where a
 * request does not (OMS tasks reference, section 3).
 */
import { encodeRfc3986 } from '../../../lib/encoding.ts';
import {
  type Fields,
  LINE_LIMIT_BYTES,
  type LineFault,
  type ListRules,
} from '../../../manifest/lint.ts';
import { addressesOf, type SourceAddress } from '../../../manifest/sources/address.ts';
import { TARGET_KEY_BYTES } from '../../../manifest/target-address.ts';
import { isSourceUrl, urlForm } from '../../../manifest/url.ts';

export interface ListShape {
  readonly taskType: 'list' | 'url_list';
  /** What stands before the keys of an object list at the target. */
  readonly savePrefix: string;
  /** Of an object list whose lines name it. */
  readonly source?: SourceAddress;
}

/** What a request says of the list. */
export interface GivenList {
  readonly taskType?: ListShape['taskType'];
  readonly bucket?: string;
  readonly savePrefix?: string;
}

interface Meaning {
  readonly address?: SourceAddress;
  readonly key: string;
}

/** Encoded by segment: slashes stay. @throws InputError on half a surrogate pair */
export const encodeKey = (key: string): string => key.split('/').map(encodeRfc3986).join('/');

export function createListLines(given: GivenList) {
  let shape: ListShape | undefined;
  let taken: string[] = [];

  /** What a line may mean: its address, and the object's key in the bucket. */
  const meaningsOf = ({ key, url }: Fields): readonly Meaning[] => {
    const addresses = isSourceUrl(url) ? addressesOf(url) : [];
    if (addresses.length > 0) return addresses.map((address) => ({ address, key: address.key }));
    // The address is none of the bucket's: the key tells the object.
    const prefix = given.savePrefix ?? '';
    return key.startsWith(prefix) ? [{ key: key.slice(prefix.length) }] : [];
  };

  const shapeOf = (fields: Fields): ListShape | LineFault => {
    const { taskType = isSourceUrl(fields.url) ? 'list' : 'url_list' } = given;
    if (taskType === 'url_list') return { taskType, savePrefix: '' };
    const meanings = meaningsOf(fields);
    const meant = meanings.find(({ key }) => fields.key.endsWith(key));
    if (!meant) return mixed(NO_PREFIX);
    const { address, key } = meant;
    const savePrefix = given.savePrefix ?? fields.key.slice(0, fields.key.length - key.length);
    return { taskType, savePrefix, ...(address && { source: address }) };
  };

  const objectLine = (fields: Fields, { savePrefix, source }: ListShape): string | LineFault => {
    const meanings = meaningsOf(fields);
    const address = meanings[0]?.address;
    const isOther =
      address !== undefined &&
      (address.bucket !== (given.bucket ?? source?.bucket) ||
        (source !== undefined &&
          (address.scheme !== source.scheme || address.source !== source.source)));
    if (isOther) return mixed('the url names another bucket than the list');
    if (source && !address) return mixed('the url is no object of the bucket of the list');
    const meant = meanings.find(({ key }) => key !== '' && fields.key === savePrefix + key);
    if (meant) return encodeKey(meant.key);
    return mixed(
      savePrefix === ''
        ? "the key is not that of the source, which an object list can't say"
        : 'the key is not that of the source behind the prefix of the list',
    );
  };

  const lineOf = (fields: Fields): string | LineFault => {
    const found = shape ?? shapeOf(fields);
    if ('reason' in found) return found;
    const line = found.taskType === 'list' ? objectLine(fields, found) : urlLine(fields);
    if (typeof line !== 'string') return line;
    if (line.length > LINE_LIMIT_BYTES) {
      const message = `the line of the list would have ${line.length} bytes, at most ${LINE_LIMIT_BYTES} are allowed`;
      return { reason: 'LINE_TOO_LONG', message };
    }
    shape = found;
    return line;
  };

  const rules: ListRules = {
    keyBytes: TARGET_KEY_BYTES.obs,
    take(fields) {
      const line = lineOf(fields);
      if (typeof line !== 'string') return line;
      taken.push(line);
      return undefined;
    },
  };

  return {
    rules,
    /** Undefined before the first good line. */
    shape: (): ListShape | undefined => shape,
    /** The lines since the last call, in order. */
    drain(): readonly string[] {
      const lines = taken;
      taken = [];
      return lines;
    },
  };
}

/** The URL as the manifest has it: encoded again it would be another address. */
function urlLine({ key, url }: Fields): string | LineFault {
  const form = urlForm(url);
  if (form === 'http' || form === 'https') return `${url}\t${encodeKey(key)}`;
  if (form === 'source') return mixed('the list holds URLs, and this is an object of a source');
  return { reason: 'URL_SCHEME', message: 'the url has no scheme', fix: `http://${url}` };
}

const NO_PREFIX = "the key does not end with that of the source, which an object list can't say";

const mixed = (message: string): LineFault => ({ reason: 'LIST_MIXED', message });
