/** Lists of failed objects as OMS leaves them in the destination bucket. */
import { encodeRfc3986 } from '../../shared/lib/encoding.ts';

export interface FailedObject {
  readonly key: string;
  /** Such as `UPLOAD_DST_OBJ_FAILURE`. */
  readonly code: string;
  /** What the source's SDK said. */
  readonly message: string;
}

/** Zones where times of a region are told; China Standard Time for all others. */
const ZONES = new Map(
  Object.entries({
    'ap-southeast-2': 'Asia/Bangkok',
    'ap-southeast-3': 'Asia/Singapore',
    'ap-southeast-4': 'Asia/Jakarta',
    'af-south-1': 'Africa/Johannesburg',
    'la-north-2': 'America/Mexico_City',
    'la-south-2': 'America/Santiago',
    'sa-brazil-1': 'America/Sao_Paulo',
    'tr-west-1': 'Europe/Istanbul',
    'me-east-1': 'Asia/Riyadh',
  }),
);

/** `YYYY-MM-DD HH:MM:SS` in the region's zone. */
const regionTime = (region: string, at: Date): string =>
  at.toLocaleString('sv-SE', { timeZone: ZONES.get(region) ?? 'Asia/Shanghai' });

export interface ListPlace {
  readonly region: string;
  readonly name: string;
  readonly groupId?: string;
}

/** Key of the list below the destination bucket. */
export function failedListKey({ region, name, groupId }: ListPlace, at: Date): string {
  const time = regionTime(region, at).replaceAll(/\D/g, '');
  const folder =
    groupId === undefined
      ? `oms/task/${name}/failed_object_lists`
      : `oms/task_group/${groupId}/failed_object_lists/${name}`;
  return `${folder}/${time}.failed_list.txt`;
}

/** A list takes no more. */
const MOST_OBJECTS = 100_000;

/** One line per object: code, time, escaped key, plain key, the source SDK's error; tabs between. */
export function failedListText(region: string, objects: readonly FailedObject[], at: Date): string {
  const time = regionTime(region, at);
  return objects
    .slice(0, MOST_OBJECTS)
    .map(({ code, key, message }) => [code, time, encodeRfc3986(key), key, message].join('\t'))
    .map((line) => `${line}\n`)
    .join('');
}
